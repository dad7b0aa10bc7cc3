#include "livecca/packs/recorder.hpp"

#include <doctest/doctest.h>

#include <Eigen/Core>
#include <optional>
#include <string>
#include <vector>

#include "livecca/activations/eigen.hpp"
#include "livecca/packs/recorded_pack.hpp"
#include "support/random_data.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;

namespace {

constexpr std::uint64_t recorder_seed = 19;

bool holds(const std::string& text, const std::string& part) {
  CAPTURE(text);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a recorder whose inputs and activations differ says how many came of each") {
  const livecca_tests::TemporaryFolder folder;
  const auto path = folder.path() / "pack.safetensors";
  const Eigen::MatrixXd images = normal_matrix(800, 3, recorder_seed);
  Recorder nothing(path, {.network = "net"});
  nothing.set_inputs(view_of(images));
  const auto none = nothing.finish();
  CHECK_FALSE(none);
  CHECK(holds(none.why(), "the inputs of 800 images and no layer's activations"));
  Recorder part(path, {.network = "net"});
  part.set_inputs(view_of(images));
  part.observe("fc", Layout::nc, view_of(images.topRows(700)));
  const auto some = part.finish();
  CHECK_FALSE(some);
  CHECK(holds(some.why(), "the inputs of 800 images and activations of 700"));
}

TEST_CASE("a recorder says why it lost a layer") {
  const livecca_tests::TemporaryFolder folder;
  const auto path = folder.path() / "pack.safetensors";
  Recorder recorder(path, {.network = "net"});
  const Eigen::MatrixXd rows = normal_matrix(50, 4, recorder_seed);
  recorder.observe("fc", Layout::nc, view_of(rows.leftCols(3)));
  recorder.end_batch();
  recorder.observe("fc", Layout::nc, view_of(rows));
  recorder.end_batch();
  const auto finished = recorder.finish();
  CHECK_FALSE(finished);
  CHECK(holds(finished.why(), path.string() + ": fc: expected "));
  CHECK(holds(finished.why(), "as before"));
}

TEST_CASE("a pack says whether its network ran in training mode in any batch") {
  const livecca_tests::TemporaryFolder folder;
  const auto path = folder.path() / "pack.safetensors";
  const Eigen::MatrixXd rows = normal_matrix(50, 4, recorder_seed);
  const auto mode_of = [&](const std::vector<std::optional<bool>>& batches) {
    Recorder recorder(path, {.network = "net"});
    for (const auto is_training : batches) {
      recorder.observe("fc", Layout::nc, view_of(rows));
      if (is_training) recorder.set_training_mode(*is_training);
      recorder.end_batch();
    }
    const auto finished = recorder.finish();
    REQUIRE_MESSAGE(finished, finished.why());
    const auto pack = RecordedPack::open(path);
    REQUIRE_MESSAGE(pack, pack.why());
    return (*pack)->is_of_training_mode();
  };
  CHECK_FALSE(mode_of({std::nullopt}));
  CHECK_FALSE(mode_of({false, false}));
  CHECK(mode_of({false, true, false}));
}
