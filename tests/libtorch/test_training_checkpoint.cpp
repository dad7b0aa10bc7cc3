#include <doctest/doctest.h>
#include <torch/nn/functional/loss.h>
#include <torch/optim/sgd.h>
#include <torch/utils.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "livecca/common/error.hpp"
#include "livecca_libtorch/checkpoint.hpp"
#include "livecca_libtorch/probe.hpp"
#include "small_network.hpp"
#include "support/file_text.hpp"
#include "support/json_lines.hpp"
#include "support/temporary_folder.hpp"

using livecca::libtorch::Probe;
using livecca::libtorch::resume_or_start;
using livecca::libtorch::save_checkpoint;
using livecca_tests::files_in;
using livecca_tests::small_images;
using livecca_tests::SmallNetwork;

namespace {

constexpr std::int64_t killed_epochs = 4;

livecca::MonitorOptions killed_options(const std::filesystem::path& folder) {
  livecca::MonitorOptions options;
  options.run_directory = folder / "run";
  options.synchronous = true;
  return options;
}

/// A training that can be killed and begun again.
struct KilledTraining {
  explicit KilledTraining(const std::filesystem::path& the_folder)
      : folder(the_folder),
        monitor(resume_or_start(killed_options(folder), folder / "checkpoint", net, optimizer, best,
                                epoch)) {}

  void train_until(std::int64_t end) {
    const torch::Tensor images = small_images(40, 3);
    const torch::Tensor labels = torch::arange(40).remainder(5);
    Probe probe(*monitor, images.split(20));
    while (epoch < end) {
      probe.run(epoch, {{"net", net}});
      optimizer.zero_grad();
      torch::nn::functional::cross_entropy(net->forward(images), labels).backward();
      optimizer.step();
      best = best + 1;
      ++epoch;
      const auto saved =
          save_checkpoint(*monitor, folder / "checkpoint", net, optimizer, best, epoch);
      REQUIRE_MESSAGE(saved, saved.why());
    }
  }

  std::filesystem::path folder;
  SmallNetwork net{1};
  torch::optim::SGD optimizer{net->parameters(), torch::optim::SGDOptions(0.1).momentum(0.9)};
  torch::Tensor best = torch::zeros({2});
  std::int64_t epoch = 0;
  std::unique_ptr<livecca::Monitor> monitor;
};

std::vector<std::string> killed_rows(const std::filesystem::path& folder) {
  std::vector<std::string> rows;
  for (nlohmann::json row : livecca_tests::read_lines(folder / "run" / "rows.jsonl")) {
    if (row["kind"] == "event" && row["what"] == "overhead") continue;
    row.erase("wall_time");
    row.erase("checksum");
    rows.push_back(row.dump());
  }
  return rows;
}

}  // namespace

TEST_CASE("a training that was killed goes on with its weights, its momentum and its rows") {
  const livecca_tests::TemporaryFolder folder;
  KilledTraining straight(folder.path() / "straight");
  straight.train_until(killed_epochs);
  straight.monitor->finish();
  KilledTraining(folder.path() / "killed").train_until(0);
  KilledTraining(folder.path() / "killed").train_until(2);
  {
    KilledTraining killed(folder.path() / "killed");
    CHECK(killed.epoch == 2);
    Probe probe(*killed.monitor, small_images(40, 3).split(20));
    probe.run(2, {{"net", killed.net}});  // after its last checkpoint
  }
  KilledTraining resumed(folder.path() / "killed");
  resumed.train_until(killed_epochs);
  resumed.monitor->finish();
  const auto weights = straight.net->parameters();
  const auto resumed_weights = resumed.net->parameters();
  REQUIRE(weights.size() == resumed_weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    CHECK(torch::equal(weights[i], resumed_weights[i]));
  }
  CHECK(torch::equal(resumed.best, straight.best));
  CHECK(killed_rows(folder.path() / "killed") == killed_rows(folder.path() / "straight"));
  CHECK(files_in(folder.path() / "killed" / "checkpoint").size() == 2);
}

TEST_CASE("a checkpoint that was being written is as if it were not") {
  const livecca_tests::TemporaryFolder folder;
  const auto checkpoint = folder.path() / "checkpoint";
  KilledTraining(folder.path()).train_until(1);
  const std::string latest = std::filesystem::read_symlink(checkpoint / "latest").string();
  CHECK(latest == "livecca-checkpoint-2");
  const std::string next = "livecca-checkpoint-3";
  std::filesystem::create_directories(checkpoint / next / "monitor");
  livecca_tests::write_text(checkpoint / next / "training.pt", "half a");
  std::filesystem::create_symlink(next, checkpoint / "latest.new");
  {
    KilledTraining resumed(folder.path());
    CHECK(resumed.epoch == 1);
    resumed.train_until(2);
  }
  CHECK(std::filesystem::read_symlink(checkpoint / "latest").string() == next);
  CHECK(KilledTraining(folder.path()).epoch == 2);
}

TEST_CASE("a checkpoint that cannot be used or written is one line") {
  const livecca_tests::TemporaryFolder folder;
  const auto checkpoint = folder.path() / "checkpoint";
  KilledTraining training(folder.path());
  training.train_until(1);
  // Other values than were saved.
  std::int64_t epoch = 0;
  const auto message = [&](const auto& action) -> std::string {
    try {
      action();
    } catch (const livecca::Error& error) {
      return error.what();
    }
    return "no error";
  };
  const std::string fewer =
      message([&] { resume_or_start(killed_options(folder.path()), checkpoint, epoch); });
  CHECK(fewer.find("training.pt: expected the values that save_checkpoint() wrote") !=
        std::string::npos);
  CHECK(fewer.find("expected as many values as are given to be loaded, 1, got 4") != std::string::npos);
  CHECK(fewer.find('\n') == std::string::npos);
  const std::string latest = std::filesystem::read_symlink(checkpoint / "latest").string();
  livecca_tests::write_text(checkpoint / latest / "training.pt", "damaged");
  const std::string damaged = message([&] { KilledTraining again(folder.path()); });
  CHECK(damaged.find("training.pt: expected") != std::string::npos);
  CHECK(damaged.find('\n') == std::string::npos);
  // A folder that cannot be: training goes on, and the earlier checkpoint stays.
  livecca_tests::write_text(folder.path() / "file", "");
  const auto saved = save_checkpoint(*training.monitor, folder.path() / "file", epoch);
  CHECK_FALSE(saved);
  CHECK(saved.why().starts_with((folder.path() / "file").string() +
                                ": expected to write a checkpoint, got: "));
  CHECK(saved.why().find('\n') == std::string::npos);
}
