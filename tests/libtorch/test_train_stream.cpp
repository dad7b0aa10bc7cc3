#include <doctest/doctest.h>
#include <torch/utils.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "livecca/packs/recorded_pack.hpp"
#include "livecca_libtorch/inputs.hpp"
#include "livecca_libtorch/tap.hpp"
#include "support/json_lines.hpp"
#include "support/temporary_folder.hpp"

using livecca::Monitor;
using livecca::Stream;
using livecca::libtorch::set_inputs;
using livecca::libtorch::tap;
using livecca::libtorch::TapScope;

namespace {

constexpr double pass_seconds = 0.02;

/// A pass that takes a while and taps a layer.
void pass(const torch::Tensor& activations) {
  std::this_thread::sleep_for(std::chrono::duration<double>(pass_seconds));
  tap("layer", activations);
}

/// What the run says that references took in the only snapshot.
class OneStep {
 public:
  OneStep() : monitor(options(folder)), activations(torch::randn({50, 4})) {}

  double reference_seconds() {
    monitor.snapshot(0).wait();
    for (const auto& line : livecca_tests::read_lines(monitor.run_directory() / "rows.jsonl")) {
      if (line.value("what", "") == "overhead") return line.at("reference_seconds").get<double>();
    }
    FAIL("no row of the overhead");
    return 0;
  }

  livecca_tests::TemporaryFolder folder;
  Monitor monitor;
  torch::Tensor activations;

 private:
  static livecca::MonitorOptions options(const livecca_tests::TemporaryFolder& folder) {
    livecca::MonitorOptions options;
    options.run_directory = folder.path() / "run";
    options.synchronous = true;
    return options;
  }
};

}  // namespace

TEST_CASE("a reference's pass in the train stream counts as overhead, the network's own does not") {
  OneStep run;
  Monitor::Step step = run.monitor.begin(Stream::train, 0);
  {
    const TapScope taps(run.monitor, step, "net");
    pass(run.activations);
  }
  const auto begin = std::chrono::steady_clock::now();
  {
    const TapScope taps(run.monitor, step, "reference");
    pass(run.activations);
  }
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - begin;
  step.commit();
  const double seconds = run.reference_seconds();
  CHECK(seconds >= pass_seconds);
  CHECK(seconds <= whole.count());
}

TEST_CASE("a scope within another is not counted twice") {
  OneStep run;
  Monitor::Step step = run.monitor.begin(Stream::train, 0);
  const auto begin = std::chrono::steady_clock::now();
  {
    const TapScope outer(run.monitor, step, "first");
    pass(run.activations);
    const TapScope inner(run.monitor, step, "second");
    pass(run.activations);
  }
  const std::chrono::duration<double> both = std::chrono::steady_clock::now() - begin;
  step.commit();
  const double seconds = run.reference_seconds();
  CHECK(seconds >= 2 * pass_seconds);
  CHECK(seconds <= both.count());
}

TEST_CASE("passes over the probe are the caller's own time") {
  OneStep run;
  Monitor::Step step = run.monitor.begin(Stream::probe, 0);
  {
    const TapScope taps(run.monitor, step, "net");
    pass(run.activations);
  }
  {
    const TapScope taps(run.monitor, step, "reference");
    pass(run.activations);
  }
  step.commit();
  CHECK(run.reference_seconds() == 0);
}

TEST_CASE("inputs that cannot be read are counted, and those that can make the fingerprint") {
  OneStep run;
  Monitor::Step step = run.monitor.begin(Stream::probe, 0);
  set_inputs(step, torch::Tensor());
  set_inputs(step, torch::eye(3).to_sparse());
  set_inputs(step, torch::zeros({50, 7}, torch::kLong));
  {
    const TapScope taps(run.monitor, step, "net");
    tap("layer", run.activations);
  }
  step.commit();
  run.monitor.snapshot(0).wait();
  run.monitor.finish();
  int count = 0;
  for (const auto& line : livecca_tests::read_lines(run.monitor.run_directory() / "rows.jsonl")) {
    if (line.value("what", "") == "unwatchable" && line["subject"] == "inputs")
      count = line["count"];
  }
  CHECK(count == 2);
  const auto kept = *livecca::RecordedPack::open(run.monitor.run_directory() / "history" /
                                                 "snapshot-0000.safetensors");
  livecca::ProbeFingerprint expected;
  const std::vector<std::int64_t> zeros(50 * 7);
  const std::array<std::int64_t, 2> shape{50, 7};
  const std::array<std::int64_t, 2> strides{7, 1};
  REQUIRE(expected.add(zeros.data(), "int64", sizeof zeros[0], shape, strides));
  REQUIRE(kept->fingerprint());
  CHECK(*kept->fingerprint() == expected);
}
