#include "livecca/packs/recorder.hpp"

#include <doctest/doctest.h>

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "livecca/activations/eigen.hpp"
#include "livecca/packs/recorded_pack.hpp"
#include "support/file_text.hpp"
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

TEST_CASE("a recorder takes rows that were gathered as it chooses them, and no others") {
  const livecca_tests::TemporaryFolder folder;
  const RecorderOptions options{.positions = Positions::sampled(2, 5), .max_features = 3};
  constexpr std::size_t images = 20;
  constexpr std::size_t channels = 5;
  constexpr std::size_t places = 7;
  const Eigen::MatrixXd values = normal_matrix(2 * images * places, channels, recorder_seed);
  const std::array<std::int64_t, 3> extents{images, places, channels};
  // Two batches, and of each image the values at [image · places + place, channel].
  const auto batch = [&](std::size_t number) {
    return Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>(
        values.middleRows(static_cast<Eigen::Index>(number * images * places), images * places));
  };
  const auto record_to = [&](const char* name, bool gathers, std::int64_t shift = 0) {
    Recorder recorder(folder.path() / name, options);
    for (const std::size_t number : {0, 1}) {
      const auto all = batch(number);
      if (!gathers) {
        recorder.observe("fc", Layout::ntc, ActivationView(all.data(), DType::float64, extents));
        recorder.end_batch();
        continue;
      }
      const RowChoice choice = recorder.choice();
      CHECK(choice.images(images) == images);
      std::vector<std::size_t> features;
      choose_features(channels, choice.max_features, choice.feature_seed, features);
      std::vector<double> rows;
      std::vector<std::int64_t> positions;
      for (std::size_t image = 0; image < images; ++image) {
        std::vector<std::size_t> chosen;
        choose_positions(choice.positions, Grid{1, places}, choice.first_image + image, chosen);
        for (const std::size_t place : chosen) {
          positions.push_back((static_cast<std::int64_t>(place) + shift) % std::int64_t{places});
          for (const std::size_t feature : features) {
            rows.push_back(all(static_cast<Eigen::Index>(image * places + place),
                               static_cast<Eigen::Index>(feature)));
          }
        }
      }
      const std::array<std::int64_t, 2> shape{images * 2, 3};
      recorder.observe("fc", Layout::ntc,
                       GatheredRows{.values = ActivationView(rows.data(), DType::float64, shape),
                                    .shape = {images, channels, Grid{1, places}},
                                    .positions = positions});
      recorder.end_batch();
    }
    return recorder.finish();
  };
  CHECK(record_to("whole.safetensors", false));
  const auto gathered = record_to("gathered.safetensors", true);
  REQUIRE_MESSAGE(gathered, gathered.why());
  CHECK(livecca_tests::text_of(folder.path() / "gathered.safetensors") ==
        livecca_tests::text_of(folder.path() / "whole.safetensors"));
  const auto wrong = record_to("wrong.safetensors", true, 1);
  CHECK_FALSE(wrong);
  CHECK(holds(wrong.why(), "fc: expected rows gathered at the positions that the seed"));
}
