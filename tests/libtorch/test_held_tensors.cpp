#include <doctest/doctest.h>
#include <torch/utils.h>

#include <algorithm>

#include "livecca_libtorch/tap.hpp"
#include "temporary_folder.hpp"

// Tensors are held until livecca's thread has read them, unless they are changed in place.

using livecca::libtorch::tap;
using livecca::libtorch::TapScope;

namespace {

struct Watched {
  livecca_tests::TemporaryFolder folder;
  livecca::Monitor monitor{[this] {
    livecca::MonitorOptions options;
    options.run_directory = folder.path() / "run";
    options.threads = 1;
    return options;
  }()};
  torch::Tensor rows = torch::randn({200, 6}, at::detail::createCPUGenerator(1));
  torch::Tensor others = rows + torch::randn({200, 6}, at::detail::createCPUGenerator(2));

  /// One pass; `change` gets the trained network's tensor within its scope, `later` after it.
  template <typename Change, typename Later>
  livecca::SnapshotReport pass(std::int64_t epoch, const Change& change, const Later& later) {
    auto step = monitor.begin(livecca::Stream::probe, epoch);
    torch::Tensor activations = rows.clone();
    {
      const TapScope scope(monitor, step, "net");
      tap("fc", activations);
      change(activations);
    }
    later(activations);
    {
      const TapScope scope(monitor, step, "reference");
      tap("fc", others);
    }
    step.commit();
    return monitor.snapshot(epoch).wait();
  }
};

const auto nothing = [](torch::Tensor&) {};
const auto in_place = [](torch::Tensor& tensor) { tensor.relu_(); };

const livecca::MeasureRow& row(const livecca::SnapshotReport& report) {
  const livecca::MeasureRow* found = report.find("fc", "reference", "pwcca_distance");
  REQUIRE(found != nullptr);
  return *found;
}

}  // namespace

TEST_CASE("an in-place operation after a tap changes no number, in the first pass or later") {
  Watched still;
  const double expected = *row(still.pass(0, nothing, nothing)).value;
  Watched watched;
  for (int epoch = 0; epoch < 4; ++epoch) {
    const auto report = watched.pass(epoch, in_place, nothing);
    CHECK(report.events.empty());
    CHECK(*row(report).value == expected);
  }
}

TEST_CASE("a tensor that nobody changes is held, and gives the same numbers as a copy") {
  Watched watched;
  const double copied = *row(watched.pass(0, nothing, nothing)).value;
  CHECK(*row(watched.pass(1, nothing, nothing)).value == copied);
  // It is held, not copied: what changes it within livecca's reach is found out …
  auto step = watched.monitor.begin(livecca::Stream::probe, 2);
  torch::Tensor activations = watched.rows.clone();
  {
    const TapScope scope(watched.monitor, step, "net");
    tap("fc", activations);
  }
  CHECK(activations.storage().use_count() > 1);
  activations.zero_();
  step.commit();
  const auto report = watched.monitor.snapshot(2).wait();
  CHECK(row(report).status == livecca::Status::missing);
  CHECK(std::ranges::count(report.events, std::string("unreadable"), &livecca::Event::what) == 1);
  CHECK(activations.storage().use_count() == 1);
  // … and that tap is copied from then on.
  for (int epoch = 3; epoch < 5; ++epoch) {
    const auto again = watched.pass(epoch, nothing, in_place);
    CHECK(*row(again).value == copied);
  }
}
