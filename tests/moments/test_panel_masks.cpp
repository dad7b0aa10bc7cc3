#include <doctest/doctest.h>

#include <Eigen/Core>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>

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

constexpr std::uint64_t panel_masks_seed = 4242;

/// Sequences of unequal lengths: their steps one after another as rows, and batches of them padded
/// with NaN.
class Sequences {
 public:
  Sequences(std::vector<std::int64_t> lengths, Eigen::Index features, std::uint64_t content)
      : lengths_(std::move(lengths)),
        steps_(normal_matrix(std::accumulate(lengths_.begin(), lengths_.end(), Eigen::Index{0}),
                             features, content)) {}

  std::span<const std::int64_t> lengths() const { return lengths_; }
  const Eigen::MatrixXd& steps() const { return steps_; }
  Eigen::MatrixXd& steps() { return steps_; }
  Eigen::Index row_of(std::size_t sequence, std::int64_t step) const {
    return std::accumulate(lengths_.begin(),
                           lengths_.begin() + static_cast<std::ptrdiff_t>(sequence),
                           Eigen::Index{0}) +
           step;
  }

  /// Sequences first … first + count − 1, padded to so many steps; good until the next call.
  ActivationView batch(std::size_t first, std::size_t count, std::int64_t padded) {
    const Eigen::Index features = steps_.cols();
    values_.assign(count * static_cast<std::size_t>(padded * features), std::nan(""));
    for (std::size_t n = 0; n < count; ++n)
      for (std::int64_t t = 0; t < lengths_[first + n]; ++t)
        for (Eigen::Index c = 0; c < features; ++c)
          values_[static_cast<std::size_t>((static_cast<std::int64_t>(n) * padded + t) * features +
                                           c)] = steps_(row_of(first + n, t), c);
    const std::vector<std::int64_t> shape{static_cast<std::int64_t>(count), padded, features};
    return {values_.data(), DType::float64, shape};
  }
  SequenceMask mask(std::size_t first, std::size_t count) const {
    return SequenceMask::of_lengths(lengths().subspan(first, count));
  }
  ActivationView all() { return batch(0, lengths_.size(), 12); }
  SequenceMask mask() const { return mask(0, lengths_.size()); }

 private:
  std::vector<std::int64_t> lengths_;
  Eigen::MatrixXd steps_;
  std::vector<double> values_;
};

std::vector<std::int64_t> some_lengths(std::size_t count) {
  std::vector<std::int64_t> lengths;
  for (std::size_t i = 0; i < count; ++i) lengths.push_back(static_cast<std::int64_t>(i * 7 % 11));
  return lengths;
}

/// Step t of the sequences that reach all of `needed`.
Eigen::MatrixXd at_step(const Sequences& sequences, std::int64_t t, std::int64_t needed) {
  Eigen::MatrixXd rows(0, sequences.steps().cols());
  for (std::size_t n = 0; n < sequences.lengths().size(); ++n) {
    if (sequences.lengths()[n] <= needed) continue;
    rows.conservativeResize(rows.rows() + 1, Eigen::NoChange);
    rows.row(rows.rows() - 1) = sequences.steps().row(sequences.row_of(n, t));
  }
  return rows;
}

struct Pair {
  Executor executor{1};
  Panel panel;

  explicit Pair(const Reading& reading = Layout::ntc, PanelOptions options = {})
      : panel(executor, options) {
    panel.add_tap({"net", "rnn"}, reading);
    panel.add_tap({"ref", "rnn"}, reading);
    panel.add_pair(0, 1);
  }
};

}  // namespace

TEST_CASE("the moments of masked sequences are those of their valid steps alone") {
  MESSAGE("seed " << panel_masks_seed);
  Sequences net(some_lengths(40), 4, panel_masks_seed);
  Sequences ref(some_lengths(40), 3, panel_masks_seed + 1);
  const Eigen::MatrixXd expected = product(net.steps(), ref.steps());
  // However they are batched and padded, on each side as it likes.
  for (const std::size_t batch : {1U, 7U, 40U}) {
    CAPTURE(batch);
    Pair pair;
    for (std::size_t first = 0; first < 40; first += batch) {
      const std::size_t count = std::min<std::size_t>(batch, 40 - first);
      auto step = pair.panel.begin();
      step.observe(0, net.batch(first, count, 10 + static_cast<std::int64_t>(first % 3)),
                   net.mask(first, count));
      step.observe(1, ref.batch(first, count, 12), ref.mask(first, count));
      step.commit();
    }
    const PanelMoments moments = pair.panel.end_window();
    CHECK(moments.faults.empty());
    REQUIRE(moments.pairs[0].moments);
    check_equal(product_of(*moments.pairs[0].moments), expected);
    check_equal(scatter_of(*moments.taps[0].moments), product(net.steps(), net.steps()));
    CHECK(moments.images == 40);
    CHECK(moments.taps[0].samples_left_out == 0);
    const auto reached = std::ranges::count_if(net.lengths(), [](auto l) { return l > 0; });
    CHECK(moments.taps[0].moments->weights().effective_images() == static_cast<double>(reached));
  }
}

TEST_CASE("seeded steps of masked sequences do not depend on batch and padding") {
  Sequences net(some_lengths(40), 4, panel_masks_seed);
  Sequences ref(some_lengths(40), 3, panel_masks_seed + 1);
  PanelOptions options;
  options.positions = Positions::sampled(3, 8);
  Eigen::MatrixXd x(0, 4);
  Eigen::MatrixXd y(0, 3);
  std::vector<std::size_t> chosen;
  for (std::size_t n = 0; n < 40; ++n) {
    choose_positions(options.positions, Grid{1, static_cast<std::size_t>(net.lengths()[n])}, n,
                     chosen);
    for (const std::size_t t : chosen) {
      const Eigen::Index row = net.row_of(n, static_cast<std::int64_t>(t));
      x.conservativeResize(x.rows() + 1, Eigen::NoChange);
      y.conservativeResize(y.rows() + 1, Eigen::NoChange);
      x.row(x.rows() - 1) = net.steps().row(row);
      y.row(y.rows() - 1) = ref.steps().row(row);
    }
  }
  for (const std::size_t batch : {3U, 40U}) {
    Pair pair(Layout::ntc, options);
    for (std::size_t first = 0; first < 40; first += batch) {
      const std::size_t count = std::min<std::size_t>(batch, 40 - first);
      auto step = pair.panel.begin();
      step.observe(0, net.batch(first, count, 11), net.mask(first, count));
      step.observe(1, ref.batch(first, count, 13), ref.mask(first, count));
      step.commit();
    }
    check_equal(product_of(*pair.panel.end_window().pairs[0].moments), product(x, y));
  }
}

TEST_CASE("paired taps whose steps are masked otherwise leave as a pair, by name") {
  Sequences net({5, 3, 6}, 4, panel_masks_seed);
  Sequences ref({5, 4, 6}, 3, panel_masks_seed + 1);
  for (const std::size_t per_image : {0U, 2U}) {
    PanelOptions options;
    options.positions = Positions::sampled(per_image);
    Pair pair(Layout::ntc, options);
    auto step = pair.panel.begin();
    step.observe(0, net.all(), net.mask());
    step.observe(1, ref.all(), ref.mask());
    step.commit();
    const PanelMoments moments = pair.panel.end_window();
    REQUIRE(moments.faults.size() == 1);
    CHECK(moments.faults[0].kind == FaultKind::rows_differ);
    CHECK(moments.faults[0].subject == "net/rnn with ref/rnn");
    CHECK(moments.faults[0].message == "expected the same mask for both, got other valid steps");
    CHECK_FALSE(moments.pairs[0].moments);
    CHECK(moments.taps[0].moments->samples() == (per_image == 0 ? 14 : 6));
    CHECK(moments.taps[1].moments->samples() == (per_image == 0 ? 15 : 6));
  }
}

TEST_CASE("taps at many steps: each keeps the sequences that reach its own, pairs those of both") {
  Sequences net(some_lengths(60), 3, panel_masks_seed);
  Sequences ref(some_lengths(60), 2, panel_masks_seed + 1);
  Executor executor(2);
  Panel panel(executor, {});
  for (std::size_t t = 0; t < 10; ++t) {
    panel.add_tap({"net", "rnn@" + std::to_string(t)}, Reading::at_step(Layout::ntc, t));
    panel.add_tap({"ref", "rnn@" + std::to_string(t)}, Reading::at_step(Layout::ntc, t));
    panel.add_pair(2 * t, 2 * t + 1);
  }
  // Steps 3 and 8 of one network with each other, which connects four taps.
  const std::size_t across = panel.add_pair(2 * 3, 2 * 8);
  const ActivationView of_net = net.all();
  const ActivationView of_ref = ref.all();
  auto step = panel.begin();
  for (std::size_t t = 0; t < 10; ++t) {
    step.observe(2 * t, of_net, net.mask());
    step.observe(2 * t + 1, of_ref, ref.mask());
  }
  step.commit();
  const PanelMoments moments = panel.end_window();
  CHECK(moments.faults.empty());
  for (std::int64_t t = 0; t < 10; ++t) {
    CAPTURE(t);
    const std::int64_t needed = t == 3 ? 8 : t;
    const auto place = static_cast<std::size_t>(t);
    const Eigen::MatrixXd x = at_step(net, t, needed);
    REQUIRE(x.rows() > 2);
    check_equal(scatter_of(*moments.taps[2 * place].moments), product(x, x));
    check_equal(product_of(*moments.pairs[place].moments), product(x, at_step(ref, t, needed)));
    CHECK(moments.taps[2 * place].moments->weights() == moments.pairs[place].moments->weights());
    CHECK(moments.taps[2 * place].samples_left_out == 0);
  }
  check_equal(product_of(*moments.pairs[across].moments),
              product(at_step(net, 3, 8), at_step(net, 8, 8)));
}

TEST_CASE("a masked row leaves what is connected, through others too, and a non-finite row all") {
  Sequences net({4, 9, 9, 2, 9, 9, 9, 9, 9, 9, 9, 9}, 3, panel_masks_seed);
  Eigen::MatrixXd dense = normal_matrix(12, 2, panel_masks_seed + 2);
  Eigen::MatrixXd apart = normal_matrix(12, 2, panel_masks_seed + 3);
  net.steps()(net.row_of(5, 6), 1) = std::numeric_limits<double>::infinity();
  net.steps()(net.row_of(3, 1), 1) = std::nan("");  // step 1, which no tap looks at
  Executor executor(1);
  Panel panel(executor, {});
  const auto late = panel.add_tap({"net", "late"}, Reading::at_step(Layout::ntc, 6));
  const auto early = panel.add_tap({"net", "early"}, Reading::at_step(Layout::ntc, 0));
  const auto far = panel.add_tap({"net", "far"}, Layout::nc);
  const auto other = panel.add_tap({"net", "other"}, Layout::nc);
  panel.add_pair(late, early);
  panel.add_pair(far, early);
  const ActivationView view = net.all();
  auto step = panel.begin();
  step.observe(late, view, net.mask());
  step.observe(early, view, net.mask());
  step.observe(far, view_of(dense));
  step.observe(other, view_of(apart));
  step.commit();
  const PanelMoments moments = panel.end_window();
  CHECK(moments.faults.empty());
  // 12 sequences, two do not reach step 6 and one is infinite there.
  for (const std::size_t tap : {late, early, far}) {
    CAPTURE(tap);
    CHECK(moments.taps[tap].moments->samples() == 9);
    CHECK(moments.taps[tap].samples_left_out == 1);
  }
  CHECK(moments.taps[other].moments->samples() == 11);
  CHECK(moments.taps[other].samples_left_out == 1);
  Eigen::MatrixXd kept(9, 2);
  Eigen::Index row = 0;
  for (const Eigen::Index n : {1, 2, 4, 6, 7, 8, 9, 10, 11}) kept.row(row++) = dense.row(n);
  check_equal(scatter_of(*moments.taps[far].moments), product(kept, kept));
}

TEST_CASE("a non-finite step leaves its own row of sequences, and its image of other taps") {
  Sequences net({4, 9, 7, 2, 0, 8}, 3, panel_masks_seed);
  Sequences ref({4, 9, 7, 2, 0, 8}, 2, panel_masks_seed + 1);
  const Eigen::MatrixXd dense = normal_matrix(6, 2, panel_masks_seed + 2);
  net.steps()(net.row_of(2, 5), 0) = std::nan("");
  Pair pair;
  const auto fc = pair.panel.add_tap({"net", "fc"}, Layout::nc);
  auto step = pair.panel.begin();
  step.observe(0, net.all(), net.mask());
  step.observe(1, ref.all(), ref.mask());
  step.observe(fc, view_of(dense));
  step.commit();
  const PanelMoments moments = pair.panel.end_window();
  CHECK(moments.taps[0].moments->samples() == 29);
  CHECK(moments.taps[0].samples_left_out == 1);
  CHECK(moments.taps[1].moments->samples() == 29);
  CHECK(moments.taps[1].moments->weights().effective_images() == 5);
  // The sequence without a valid step is no loss to others; the one with NaN is.
  CHECK(moments.taps[fc].moments->samples() == 5);
  CHECK(moments.taps[fc].samples_left_out == 1);
}

TEST_CASE("padding does not count towards the share that may be non-finite") {
  // One sequence in ten is valid, the others' garbage is NaN; of the valid ones one in ten is NaN.
  std::vector<std::int64_t> lengths(100, 0);
  for (std::size_t n = 0; n < 100; n += 10) lengths[n] = 1;
  for (const bool too_many : {false, true}) {
    Sequences net(lengths, 2, panel_masks_seed);
    net.steps()(4, 0) = std::nan("");
    if (too_many) net.steps()(7, 1) = std::nan("");
    Executor executor(1);
    Panel panel(executor, {});
    panel.add_tap({"net", "last"}, Reading::last_step(Layout::ntc));
    auto step = panel.begin();
    step.observe(0, net.all(), net.mask());
    step.commit();
    const PanelMoments moments = panel.end_window();
    REQUIRE(moments.faults.size() == (too_many ? 1 : 0));
    if (too_many) {
      CHECK(moments.faults[0].message ==
            "expected at most 10 % non-finite rows in a step, got 20 %");
    } else {
      CHECK(moments.taps[0].moments->samples() == 9);
      CHECK(moments.taps[0].samples_left_out == 1);
    }
  }
}

TEST_CASE("a step whose sequences are all masked adds nothing, and is no fault") {
  const std::vector<Reading> readings{Layout::ntc, Reading::pooled(Layout::ntc),
                                      Reading::last_step(Layout::ntc)};
  for (const Reading& reading : readings) {
    CAPTURE(reading.text());
    Sequences nothing({0, 0, 0}, 2, panel_masks_seed);
    Sequences net({2, 3, 1}, 2, panel_masks_seed);
    Pair pair(reading);
    for (Sequences* sequences : {&net, &nothing, &net}) {
      auto step = pair.panel.begin();
      step.observe(0, sequences->all(), sequences->mask());
      step.observe(1, sequences->all(), sequences->mask());
      step.commit();
    }
    const PanelMoments moments = pair.panel.end_window();
    CHECK(moments.faults.empty());
    CHECK(moments.images == 9);
    CHECK(moments.pairs[0].moments->samples() == (reading.one_row_per_image() ? 6 : 12));
    CHECK(moments.taps[0].samples_left_out == 0);
  }
}

TEST_CASE("a mask of a wrong shape is a fault, and one of a layout without steps is wrong use") {
  Sequences net({2, 3, 1}, 2, panel_masks_seed);
  Pair pair;
  const auto conv = pair.panel.add_tap({"net", "conv"}, Layout::ncl);
  const std::vector<std::uint8_t> bytes(100, 1);
  auto step = pair.panel.begin();
  CHECK(step.observe(0, net.all(), SequenceMask(bytes.data(), 3, 11)) == nullptr);
  CHECK_THROWS_WITH_AS(step.observe(conv, net.all(), net.mask()),
                       "net/conv: expected no mask for layout ncl, which has no steps", Error);
  step.observe(1, net.all(), net.mask());
  const std::vector<double> values(3 * 2 * 12, 1.0);
  const std::vector<std::int64_t> shape{3, 2, 12};
  step.observe(conv, ActivationView(values.data(), DType::float64, shape));
  step.commit();
  const PanelMoments moments = pair.panel.end_window();
  REQUIRE(moments.faults.size() == 1);
  CHECK(moments.faults[0].kind == FaultKind::shape_changed);
  CHECK(moments.faults[0].subject == "net/rnn");
  CHECK(moments.faults[0].message ==
        "expected a mask of 3 sequences x 12 steps, got 3 sequences x 11 steps");
  CHECK(moments.taps[1].moments->samples() == 6);
  CHECK(moments.taps[conv].moments->samples() == 36);
}
