#include <ATen/core/grad_mode.h>
#include <doctest/doctest.h>
#include <torch/nn/functional/dropout.h>
#include <torch/utils.h>

#include <algorithm>
#include <vector>

#include "livecca_libtorch/inputs.hpp"
#include "livecca_libtorch/tap.hpp"
#include "support/temporary_folder.hpp"

// What happens to a tensor after its tap changes no number, whoever changes it and however.

using livecca::libtorch::tap;
using livecca::libtorch::TapScope;

namespace {

struct WatchedTensors {
  livecca_tests::TemporaryFolder folder;
  livecca::Monitor monitor{[this] {
    livecca::MonitorOptions options;
    options.run_directory = folder.path() / "run";
    options.threads = 1;
    return options;
  }()};
  torch::Tensor rows = torch::randn({200, 6}, at::detail::createCPUGenerator(1));
  torch::Tensor others = rows + torch::randn({200, 6}, at::detail::createCPUGenerator(2));

  /// One pass of `net` under its scope beside the reference's.
  template <typename Net>
  livecca::SnapshotReport pass(std::int64_t epoch, const Net& net) {
    auto step = monitor.begin(livecca::Stream::probe, epoch);
    livecca::libtorch::set_inputs(step, others);
    {
      const TapScope scope(monitor, step, "net");
      net();
    }
    {
      const TapScope scope(monitor, step, "reference");
      tap("fc", others);
    }
    step.commit();
    return monitor.snapshot(epoch).wait();
  }

  /// Activations that only the pass has.
  livecca::SnapshotReport still_pass(std::int64_t epoch) {
    return pass(epoch, [&] { tap("fc", rows.clone()); });
  }
};

const livecca::MeasureRow& row(const livecca::SnapshotReport& report) {
  const livecca::MeasureRow* found = report.find({"fc", "reference", "pwcca_distance"});
  REQUIRE(found != nullptr);
  return *found;
}

double expected_value() {
  WatchedTensors still;
  return *row(still.still_pass(0)).value;
}

}  // namespace

TEST_CASE("an in-place operation after a tap changes no number, in the first pass or later") {
  WatchedTensors watched;
  for (int epoch = 0; epoch < 4; ++epoch) {
    const auto report = watched.pass(epoch, [&] { tap("fc", watched.rows.clone()).relu_(); });
    CHECK(report.events.empty());
    CHECK(*row(report).value == expected_value());
  }
}

TEST_CASE("changes that autograd does not count change no number, in the first pass or later") {
  const double expected = expected_value();
  WatchedTensors watched;
  const auto by_data = [&] { tap("fc", watched.rows.clone()).data().clamp_min_(0); };
  const auto by_pointer = [&] {
    const torch::Tensor activations = tap("fc", watched.rows.clone());
    std::fill_n(activations.data_ptr<float>(), activations.numel(), 0.0F);
  };
  const auto by_alias = [&] {
    const torch::Tensor activations = watched.rows.clone();
    const torch::Tensor alias = activations.detach();
    tap("fc", activations);
    alias.data().zero_();
  };
  int epoch = 0;
  for (int pass = 0; pass < 3; ++pass) {
    CHECK(*row(watched.still_pass(epoch++)).value == expected);
    CHECK(*row(watched.pass(epoch++, by_data)).value == expected);
    CHECK(*row(watched.pass(epoch++, by_pointer)).value == expected);
    CHECK(*row(watched.pass(epoch++, by_alias)).value == expected);
  }
}

TEST_CASE("a change after many still passes changes no number, and nothing is kept") {
  WatchedTensors watched;
  for (int epoch = 0; epoch < 4; ++epoch) {
    CHECK(*row(watched.still_pass(epoch)).value == expected_value());
  }
  const torch::Tensor activations = watched.rows.clone();
  const auto report = watched.pass(4, [&] {
    tap("fc", activations);
    CHECK(activations.storage().use_count() == 1);
    activations.zero_();
  });
  CHECK(report.events.empty());
  CHECK(*row(report).value == expected_value());
}

TEST_CASE("a tensor may change after the commit, though nothing is solved yet") {
  WatchedTensors watched;
  torch::Tensor activations = watched.rows.clone();
  for (int epoch = 0; epoch < 3; ++epoch) {
    activations.copy_(watched.rows);
    auto step = watched.monitor.begin(livecca::Stream::probe, epoch);
    {
      const TapScope scope(watched.monitor, step, "net");
      tap("fc", activations);
      const TapScope reference(watched.monitor, step, "reference");
      tap("fc", watched.others);
    }
    step.commit();
    activations.zero_();
    CHECK(*row(watched.monitor.snapshot(epoch).wait()).value == expected_value());
  }
}

TEST_CASE("memory that LibTorch did not allocate may be used again at once") {
  WatchedTensors watched;
  std::vector<float> buffer(1200);
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::copy_n(watched.rows.data_ptr<float>(), buffer.size(), buffer.begin());
    const auto report = watched.pass(epoch, [&] {
      tap("fc", torch::from_blob(buffer.data(), {200, 6}));
      std::ranges::fill(buffer, 0.0F);
    });
    CHECK(*row(report).value == expected_value());
  }
}

TEST_CASE("in-place dropout changes a tensor in training alone, and no number") {
  WatchedTensors watched;
  const double expected = expected_value();
  for (int epoch = 0; epoch < 4; ++epoch) {
    {
      const at::NoGradGuard no_grad;
      CHECK(*row(watched.still_pass(epoch)).value == expected);
    }
    auto step = watched.monitor.begin(livecca::Stream::train, epoch);
    {
      const TapScope scope(watched.monitor, step, "net");
      const auto dropout = torch::nn::functional::DropoutFuncOptions().p(0.5).inplace(true);
      torch::nn::functional::dropout(tap("fc", watched.rows.clone()), dropout);
      const TapScope reference(watched.monitor, step, "reference");
      tap("fc", watched.others);
    }
    step.commit();
    const auto report = watched.monitor.snapshot(epoch, livecca::Stream::train).wait();
    CHECK(report.events.empty());
    CHECK(*report.find({"fc", "reference", "pwcca_distance"})->value == expected);
  }
}

TEST_CASE("a scope may outlive the commit of its step") {
  WatchedTensors watched;
  for (int epoch = 0; epoch < 3; ++epoch) {
    auto step = watched.monitor.begin(livecca::Stream::probe, epoch);
    const TapScope scope(watched.monitor, step, "net");
    tap("fc", watched.rows.clone());
    const TapScope reference(watched.monitor, step, "reference");
    tap("fc", watched.others);
    step.commit();
    CHECK(*row(watched.monitor.snapshot(epoch).wait()).value == expected_value());
  }
}
