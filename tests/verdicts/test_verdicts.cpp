#include "support/json_lines.hpp"
#include "verdicts/verdicts.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "livecca/common/error.hpp"
#include "noisy_curve.hpp"
#include "support/example_rows.hpp"

using namespace livecca;
using livecca_tests::layer_row;
using livecca_tests::NoisyCurve;
using livecca_tests::number_at;

namespace {

constexpr std::uint64_t seed = 161803;

/// What is said of a snapshot of these numbers.
SnapshotVerdicts add(Verdicts& verdicts, std::int64_t epoch, const std::vector<MeasureRow>& numbers,
                     const std::vector<std::vector<HalfValue>>& halves = {},
                     const std::vector<LayerRow>& layers = {}) {
  SnapshotVerdictInput input;
  input.epoch = epoch;
  input.step = static_cast<std::uint64_t>(100 * epoch);
  input.network = "net";
  input.measure = "pwcca_distance";
  input.numbers = numbers;
  input.halves = halves;
  input.layers = layers;
  return verdicts.add(input);
}

DirectionRow add_value(Verdicts& verdicts, std::int64_t epoch, std::optional<double> value,
                       std::optional<double> floor = std::nullopt) {
  MeasureRow row = number_at(epoch, value);
  row.noise_floor = floor;
  const auto rows = add(verdicts, epoch, {row}).directions;
  REQUIRE(rows.size() == 1);
  return rows[0];
}

struct Rates {
  double moving = 0;  ///< directions of full windows that say so
  double moving_by_jackknife_alone = 0;
};

/// Over 200 curves of 12 snapshots.
Rates rates_of(const NoisyCurve::Noise& noise, const std::function<double(double)>& truth,
               bool with_halves) {
  constexpr int curves = 200;
  constexpr int snapshots = 12;
  constexpr int full_windows = snapshots - 4;
  Rates rates;
  for (std::uint64_t c = 0; c < curves; ++c) {
    NoisyCurve curve(noise, seed + c);
    Verdicts verdicts({});
    std::vector<CurvePoint> window;
    for (int epoch = 0; epoch < snapshots; ++epoch) {
      const auto [row, halves] = curve.at(epoch, truth(epoch));
      std::vector<std::vector<HalfValue>> all_halves;
      if (with_halves) all_halves.push_back(halves);
      const std::string direction =
          add(verdicts, epoch, {row}, all_halves).directions.at(0).direction;
      window.push_back(
          {static_cast<std::uint64_t>(epoch), epoch, row.value.value(), {}, {}, halves});
      if (window.size() < 5) continue;
      const Slope slope = fit_slope(std::span(window).last(5)).value();
      rates.moving += direction == "nearing" || direction == "leaving";
      rates.moving_by_jackknife_alone +=
          std::abs(slope.per_snapshot) > 2 * slope.jackknife_error.value() &&
          std::abs(slope.change) > 0.005;
    }
  }
  rates.moving /= curves * full_windows;
  rates.moving_by_jackknife_alone /= curves * full_windows;
  return rates;
}

}  // namespace

TEST_CASE("a falling distance is nearing, a rising one leaving, and a flat one keeping") {
  Verdicts verdicts({});
  NoisyCurve curve({.fresh = 0.001}, seed);
  std::vector<DirectionRow> rows;
  for (int epoch = 0; epoch < 20; ++epoch) {
    const double truth = epoch < 8 ? 0.8 - 0.05 * epoch : 0.4;
    rows.push_back(add_value(verdicts, epoch, curve.at(epoch, truth).first.value));
  }
  CHECK(rows[0].direction == "undecided");
  CHECK(rows[1].direction == "undecided");
  CHECK_FALSE(rows[1].slope);
  for (int epoch = 2; epoch < 9; ++epoch) {
    CAPTURE(epoch);
    CHECK(rows[static_cast<std::size_t>(epoch)].direction == "nearing");
  }
  CHECK(rows[6].slope.value() == doctest::Approx(-0.05).epsilon(0.05));
  CHECK(rows[6].error_source == "residuals");
  CHECK(rows[6].snapshots == 5);
  CHECK(rows[6].step == 600);
  for (std::size_t epoch = 13; epoch < 20; ++epoch) CHECK(rows[epoch].direction == "keeping");
  add_value(verdicts, 20, 0.5);
  CHECK(add_value(verdicts, 21, 0.6).direction == "leaving");
  // Of a similarity it is the other way round.
  Verdicts similar({});
  DirectionRow last;
  for (int epoch = 0; epoch < 5; ++epoch) {
    MeasureRow row = number_at(epoch, 0.2 + 0.1 * epoch);
    row.direction = Direction::similarity;
    last = add(similar, epoch, {row}).directions.at(0);
  }
  CHECK(last.direction == "nearing");
}

TEST_CASE("flat curves that are noisy seldom count as moving") {
  MESSAGE("seed " << seed << ", 200 curves, 8 windows of 5 snapshots each");
  const auto flat = [](double) { return 0.4; };
  for (const NoisyCurve::Noise noise : {NoisyCurve::Noise{.fresh = 0.02},
                                        {.common = 0.02, .fresh = 0.005},
                                        {.common = 0.02, .fresh = 0.001, .jitter = 0.003},
                                        {.common = 0.02, .fresh = 0.001, .jitter = 0.01}}) {
    for (const bool with_halves : {false, true}) {
      const Rates rates = rates_of(noise, flat, with_halves);
      MESSAGE("common " << noise.common << ", fresh " << noise.fresh << ", jitter " << noise.jitter
                        << ", halves: " << with_halves << ": moving " << rates.moving
                        << ", by the jackknife alone " << rates.moving_by_jackknife_alone);
      // Beyond 2 errors that come from 3 degrees of freedom are 14 %. Where the noise is of inputs,
      // halves know it; of training's own they know nothing.
      CHECK(rates.moving <= (with_halves && noise.jitter == 0 ? 0.07 : 0.15));
      if (noise.jitter == 0.01) CHECK(rates.moving_by_jackknife_alone >= 0.5);
    }
  }
}

TEST_CASE("noise that all snapshots have in common does not hide a slope") {
  // A single number's standard error is 0.02, five times what it changes by in a snapshot.
  const Rates rates = rates_of(
      {.common = 0.02, .fresh = 0.001}, [](double epoch) { return 0.4 - 0.004 * epoch; }, true);
  MESSAGE("moving " << rates.moving);
  CHECK(rates.moving >= 0.95);
}

TEST_CASE("the error of a slope is the jackknife's where inputs vary most, else the scatter's") {
  const auto source_of = [](const NoisyCurve::Noise& noise, bool with_halves) {
    Verdicts verdicts({});
    NoisyCurve curve(noise, seed);
    DirectionRow row;
    for (int epoch = 0; epoch < 5; ++epoch) {
      const auto [number, halves] = curve.at(epoch, 0.4);
      std::vector<std::vector<HalfValue>> all_halves(1);
      // One snapshot without halves, or with others, is enough to know nothing of the slope's.
      if (with_halves || epoch != 2) all_halves[0] = halves;
      row = add(verdicts, epoch, {number}, all_halves).directions.at(0);
    }
    CHECK(row.slope_error.value() > 0);
    return row.error_source;
  };
  CHECK(source_of({.fresh = 0.01, .jitter = 0.2}, true) == "residuals");
  CHECK(source_of({.fresh = 0.01}, false) == "residuals");
  // Halves that scatter about a line that the whole does not leave.
  Verdicts verdicts({});
  DirectionRow row;
  for (int epoch = 0; epoch < 3; ++epoch) {
    const double turn = 0.1 * epoch;
    row = add(verdicts, epoch, {number_at(epoch, 0.4 - 0.02 * epoch)},
              {{{0.4 - 0.02 * epoch + turn, 0.5}, {0.4 - 0.02 * epoch - turn, 0.5}}})
              .directions.at(0);
  }
  CHECK(row.error_source == "jackknife");
  CHECK(row.slope_error.value() == doctest::Approx(0.1));
  CHECK(row.direction == "keeping");
}

TEST_CASE("points on a line, and of one value, have an error above 0 and the right direction") {
  Verdicts falling({});
  Verdicts flat({});
  for (int epoch = 0; epoch < 5; ++epoch) {
    const DirectionRow moving = add_value(falling, epoch, 0.5 - 0.125 * epoch);
    const DirectionRow still = add_value(flat, epoch, 0.1);
    if (epoch < 2) continue;
    CHECK(moving.direction == "nearing");
    CHECK(moving.slope_error.value() > 0);
    CHECK(moving.slope_error.value() < 1e-12);
    CHECK(still.direction == "keeping");
  }
}

TEST_CASE("snapshots without a value are gaps: a slope stays one a snapshot") {
  Verdicts verdicts({});
  for (const int epoch : {0, 1, 2}) add_value(verdicts, epoch, 0.9 - 0.1 * epoch);
  CHECK(add_value(verdicts, 3, std::nullopt).direction == "undecided");
  const DirectionRow row = add_value(verdicts, 4, 0.5);
  CHECK(row.snapshots == 4);
  CHECK(row.slope.value() == doctest::Approx(-0.1));
  for (const int epoch : {5, 6}) add_value(verdicts, epoch, std::nullopt);
  CHECK(add_value(verdicts, 7, std::nullopt).direction == "undecided");
}

TEST_CASE("numbers that are no nearer than independent data would be decide nothing") {
  Verdicts verdicts({});
  for (int epoch = 0; epoch < 5; ++epoch) {
    const DirectionRow row = add_value(verdicts, epoch, 0.869 - 0.001 * (epoch % 2), 0.87);
    CHECK(row.direction == "undecided");
  }
  // What leaves its floor has a direction.
  add_value(verdicts, 5, 0.82, 0.87);
  CHECK(add_value(verdicts, 6, 0.78, 0.87).direction == "nearing");
}

TEST_CASE("curves are of references that stay, by name or of the only layer; streams are apart") {
  Verdicts verdicts({});
  const auto row_of = [](const char* reference, const char* reference_layer) {
    MeasureRow row = number_at(0, 0.5);
    row.reference = reference;
    row.reference_kind = kind_of_reference(reference);
    row.reference_layer = reference_layer;
    return row;
  };
  std::vector<MeasureRow> numbers{
      row_of("seed7", "conv1"), row_of("seed7", "conv2"),    row_of("start", "conv1"),
      row_of("final", "conv1"), row_of("before-2", "conv1"), row_of("wide", "stem"),
      row_of("deep", "a"),      row_of("deep", "b"),         row_of("seed7", "conv1")};
  numbers.back().stream = Stream::train;
  numbers.push_back(row_of("seed7", "conv1"));
  numbers.back().measure = "svcca_distance";
  const auto rows = add(verdicts, 0, numbers).directions;
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].reference == "seed7");
  CHECK(rows[0].reference_layer == "conv1");
  CHECK(rows[1].reference == "start");
  CHECK(rows[2].reference == "wide");
  CHECK(rows[2].reference_layer == "stem");
  CHECK_THROWS_AS(add(verdicts, 1, numbers, {{}, {}}), Error);
}

TEST_CASE("alarms on layers are of the trained network, against what it was before") {
  Verdicts verdicts({});
  LayerRow row = layer_row("fc", 10, 0);
  const auto at = [&](std::int64_t epoch, double root_mean_square, const char* network = "net") {
    row.root_mean_square = root_mean_square;
    row.network = network;
    return add(verdicts, epoch, {}, {}, {row}).verdicts;
  };
  CHECK(at(0, 0).empty());
  CHECK(at(1, 0.5).empty());
  CHECK(at(2, 49).empty());
  CHECK(at(3, 5e6, "seed7").empty());
  REQUIRE(at(4, 5e6).size() == 1);
  row.dead = 5;
  const auto both = at(5, 5e6);
  REQUIRE(both.size() == 2);
  CHECK(both[0].verdict == "dead");
  CHECK(both[1].verdict == "exploding");
  CHECK(both[1].epoch == 5);
  CHECK(both[1].step == 500);
}

TEST_CASE("a restored state gives the same rows, to the last bit") {
  NoisyCurve curve({.common = 0.02, .fresh = 0.003, .jitter = 0.002}, seed);
  std::vector<std::pair<MeasureRow, std::vector<HalfValue>>> snapshots;
  for (int epoch = 0; epoch < 16; ++epoch) {
    snapshots.push_back(curve.at(epoch, epoch < 5 ? 0.7 - 0.06 * epoch : 0.4));
    snapshots.back().first.noise_floor = 0.8 + 1e-3 / 3;
    snapshots.back().first.standard_error = 0.02 / 3;
  }
  const auto add_to = [&](Verdicts& verdicts, std::size_t i) {
    const LayerRow layer = layer_row("conv1", 8, std::pow(1.7, static_cast<double>(i)) / 3);
    std::string text;
    const SnapshotVerdicts said = add(verdicts, snapshots[i].first.epoch, {snapshots[i].first},
                                      {snapshots[i].second}, {layer});
    for (const VerdictRow& row : said.verdicts) text += to_json(row, "run", 0) + "\n";
    for (const DirectionRow& row : said.directions) text += to_json(row, "run", 0) + "\n";
    return text;
  };
  for (std::size_t cut = 0; cut <= snapshots.size(); ++cut) {
    CAPTURE(cut);
    Verdicts uninterrupted({});
    for (std::size_t i = 0; i < cut; ++i) add_to(uninterrupted, i);
    Verdicts restored({});
    REQUIRE(restored.restore(uninterrupted.state()));
    CHECK(restored.state() == uninterrupted.state());
    for (std::size_t i = cut; i < snapshots.size(); ++i) {
      CHECK(add_to(restored, i) == add_to(uninterrupted, i));
    }
  }
}

TEST_CASE("what is no state is refused with a reason and changes nothing") {
  Verdicts verdicts({});
  for (int epoch = 0; epoch < 4; ++epoch) add_value(verdicts, epoch, 0.5);
  const std::string before = verdicts.state();
  auto descending = livecca_tests::parsed(before);
  descending["curves"][0]["points"][1]["snapshot"] = 0;
  auto later = livecca_tests::parsed(before);
  later["version"] = 3;
  for (const std::string& text : {std::string("{}"), std::string("no"), before.substr(0, 90),
                                  descending.dump(), later.dump()}) {
    CHECK(
        verdicts.restore(text).why().starts_with("verdicts: expected a state of version 2, got: "));
    CHECK(verdicts.state() == before);
  }
  // Names may hold any bytes.
  MeasureRow odd = number_at(4, 0.5);
  odd.layer = odd.reference_layer = "conv\xff";
  add(verdicts, 4, {odd});
  CHECK(Verdicts({}).restore(verdicts.state()));
}

TEST_CASE("options that make no sense are refused") {
  const auto why_not = [](const std::function<void(VerdictOptions&)>& change) {
    VerdictOptions options;
    change(options);
    CHECK_THROWS_AS(Verdicts{options}, Error);
    return options.check().why();
  };
  CHECK(why_not([](auto& options) { options.snapshots = 2; }) ==
        "verdict options: expected 3 or more snapshots, got 2");
  why_not([](auto& options) { options.tolerance = 0; });
  why_not([](auto& options) { options.first_verdict = 3; });
  why_not([](auto& options) { options.least_change = -1; });
  why_not([](auto& options) { options.least_change = std::nan(""); });
  why_not([](auto& options) { options.dead_share = 0; });
  why_not([](auto& options) { options.exploding_growth = 1; });
  why_not([](auto& options) { options.nonfinite_share = 1.5; });
  CHECK(VerdictOptions{}.check());
}
