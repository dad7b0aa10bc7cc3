#include <doctest/doctest.h>

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "livecca/monitor/monitor.hpp"
#include "livecca/activations/eigen.hpp"
#include "support/random_data.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::TemporaryFolder;

namespace {

constexpr std::int64_t samples = 100;
constexpr std::int64_t features = 8;
constexpr int collapse = 6;  ///< the epoch
constexpr int epochs = 12;

/// A network whose one layer says little but one thing, from an epoch on.
class CollapsingNetwork {
 public:
  explicit CollapsingNetwork(std::filesystem::path run) {
    options_.run_directory = std::move(run);
    options_.threads = 1;
    options_.history_precision = PackPrecision::exact;
    begin(std::make_unique<Monitor>(options_));
  }

  void resume(const std::filesystem::path& checkpoint) {
    monitor_.reset();
    begin(std::make_unique<Monitor>(options_, checkpoint));
  }

  Monitor& monitor() { return *monitor_; }

  /// The alarms on the layer alone.
  std::vector<std::string> snapshot(int epoch) {
    Eigen::MatrixXd rows = normal_matrix(samples, features, 1);
    if (epoch >= collapse) rows.rightCols(features - 1) *= 0.1;
    auto step = monitor_->begin(Stream::probe, epoch);
    step.observe(layer_, view_of(rows));
    step.commit();
    const auto ticket = monitor_->snapshot(epoch);
    std::vector<std::string> words;
    for (const VerdictRow& verdict : ticket.wait().verdicts) {
      if (!is_alarm(verdict)) continue;
      if (verdict.reference.empty()) words.push_back(verdict.verdict);
    }
    return words;
  }

 private:
  void begin(std::unique_ptr<Monitor> monitor) {
    monitor_ = std::move(monitor);
    layer_ = monitor_->watch("net", "fc", Layout::nc);
  }

  MonitorOptions options_;
  std::unique_ptr<Monitor> monitor_;
  TapHandle layer_;
};

/// Falls until the collapse.
double loss_at(int epoch) { return epoch < collapse ? 2.3 - 0.2 * epoch : 1.4; }

}  // namespace

TEST_CASE("verdicts know the loss that is logged, as the mean since the snapshot before") {
  const TemporaryFolder folder;
  CollapsingNetwork network(folder.path() / "run");
  for (int epoch = 0; epoch < epochs; ++epoch) {
    CAPTURE(epoch);
    // One of the two is always lower than all losses before: only their mean is not.
    network.monitor().log(epoch, "loss", loss_at(epoch) - 10 - epoch);
    network.monitor().log(epoch, "validation_loss", -epoch);
    network.monitor().log(epoch, "loss", loss_at(epoch) + 10 + epoch);
    const auto words = network.snapshot(epoch);
    CHECK(words == (epoch > collapse ? std::vector<std::string>{"collapsing"}
                                     : std::vector<std::string>{}));
  }
}

TEST_CASE("without a loss, or with one that falls, a rank that falls is no alarm") {
  for (const bool is_logged : {false, true}) {
    const TemporaryFolder folder;
    CollapsingNetwork network(folder.path() / "run");
    for (int epoch = 0; epoch < epochs; ++epoch) {
      if (is_logged) network.monitor().log(epoch, "loss", 2.3 - 0.1 * epoch);
      CHECK(network.snapshot(epoch).empty());
    }
  }
}

TEST_CASE("losses of a window that a checkpoint interrupts count in its mean") {
  for (const double odd : {10.0, std::numeric_limits<double>::quiet_NaN()}) {
    const TemporaryFolder folder;
    CollapsingNetwork network(folder.path() / "run");
    const auto checkpoint = folder.path() / "checkpoint";
    for (int epoch = 0; epoch < epochs; ++epoch) {
      CAPTURE(epoch);
      network.monitor().log(epoch, "loss", loss_at(epoch) + (epoch >= collapse ? odd : 0));
      if (epoch >= collapse - 1) {
        REQUIRE(network.monitor().save(checkpoint));
        network.resume(checkpoint);
      }
      // By itself it would be the lowest.
      network.monitor().log(epoch, "loss", loss_at(epoch) - (epoch >= collapse ? 9 : 0));
      CHECK(network.snapshot(epoch).empty() == (epoch <= collapse));
    }
  }
}
