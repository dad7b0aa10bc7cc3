#include <doctest/doctest.h>

#include <Eigen/Core>
#include <memory>
#include <random>

#include "livecca/activations/eigen.hpp"
#include "livecca/common/error.hpp"
#include "livecca/moments/moments_file.hpp"
#include "livecca/moments/panel.hpp"
#include "matrices.hpp"
#include "support/random_data.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::same_bits;
using livecca_tests::TemporaryFolder;

namespace {

constexpr std::uint64_t panel_restore_seed = 77;

/// Feeds rows of three taps; the third changes its width once, and leaves its window for it.
class Feeder {
 public:
  Feeder(Executor& executor, const PanelOptions& options) : panel_(executor, options) {
    panel_.add_tap({"net", "a"}, Layout::nc);
    panel_.add_tap({"ref", "a"}, Layout::nc);
    panel_.add_tap({"net", "b"}, Layout::nc);
    panel_.add_pair(0, 1);
    panel_.add_pair(2, 1);
  }

  Panel& panel() { return panel_; }

  void feed(int step) {
    const auto number = static_cast<std::uint64_t>(step);
    const Eigen::Index rows = 5 + (step * 7) % 20;
    const Eigen::MatrixXd a = normal_matrix(rows, 4, panel_restore_seed + number).array() + 100;
    const Eigen::MatrixXd b =
        normal_matrix(rows, step == 9 ? 6 : 5, panel_restore_seed + 1000 + number);
    auto open = panel_.begin();
    open.observe(0, view_of(a));
    open.observe(1, view_of(b.leftCols(3)));
    open.observe(2, view_of(b));
    open.commit();
  }

 private:
  Panel panel_;
};

std::vector<PanelOptions> variants() {
  std::vector<PanelOptions> result;
  for (const Window window : {Window::since_snapshot(), Window::all(), Window::exponential(30),
                              Window::last_blocks(4, 30)}) {
    for (const std::size_t error_blocks : {0U, 5U}) {
      if (window.kind == Window::Kind::last_blocks && error_blocks > 0) continue;
      PanelOptions options;
      options.window = window;
      options.error_blocks = error_blocks;
      options.norm_sums = window.kind != Window::Kind::exponential;
      options.max_features = 4;
      result.push_back(options);
    }
  }
  return result;
}

/// By way of a file.
void restore(Panel& panel, const Panel& saved) {
  const TemporaryFolder folder;
  REQUIRE(save_moments(folder.path() / "window", saved.copy_for_restore(), {}));
  const PanelMoments loaded = load_moments(folder.path() / "window")->moments;
  const PanelProgress progress = saved.progress();
  panel.restore(loaded, progress);
  CHECK(panel.progress() == progress);
}

void check_same(const PanelMoments& expected, const PanelMoments& got) {
  CHECK(same_bits(expected, got));
  REQUIRE(expected.blocks.size() == got.blocks.size());
  for (std::size_t b = 0; b < got.blocks.size(); ++b) {
    CHECK(same_bits(expected.blocks[b], got.blocks[b]));
  }
  CHECK(expected.images == got.images);
  CHECK(expected.faults.size() == got.faults.size());
  CHECK(expected.taps[2].samples_left_out == got.taps[2].samples_left_out);
}

}  // namespace

TEST_CASE("a window that was saved and restored goes on with the same bits") {
  MESSAGE("seed " << panel_restore_seed);
  Executor executor(2);
  for (const PanelOptions& options : variants()) {
    for (const int cut : {0, 1, 3, 8, 11, 17}) {
      CAPTURE(name_of(options.window.kind));
      CAPTURE(options.error_blocks);
      CAPTURE(cut);
      Feeder straight(executor, options);
      Feeder resumed(executor, options);
      Feeder unsaved(executor, options);
      for (int step = 0; step < 20; ++step) {
        if (step == cut) restore(resumed.panel(), straight.panel());
        // Looking at a window does not change it.
        if (step % 3 == 1) static_cast<void>(straight.panel().copy_moments());
        if (step == 14) {
          const PanelMoments before = straight.panel().roll_window();
          CHECK(same_bits(before, unsaved.panel().roll_window()));
          if (step >= cut) CHECK(same_bits(before, resumed.panel().roll_window()));
        }
        straight.feed(step);
        unsaved.feed(step);
        if (step >= cut) resumed.feed(step);
      }
      const PanelMoments end = straight.panel().end_window();
      check_same(end, resumed.panel().end_window());
      check_same(end, unsaved.panel().end_window());
    }
  }
}

TEST_CASE("a window of other taps or parts is not restored, and leaves the panel as it was") {
  Executor executor(1);
  PanelOptions options;
  Feeder one(executor, options);
  options.error_blocks = 5;
  Feeder parts(executor, options);
  one.feed(0);
  parts.feed(0);
  const PanelMoments before = one.panel().copy_moments();
  CHECK_THROWS_AS(one.panel().restore(parts.panel().copy_moments(), parts.panel().progress()),
                  Error);
  Panel other(executor, {});
  other.add_tap({"net", "c"}, Layout::nc);
  CHECK_THROWS_AS(one.panel().restore(other.copy_moments(), other.progress()), Error);
  CHECK(same_bits(before, one.panel().copy_moments()));
}

TEST_CASE("rows packed elsewhere count as if they had been observed") {
  Executor executor(1);
  PanelOptions options;
  options.max_features = 3;
  options.positions = Positions::sampled(4);
  Panel direct(executor, options);
  Panel handed(executor, options);
  for (Panel* panel : {&direct, &handed}) panel->add_tap({"net", "conv"}, Layout::nchw);
  std::vector<std::size_t> chosen;
  choose_features(6, 3, options.feature_seed, chosen);
  PackedRows rows;
  for (std::uint64_t step = 0; step < 3; ++step) {
    const Eigen::VectorXd values =
        normal_matrix(10 * 6 * 5 * 5, 1, panel_restore_seed + step).col(0);
    const std::array<std::int64_t, 4> shape{10, 6, 5, 5};
    const ActivationView view(values.data(), DType::float64, shape);
    auto seen = direct.begin();
    seen.observe(0, view);
    seen.commit();
    REQUIRE(rows.pack(view, Layout::nchw, options.positions, step * 10, chosen));
    auto packed = handed.begin();
    CHECK(packed.observe_packed(0, rows, {6, {5, 5}, DType::float64}) != nullptr);
    packed.commit();
  }
  CHECK(same_bits(direct.copy_moments(), handed.copy_moments()));
  // Features chosen otherwise leave with a fault.
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(300);
  const std::array<std::int64_t, 4> shape{2, 6, 5, 5};
  REQUIRE(rows.pack(ActivationView(ones.data(), DType::float64, shape), Layout::nchw,
                    options.positions, 30));
  auto wrong = handed.begin();
  CHECK(wrong.observe_packed(0, rows, {6, {5, 5}, DType::float64}) == nullptr);
  wrong.commit();
  CHECK(handed.copy_moments().faults.size() == 1);
}
