#include <doctest/doctest.h>

#include <Eigen/Core>
#include <array>
#include <cmath>
#include <random>

#include "livecca/activations/eigen.hpp"
#include "livecca/common/error.hpp"
#include "livecca/moments/panel.hpp"
#include "matrices.hpp"
#include "support/random_data.hpp"
#include "support/weighted_definition.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::product_of;
using livecca_tests::relative_error;
using livecca_tests::same_bits;
using livecca_tests::scatter_of;
using livecca_tests::WeightedDefinition;

namespace {

constexpr std::uint64_t windows_seed = 9051;

PanelOptions with(Window window, std::size_t error_blocks = 0) {
  PanelOptions options;
  options.window = window;
  options.error_blocks = error_blocks;
  return options;
}

/// Two taps of one network and its reference, fed with rows of two matrices.
struct Stream {
  Executor executor{2};
  Panel panel;
  Eigen::MatrixXd x = normal_matrix(1000, 7, windows_seed).array() + 50;
  Eigen::MatrixXd y = normal_matrix(1000, 5, windows_seed + 1);
  Eigen::Index fed = 0;

  explicit Stream(PanelOptions options) : panel(executor, options) {
    panel.add_tap({"net", "a"}, Layout::nc);
    panel.add_tap({"ref", "a"}, Layout::nc);
    panel.add_pair(0, 1);
  }

  void feed(Eigen::Index rows) {
    auto step = panel.begin();
    step.observe(0, view_of(x.middleRows(fed, rows)));
    step.observe(1, view_of(y.middleRows(fed, rows)));
    step.commit();
    fed += rows;
  }

  /// Steps of random size until `rows` rows were fed.
  void feed_randomly(Eigen::Index rows, std::uint64_t batches) {
    std::mt19937_64 engine(batches);
    const Eigen::Index end = fed + rows;
    while (fed < end) {
      feed(std::min<Eigen::Index>(1 + static_cast<Eigen::Index>(engine() % 90), end - fed));
    }
  }

  /// Rows first … last − 1 by definition; weights one a row.
  WeightedDefinition cross(Eigen::Index first, Eigen::Index last, const Eigen::VectorXd& w) const {
    return {x.middleRows(first, last - first), y.middleRows(first, last - first), w};
  }
};

void check_rows(const PanelMoments& moments, const Stream& stream, Eigen::Index first,
                Eigen::Index last) {
  const auto definition = stream.cross(first, last, Eigen::VectorXd::Ones(last - first));
  REQUIRE(moments.pairs[0].moments);
  CHECK(moments.pairs[0].moments->samples() == static_cast<std::uint64_t>(last - first));
  CHECK(moments.taps[0].moments->weights().sum == static_cast<double>(last - first));
  CHECK(moments.images == static_cast<std::uint64_t>(last - first));
  CHECK(relative_error(product_of(*moments.pairs[0].moments), definition.product) < 1e-12);
}

Eigen::VectorXd half_lives(Eigen::Index rows, double half_life) {
  Eigen::VectorXd w(rows);
  for (Eigen::Index i = 0; i < rows; ++i) {
    w(i) = std::exp2(-static_cast<double>(rows - 1 - i) / half_life);
  }
  return w;
}

}  // namespace

TEST_CASE("an exponential window is the explicit weighted sum, however the rows are batched") {
  MESSAGE("seed " << windows_seed);
  for (const double half_life : {3.0, 100.0, 1e5}) {
    for (const std::size_t error_blocks : {0U, 5U}) {
      for (std::uint64_t batches = 0; batches < 5; ++batches) {
        CAPTURE(half_life);
        CAPTURE(error_blocks);
        CAPTURE(batches);
        Stream stream(with(Window::exponential(half_life), error_blocks));
        stream.feed_randomly(900, batches);
        const PanelMoments moments = stream.panel.roll_window();
        const Eigen::VectorXd w = half_lives(900, half_life);
        const auto definition = stream.cross(0, 900, w);
        const Moments& tap = *moments.taps[0].moments;
        CHECK(tap.samples() == 900);
        CHECK(tap.weights().sum == doctest::Approx(w.sum()).epsilon(1e-12));
        const double effective = w.sum() * w.sum() / w.squaredNorm();
        CHECK(tap.weights().effective_rows() == doctest::Approx(effective).epsilon(1e-12));
        CHECK(tap.weights().effective_images() == doctest::Approx(effective).epsilon(1e-12));
        CHECK(relative_error(product_of(*moments.pairs[0].moments), definition.product) < 1e-11);
        const auto own = WeightedDefinition(stream.x.topRows(900), stream.x.topRows(900), w);
        CHECK(relative_error(scatter_of(tap), own.product) < 1e-11);
        for (Eigen::Index j = 0; j < 7; ++j) {
          CHECK(tap.mean().value(static_cast<std::size_t>(j)) ==
                doctest::Approx(own.mean_x(j)).epsilon(1e-13));
        }
      }
    }
  }
}

TEST_CASE("the weighted covariance is unbiased: its divisor is that of reliability weights") {
  const Eigen::VectorXd w = half_lives(50, 8);
  SampleWeights weights;
  for (Eigen::Index i = 0; i < 50; ++i) {
    weights.sum += w(i);
    weights.squares += w(i) * w(i);
  }
  const double effective = w.sum() * w.sum() / w.squaredNorm();
  CHECK(weights.covariance_divisor() ==
        doctest::Approx(w.sum() * (effective - 1) / effective).epsilon(1e-13));
  const SampleWeights equal{
      .samples = 7, .sum = 7, .squares = 7, .image_sum = 7, .image_squares = 7};
  CHECK(equal.covariance_divisor() == 6);
  CHECK(equal.effective_images() == 7);
}

TEST_CASE("all positions of an image weigh the same, and the window counts images") {
  const Eigen::MatrixXd values = normal_matrix(6 * 24, 1, windows_seed);
  Executor executor(1);
  Panel panel(executor, with(Window::exponential(2)));
  panel.add_tap({"net", "conv"}, Layout::nchw);
  for (int part = 0; part < 2; ++part) {
    const std::array<std::int64_t, 4> half{3, 2, 3, 4};
    auto step = panel.begin();
    step.observe(0, ActivationView(values.data() + part * 72, DType::float64, half));
    step.commit();
  }
  Eigen::MatrixXd rows(72, 2);
  Eigen::VectorXd w(72);
  for (Eigen::Index image = 0; image < 6; ++image) {
    for (Eigen::Index position = 0; position < 12; ++position) {
      for (Eigen::Index c = 0; c < 2; ++c) {
        rows(image * 12 + position, c) = values(image * 24 + c * 12 + position);
      }
      w(image * 12 + position) = std::exp2(-static_cast<double>(5 - image) / 2);
    }
  }
  const PanelMoments moments = panel.end_window();
  CHECK(relative_error(scatter_of(*moments.taps[0].moments),
                       WeightedDefinition(rows, rows, w).product) < 1e-13);
  const Eigen::VectorXd images = half_lives(6, 2);
  CHECK(moments.taps[0].moments->weights().effective_images() ==
        doctest::Approx(images.sum() * images.sum() / images.squaredNorm()).epsilon(1e-13));
}

TEST_CASE("rows that are left out age the others all the same") {
  MESSAGE("seed " << windows_seed);
  Stream stream(with(Window::exponential(20)));
  stream.x(30, 2) = std::nan("");
  stream.x(95, 0) = std::nan("");
  stream.feed(60);
  stream.feed(40);
  const PanelMoments moments = stream.panel.roll_window();
  Eigen::VectorXd w = half_lives(100, 20);
  Eigen::MatrixXd x = stream.x.topRows(100);
  for (const Eigen::Index row : {30, 95}) {
    w(row) = 0;
    x.row(row).setZero();
  }
  const WeightedDefinition definition(x, stream.y.topRows(100), w);
  CHECK(moments.taps[0].moments->samples() == 98);
  CHECK(relative_error(product_of(*moments.pairs[0].moments), definition.product) < 1e-12);
}

TEST_CASE("all remembers everything, since_snapshot what came since") {
  Stream all(with(Window::all()));
  Stream since(with(Window::since_snapshot()));
  for (Stream* stream : {&all, &since}) {
    stream->feed_randomly(300, 1);
    check_rows(stream->panel.roll_window(), *stream, 0, 300);
    stream->feed_randomly(200, 2);
  }
  check_rows(all.panel.roll_window(), all, 0, 500);
  check_rows(since.panel.roll_window(), since, 300, 500);
  CHECK(all.panel.images() == 500);
  CHECK(since.panel.images() == 0);
}

TEST_CASE("a ring of blocks remembers the last ones, exactly") {
  Stream stream(with(Window::last_blocks(3, 100)));
  const auto feed_blocks = [&](int count) {
    for (int i = 0; i < 4 * count; ++i) stream.feed(25);
  };
  feed_blocks(2);
  check_rows(stream.panel.roll_window(), stream, 0, 200);
  feed_blocks(1);
  check_rows(stream.panel.roll_window(), stream, 0, 300);
  stream.feed(25);
  check_rows(stream.panel.roll_window(), stream, 100, 325);
  stream.feed(75);
  feed_blocks(3);
  const PanelMoments moments = stream.panel.roll_window();
  check_rows(moments, stream, 400, 700);
  CHECK(moments.blocks.size() == 3);
  stream.panel.discard_window();
  stream.feed(60);
  check_rows(stream.panel.end_window(), stream, 700, 760);
}

TEST_CASE("a window in parts is the window in one piece, and its parts add up to it") {
  Stream whole(with(Window::since_snapshot()));
  Stream parts(with(Window::since_snapshot(), 6));
  for (Stream* stream : {&whole, &parts}) stream->feed_randomly(800, 3);
  const PanelMoments expected = whole.panel.end_window();
  const PanelMoments moments = parts.panel.end_window();
  check_rows(moments, parts, 0, 800);
  CHECK(expected.blocks.empty());
  REQUIRE(moments.blocks.size() == 6);
  std::uint64_t samples = 0;
  for (const PanelMoments& block : moments.blocks) samples += block.taps[0].moments->samples();
  CHECK(samples == 800);
  CHECK(moments.steps_committed == expected.steps_committed);
}

TEST_CASE("every merged window is one turn of the parts, however many steps it had") {
  MESSAGE("seed " << windows_seed);
  constexpr std::size_t parts = 10;
  Stream whole(with(Window::since_snapshot(), parts));
  for (std::size_t worker = 0; worker < 8; ++worker) {
    Stream stream(with(Window::since_snapshot()));
    for (std::size_t i = 0; i < parts; ++i) stream.feed(20);
    whole.panel.merge(stream.panel.end_window());
  }
  for (int i = 0; i < 2; ++i) whole.feed(200);
  const PanelMoments moments = whole.panel.end_window();
  REQUIRE(moments.blocks.size() == parts);
  for (const PanelMoments& block : moments.blocks) CHECK(block.images == 200);
}

TEST_CASE("a ring hands its blocks out oldest first, and goes on from them in another ring") {
  MESSAGE("seed " << windows_seed);
  // Ends within the first round, at a block's end, and in a later round.
  for (const Eigen::Index before : {150, 300, 450}) {
    CAPTURE(before);
    Stream whole(with(Window::last_blocks(3, 100)));
    Stream first(with(Window::last_blocks(3, 100)));
    Stream second(with(Window::last_blocks(3, 100)));
    for (Eigen::Index fed = 0; fed < before; fed += 50) {
      whole.feed(50);
      first.feed(50);
    }
    const PanelMoments half = first.panel.end_window();
    CHECK(half.blocks_by_age);
    REQUIRE(half.blocks.size() == 3);
    CHECK(half.blocks[2].images == (before % 100 == 0 ? 100 : 50));
    CHECK(half.blocks[0].images == (before == 150 ? 0 : 100));
    second.panel.merge(half);
    second.fed = before;
    for (int i = 0; i < 8; ++i) {
      CAPTURE(i);
      CHECK(same_bits(second.panel.roll_window(), whole.panel.roll_window()));
      whole.feed(50);
      second.feed(50);
    }
    check_rows(second.panel.end_window(), second, (before + 99) / 100 * 100 + 100, before + 400);
  }
}

TEST_CASE("rings of workers merge block by block, the newest with the newest") {
  MESSAGE("seed " << windows_seed);
  Stream main(with(Window::last_blocks(3, 100)));
  for (const Eigen::Index rows : {450, 150}) {
    Stream worker(with(Window::last_blocks(3, 100)));
    for (Eigen::Index fed = 0; fed < rows; fed += 50) worker.feed(50);
    main.panel.merge(worker.panel.end_window());
  }
  const PanelMoments moments = main.panel.end_window();
  CHECK(moments.blocks[0].images == 100);
  CHECK(moments.blocks[1].images == 200);
  CHECK(moments.blocks[2].images == 100);
}

TEST_CASE("a ring refuses blocks whose age is not known") {
  Stream ring(with(Window::last_blocks(3, 100)));
  Stream in_turn(with(Window::since_snapshot(), 3));
  in_turn.feed(50);
  CHECK_THROWS_WITH_AS(ring.panel.merge(in_turn.panel.end_window()),
                       "panel merge: expected blocks by age, as a window of last blocks has them, "
                       "got blocks in turn",
                       Error);
  ring.feed(50);
  CHECK(ring.panel.end_window().pairs[0].moments->samples() == 50);
}

TEST_CASE("in a window that goes on, a pair whose rows differed begins anew after a snapshot") {
  MESSAGE("seed " << windows_seed);
  for (const Window window :
       {Window::all(), Window::exponential(1000), Window::last_blocks(2, 1000)}) {
    Stream stream(with(window));
    stream.feed(100);
    auto step = stream.panel.begin();
    step.observe(0, view_of(stream.x.topRows(40)));
    step.observe(1, view_of(stream.y.topRows(30)));
    step.commit();
    const PanelMoments lost = stream.panel.roll_window();
    REQUIRE(lost.faults.size() == 1);
    CHECK(lost.faults[0].kind == FaultKind::rows_differ);
    CHECK_FALSE(lost.pairs[0].moments);
    CHECK(lost.taps[0].moments->samples() == 140);
    stream.feed(60);
    const PanelMoments anew = stream.panel.roll_window();
    CHECK(anew.faults.empty());
    REQUIRE(anew.pairs[0].moments);
    CHECK(anew.pairs[0].moments->samples() == 60);
    for (const TapMoments& tap : anew.taps) CHECK(tap.moments->samples() == 60);
  }
}

TEST_CASE("what left a window that goes on comes back by a merge as by a step") {
  MESSAGE("seed " << windows_seed);
  Stream stream(with(Window::all()));
  Stream worker(with(Window::all()));
  stream.feed(100);
  auto step = stream.panel.begin();
  step.observe(0, view_of(stream.x.topRows(40)));
  step.commit();
  CHECK_FALSE(stream.panel.roll_window().taps[1].moments);
  worker.feed(60);
  stream.panel.merge(worker.panel.end_window());
  const PanelMoments anew = stream.panel.roll_window();
  CHECK(anew.faults.empty());
  REQUIRE(anew.pairs[0].moments);
  CHECK(anew.pairs[0].moments->samples() == 60);
}

TEST_CASE(
    "in a window that goes on, a tap that left begins anew after a snapshot, with its pairs") {
  Executor executor(1);
  for (const Window window : {Window::all(), Window::last_blocks(2, 1000)}) {
    Panel panel(executor, with(window));
    const auto net = panel.add_tap({"net", "a"}, Layout::nc);
    const auto ref = panel.add_tap({"ref", "a"}, Layout::nc);
    const auto alone = panel.add_tap({"net", "b"}, Layout::nc);
    panel.add_pair(net, ref);
    const Eigen::MatrixXd x = normal_matrix(40, 3, windows_seed);
    const auto feed = [&](bool with_net) {
      auto step = panel.begin();
      if (with_net) step.observe(net, view_of(x));
      step.observe(ref, view_of(x));
      step.observe(alone, view_of(x));
      step.commit();
    };
    feed(true);
    feed(false);
    const PanelMoments lost = panel.roll_window();
    CHECK_FALSE(lost.taps[net].moments);
    CHECK_FALSE(lost.pairs[0].moments);
    CHECK(lost.taps[ref].moments->samples() == 80);
    REQUIRE(lost.faults.size() == 1);
    CHECK(lost.faults[0].kind == FaultKind::missing);
    const auto late = panel.add_tap({"late", "b"}, Layout::nc);
    CHECK(panel.roll_window().faults.at(0).kind == FaultKind::joined_late);
    auto step = panel.begin();
    for (const auto tap : {net, ref, alone, late}) step.observe(tap, view_of(x));
    step.commit();
    const PanelMoments anew = panel.roll_window();
    CHECK(anew.faults.empty());
    CHECK(anew.taps[net].moments->samples() == 40);
    CHECK(anew.taps[ref].moments->samples() == 40);
    CHECK(anew.pairs[0].moments->samples() == 40);
    CHECK(anew.taps[alone].moments->samples() == 120);
    CHECK(anew.taps[late].moments->samples() == 40);
  }
}

TEST_CASE("windows that make no sense are refused, with what was expected") {
  Executor executor(1);
  CHECK_THROWS_WITH_AS(Panel(executor, with(Window::exponential(0))),
                       "window: expected a half-life above 0 samples, got 0.000000", Error);
  CHECK_THROWS_AS(Panel(executor, with(Window::exponential(std::nan("")))), Error);
  CHECK_THROWS_AS(Panel(executor, with(Window::last_blocks(1, 5))), Error);
  CHECK_THROWS_AS(Panel(executor, with(Window::last_blocks(3, 0))), Error);
  CHECK_THROWS_AS(Panel(executor, with(Window::last_blocks(3, 5), 5)), Error);
  CHECK_THROWS_AS(Panel(executor, with(Window::all(), 1)), Error);
  PanelOptions weighted = with(Window::exponential(5));
  weighted.norm_sums = true;
  CHECK_THROWS_AS(Panel(executor, weighted), Error);
}
