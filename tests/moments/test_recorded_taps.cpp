#include <doctest/doctest.h>

#include <Eigen/Core>
#include <array>
#include <cmath>
#include <memory>
#include <span>
#include <vector>

#include "livecca/activations/eigen.hpp"
#include "livecca/common/error.hpp"
#include "livecca/moments/panel.hpp"
#include "matrices.hpp"
#include "support/random_data.hpp"

using namespace livecca;
using livecca_tests::check_equal;
using livecca_tests::normal_matrix;
using livecca_tests::product;
using livecca_tests::product_of;
using livecca_tests::scatter_of;

namespace {

constexpr std::uint64_t recorded_taps_seed = 5150;

/// A recording in memory that counts how many rows were read from it.
class Recorded : public RowSource {
 public:
  explicit Recorded(Eigen::MatrixXd rows, std::size_t an_image = 1)
      : rows_(std::move(rows)), an_image_(an_image) {}

  std::uint64_t rows() const override { return static_cast<std::uint64_t>(rows_.rows()); }
  std::size_t features() const override { return static_cast<std::size_t>(rows_.cols()); }
  std::size_t rows_per_image() const override { return an_image_; }
  Grid grid() const override { return {1, an_image_}; }
  Result<ActivationView> read(std::uint64_t first, std::uint64_t count) override {
    rows_read += count;
    if (broken || first + count > rows()) {
      return Failure{"recording: expected its rows, got none"};
    }
    part_ = rows_.middleRows(static_cast<Eigen::Index>(first), static_cast<Eigen::Index>(count));
    return view_of(part_);
  }

  std::uint64_t rows_read = 0;
  bool broken = false;

 private:
  Eigen::MatrixXd rows_;
  std::size_t an_image_;
  Eigen::MatrixXd part_;
};

/// One whose every fourth row is not valid.
class Masked : public Recorded {
 public:
  explicit Masked(const Eigen::MatrixXd& rows) : Recorded(rows) {
    for (Eigen::Index i = 0; i < rows.rows(); ++i) valid_.push_back(i % 4 == 1 ? 0 : 1);
  }
  std::span<const std::uint8_t> valid(std::uint64_t first, std::uint64_t count) override {
    return std::span(valid_).subspan(first, count);
  }

 private:
  std::vector<std::uint8_t> valid_;
};

/// A layer that is fed and its recorded start, in two panels: from the recording, and as a view.
struct TwoPanels {
  Executor executor{2};
  Eigen::MatrixXd net = normal_matrix(300, 8, recorded_taps_seed);
  Eigen::MatrixXd start = normal_matrix(300, 6, recorded_taps_seed + 1);
  std::shared_ptr<Recorded> recording = std::make_shared<Recorded>(start);
  Panel recorded;
  Panel plain;

  explicit TwoPanels(PanelOptions options = {})
      : recorded(executor, options), plain(executor, options) {
    for (Panel* panel : {&recorded, &plain}) panel->add_tap({"net", "a"}, Layout::nc);
    recorded.add_recorded_tap({"start", "a"}, recording);
    plain.add_tap({"start", "a"}, Layout::nc);
    for (Panel* panel : {&recorded, &plain}) panel->add_pair(0, 1);
  }

  void feed(Eigen::Index batch, Eigen::Index rows = 300) {
    for (Eigen::Index first = 0; first < rows; first += batch) {
      const Eigen::Index count = std::min(batch, rows - first);
      auto one = recorded.begin();
      one.observe(0, view_of(net.middleRows(first, count)));
      one.observe_recorded(1, static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(count));
      one.commit();
      auto two = plain.begin();
      two.observe(0, view_of(net.middleRows(first, count)));
      two.observe(1, view_of(start.middleRows(first, count)));
      two.commit();
    }
  }

  void check_equal() {
    const PanelMoments a = recorded.end_window();
    const PanelMoments b = plain.end_window();
    REQUIRE(a.taps[1].moments);
    CHECK(a.taps[1].moments->weights() == b.taps[1].moments->weights());
    const Eigen::MatrixXd expected = scatter_of(*b.taps[1].moments);
    CHECK((scatter_of(*a.taps[1].moments) - expected).norm() < 1e-13 * expected.norm());
    CHECK(product_of(*a.pairs[0].moments) == product_of(*b.pairs[0].moments));
    CHECK(a.taps[1].samples_left_out == b.taps[1].samples_left_out);
  }
};

}  // namespace

TEST_CASE("a recorded tap has the moments of its rows, computed once while they stay the same") {
  MESSAGE("seed " << recorded_taps_seed);
  TwoPanels panels;
  panels.feed(64);
  panels.check_equal();
  CHECK(panels.recording->rows_read == 600);  // 300 for the products with others, 300 for its own
  for (const Eigen::Index batch : {64, 300, 7}) {
    panels.recording->rows_read = 0;
    panels.feed(batch);
    panels.check_equal();
    CHECK(panels.recording->rows_read == 300);
  }
}

TEST_CASE("rows that another tap loses leave the recorded moments, and come back after it") {
  TwoPanels panels;
  panels.feed(64);
  panels.check_equal();
  const double kept = panels.net(70, 3);
  panels.net(70, 3) = std::nan("");
  panels.net(199, 0) = std::nan("");
  panels.feed(64);
  panels.check_equal();
  panels.net(70, 3) = kept;
  panels.net(199, 0) = kept;
  panels.recording->rows_read = 0;
  panels.feed(100);
  panels.check_equal();
  CHECK(panels.recording->rows_read == 600);
}

TEST_CASE("a window of a part of the recording, twice over, or in parts has its rows' moments") {
  for (const std::size_t error_blocks : {0U, 5U}) {
    PanelOptions options;
    options.error_blocks = error_blocks;
    options.norm_sums = true;
    TwoPanels panels(options);
    panels.feed(20, 120);
    panels.check_equal();
    panels.feed(50);
    panels.feed(30);
    panels.check_equal();
  }
}

TEST_CASE("positions of one image count as one, though a row among them was lost") {
  Executor executor(1);
  const Eigen::MatrixXd rows = normal_matrix(80, 3, recorded_taps_seed);
  const auto recording = std::make_shared<Recorded>(rows, 4);
  Panel panel(executor, {});
  panel.add_recorded_tap({"a", "conv"}, recording);
  Eigen::MatrixXd broken = rows;
  broken(41, 1) = std::nan("");
  panel.add_recorded_tap({"b", "conv"}, std::make_shared<Recorded>(broken, 4));
  panel.add_pair(0, 1);
  auto step = panel.begin();
  step.observe_recorded(0, 0, 80);
  step.observe_recorded(1, 0, 80);
  step.commit();
  const PanelMoments moments = panel.end_window();
  CHECK(moments.taps[0].moments->samples() == 79);
  CHECK(moments.taps[0].moments->weights().effective_images() == 20);
}

TEST_CASE("a recording that cannot be read is a fault of its tap, the others go on") {
  TwoPanels panels;
  panels.feed(100);
  panels.recording->broken = true;
  const PanelMoments at_the_end = panels.recorded.end_window();
  REQUIRE(at_the_end.faults.size() == 1);
  CHECK(at_the_end.faults[0].kind == FaultKind::unreadable);
  CHECK(at_the_end.faults[0].message == "recording: expected its rows, got none");
  CHECK_FALSE(at_the_end.taps[1].moments);
  CHECK(at_the_end.taps[0].moments->samples() == 300);
  panels.feed(100);
  const PanelMoments in_a_step = panels.recorded.end_window();
  CHECK(in_a_step.faults.at(0).kind == FaultKind::unreadable);
  CHECK(in_a_step.taps[0].moments->samples() == 300);
}

TEST_CASE("a recording that cannot be read at a snapshot of a window that goes on comes back") {
  MESSAGE("seed " << recorded_taps_seed);
  PanelOptions options;
  options.window = Window::last_blocks(2, 300);
  TwoPanels panels(options);
  panels.feed(100, 200);
  panels.recording->broken = true;
  const PanelMoments unread = panels.recorded.roll_window();
  REQUIRE(unread.faults.size() == 1);
  CHECK(unread.faults[0].kind == FaultKind::unreadable);
  CHECK_FALSE(unread.taps[1].moments);
  panels.recording->broken = false;
  panels.feed(100, 200);
  const PanelMoments read = panels.recorded.roll_window();
  CHECK(read.faults.empty());
  // Both sides of the pair begin anew together, with the rows after the snapshot.
  const Eigen::MatrixXd net = panels.net.topRows(200);
  const Eigen::MatrixXd start = panels.start.topRows(200);
  REQUIRE(read.taps[1].moments);
  REQUIRE(read.pairs[0].moments);
  CHECK(read.taps[0].moments->samples() == 200);
  CHECK(read.taps[1].moments->samples() == 200);
  check_equal(scatter_of(*read.taps[0].moments), product(net, net));
  check_equal(scatter_of(*read.taps[1].moments), product(start, start));
  check_equal(product_of(*read.pairs[0].moments), product(net, start));
}

TEST_CASE("an exponential window weighs recorded rows as others") {
  PanelOptions options;
  options.window = Window::exponential(40);
  TwoPanels panels(options);
  panels.feed(64);
  panels.check_equal();
}

TEST_CASE("a recorded tap takes another recording between windows, and only then") {
  TwoPanels panels;
  panels.feed(100);
  const auto other = std::make_shared<Recorded>(normal_matrix(300, 6, recorded_taps_seed + 9));
  CHECK_THROWS_AS(panels.recorded.set_recording(1, other), Error);
  panels.check_equal();
  CHECK_THROWS_AS(panels.recorded.set_recording(0, other), Error);
  panels.recorded.set_recording(1, other);
  panels.start = normal_matrix(300, 6, recorded_taps_seed + 9);
  panels.feed(100);
  panels.check_equal();
}

TEST_CASE("a recorded tap merges rows of its own grid only") {
  MESSAGE("seed " << recorded_taps_seed);
  Executor executor(1);
  const auto merged = [&](std::size_t an_image) {
    const auto panel_of = [&](std::size_t rows_an_image) {
      Panel panel(executor, {});
      panel.add_recorded_tap(
          {"start", "conv"},
          std::make_shared<Recorded>(normal_matrix(40, 3, recorded_taps_seed), rows_an_image));
      return panel;
    };
    Panel worker = panel_of(an_image);
    auto step = worker.begin();
    step.observe_recorded(0, 0, 40);
    step.commit();
    Panel panel = panel_of(4);
    panel.merge(worker.end_window());
    return panel.end_window();
  };
  CHECK(merged(4).taps[0].moments->samples() == 40);
  const PanelMoments lost = merged(8);
  CHECK_FALSE(lost.taps[0].moments);
  REQUIRE(lost.faults.size() == 1);
  CHECK(lost.faults[0].kind == FaultKind::shape_changed);
}

namespace {

/// Whether a window's tap, recorded tap and pair are those of these rows by the definition, each
/// row counted once.
void check_rows(const PanelMoments& window, const Eigen::MatrixXd& net,
                const Eigen::MatrixXd& start) {
  REQUIRE(window.taps[0].moments);
  REQUIRE(window.taps[1].moments);
  REQUIRE(window.pairs[0].moments);
  const auto rows = static_cast<std::uint64_t>(net.rows());
  CHECK(window.taps[0].moments->samples() == rows);
  CHECK(window.taps[1].moments->samples() == rows);
  CHECK(window.pairs[0].moments->samples() == rows);
  check_equal(scatter_of(*window.taps[0].moments), product(net, net));
  check_equal(scatter_of(*window.taps[1].moments), product(start, start));
  check_equal(product_of(*window.pairs[0].moments), product(net, start));
  for (Eigen::Index j = 0; j < start.cols(); ++j) {
    const auto& mean = window.taps[1].moments->mean();
    const auto feature = static_cast<std::size_t>(j);
    CHECK(mean.origin[feature] + mean.offset[feature] ==
          doctest::Approx(start.col(j).mean()).epsilon(1e-12));
  }
}

}  // namespace

TEST_CASE("a recorded tap that merges another window counts every row of both once") {
  MESSAGE("seed " << recorded_taps_seed);
  std::vector<PanelOptions> all(3);
  all[1].error_blocks = 3;
  all[2].window = Window::last_blocks(2, 300);
  for (const PanelOptions& options : all) {
    const Eigen::Index when_merged[] = {0, 100, 200};  // rows of its own that it had by then
    for (const Eigen::Index before : when_merged) {
      CAPTURE(before);
      TwoPanels own(options);
      TwoPanels worker(options);
      worker.net = normal_matrix(100, 8, recorded_taps_seed + 2);
      worker.start = normal_matrix(100, 6, recorded_taps_seed + 3);
      const auto recording = std::make_shared<Recorded>(worker.start);
      worker.recorded.set_recording(1, recording);
      worker.feed(20, 100);
      own.feed(50, before);
      own.recorded.merge(worker.recorded.end_window());
      for (Eigen::Index first = before; first < 200; first += 50) {
        auto step = own.recorded.begin();
        step.observe(0, view_of(own.net.middleRows(first, 50)));
        step.observe_recorded(1, static_cast<std::uint64_t>(first), 50);
        step.commit();
      }
      Eigen::MatrixXd net(300, 8);
      Eigen::MatrixXd start(300, 6);
      net << own.net.topRows(200), worker.net;
      start << own.start.topRows(200), worker.start;
      check_rows(own.recorded.copy_moments(), net, start);
      check_rows(own.recorded.copy_moments(), net, start);  // a copy leaves the window as it is
      check_rows(own.recorded.end_window(), net, start);
      own.feed(50, 100);
      check_rows(own.recorded.end_window(), own.net.topRows(100), own.start.topRows(100));
    }
  }
}

TEST_CASE("rows of a recording and views are not mixed up") {
  TwoPanels panels;
  auto step = panels.recorded.begin();
  CHECK_THROWS_AS(step.observe_recorded(0, 0, 10), Error);
  CHECK_THROWS_AS(step.observe(1, view_of(panels.start)), Error);
}

TEST_CASE("a recording's rows that are not valid leave the taps connected with it") {
  const Eigen::MatrixXd net = normal_matrix(20, 3, recorded_taps_seed);
  const Eigen::MatrixXd start = normal_matrix(20, 2, recorded_taps_seed + 1);
  Executor executor(1);
  Panel panel(executor, {});
  panel.add_tap({"net", "a"}, Layout::nc);
  panel.add_recorded_tap({"start", "a"}, std::make_shared<Masked>(start));
  panel.add_tap({"net", "b"}, Layout::nc);
  panel.add_pair(0, 1);
  for (Eigen::Index first = 0; first < 20; first += 10) {
    auto step = panel.begin();
    step.observe(0, view_of(net.middleRows(first, 10)));
    step.observe_recorded(1, static_cast<std::uint64_t>(first), 10);
    step.observe(2, view_of(net.middleRows(first, 10)));
    step.commit();
  }
  const PanelMoments moments = panel.end_window();
  Eigen::MatrixXd x(15, 3);
  Eigen::MatrixXd y(15, 2);
  for (Eigen::Index i = 0, row = 0; i < 20; ++i) {
    if (i % 4 == 1) continue;
    x.row(row) = net.row(i);
    y.row(row++) = start.row(i);
  }
  check_equal(product_of(*moments.pairs[0].moments), product(x, y));
  check_equal(scatter_of(*moments.taps[1].moments), product(y, y));
  CHECK(moments.taps[2].moments->samples() == 20);
  CHECK(moments.taps[0].samples_left_out == 0);
}
