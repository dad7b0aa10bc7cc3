#include <doctest/doctest.h>

#include <limits>

#include "support/example_rows.hpp"
#include "verdicts/layer_alarms.hpp"

using namespace livecca;

namespace {

MeasureRow number(const char* reference_layer, double value, std::optional<double> floor = {},
                  const char* measure = "pwcca_distance") {
  MeasureRow row = livecca_tests::number_of("conv2", reference_layer, value);
  row.measure = measure;
  if (row.measure.ends_with("_similarity")) row.direction = Direction::similarity;
  row.noise_floor = floor;
  return row;
}

std::optional<VerdictRow> alarm_of(const std::vector<MeasureRow>& rows,
                                   const std::vector<std::vector<HalfValue>>& halves = {}) {
  std::vector<LayerMatch> matches;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    matches.push_back({&rows[i], {}});
    if (!halves.empty()) matches.back().halves = halves[i];
  }
  return match_alarm(matches, {});
}

LayerRow healthy() {
  LayerRow row = livecca_tests::layer_row("conv1", 64, 1.5);
  row.dead = 31;
  row.rank = 33;
  return row;
}

}  // namespace

TEST_CASE("a layer that matches another one best is told, with both numbers") {
  const auto alarm = alarm_of({number("conv1", 0.5), number("conv2", 0.4), number("conv3", 0.21)});
  REQUIRE(alarm);
  CHECK(alarm->verdict == "best_match_elsewhere");
  CHECK(alarm->layer == "conv2");
  CHECK(alarm->reference == "seed7");
  CHECK(alarm->reference_layer == "conv3");
  CHECK(alarm->message ==
        "matches conv3 of seed7 best: pwcca_distance 0.21, and 0.4 with its own name");
  // Of a similarity the larger is closer.
  const char* cka = "linear_cka_similarity";
  CHECK_FALSE(alarm_of({number("conv2", 0.9, {}, cka), number("conv3", 0.2, {}, cka)}));
  CHECK(alarm_of({number("conv2", 0.2, {}, cka), number("conv3", 0.9, {}, cka)}));
}

TEST_CASE("there is no alarm without a better match, nor where names do not coincide") {
  CHECK_FALSE(alarm_of({number("conv1", 0.5), number("conv2", 0.2), number("conv3", 0.3)}));
  CHECK_FALSE(alarm_of({number("conv2", 0.3), number("conv3", 0.297)}));
  CHECK_FALSE(alarm_of({number("block1", 0.5), number("block2", 0.2)}));
  CHECK_FALSE(alarm_of({number("conv2", 0.5)}));
  MeasureRow missing = number("conv2", 0);
  missing.value.reset();
  CHECK_FALSE(alarm_of({missing, number("conv3", 0.2), number("conv1", 0.1)}));
}

TEST_CASE("layers of unequal width are compared by how far they are from their floors") {
  // A wide layer scores 0.6 by chance alone, so 0.35 is less than 0.4 of a narrow one.
  CHECK_FALSE(alarm_of({number("conv2", 0.4, 0.9), number("wide", 0.35, 0.4)}));
  CHECK(alarm_of({number("conv2", 0.4, 0.9), number("wide", 0.35)}));
  CHECK(alarm_of({number("conv2", 0.4, 0.45), number("conv3", 0.4, 0.9)}));
  // Where unrelated data would be the same, nothing is a match; values are compared then.
  CHECK_FALSE(alarm_of({number("conv2", 0.4, 0.9), number("wide", 0.35, 0.0)}));
  CHECK(alarm_of({number("conv2", 0.4, 0.0), number("conv3", 0.35, 0.9)}));
}

TEST_CASE("a difference within two standard errors is none, unless both vary alike") {
  std::vector<MeasureRow> rows{number("conv2", 0.40), number("conv3", 0.35)};
  for (MeasureRow& row : rows) row.standard_error = 0.03;
  CHECK_FALSE(alarm_of(rows));
  std::vector<std::vector<HalfValue>> halves(2);
  for (const double common : {-0.03, 0.03}) {
    halves[0].push_back({0.40 + common, 0.5});
    halves[1].push_back({0.35 + 1.1 * common, 0.5});
  }
  CHECK(alarm_of(rows, halves));
  for (HalfValue& half : halves[1]) half.value = 0.70 - half.value;
  CHECK_FALSE(alarm_of(rows, halves));
}

TEST_CASE("a layer is dead once half of the neurons that varied no longer do") {
  LayerRow row = healthy();
  DeadCourse course{.fewest = 0, .is_first = false};
  CHECK_FALSE(dead_alarm(row, course, {}));
  row.dead = row.rank = 32;
  const auto alarm = dead_alarm(row, course, {});
  REQUIRE(alarm);
  CHECK(alarm->verdict == "dead");
  CHECK(alarm->layer == "conv1");
  CHECK(alarm->message == "32 of 64 neurons do not vary, rank 32");
  // 20 never varied: 22 of the other 44 are at 42.
  course.fewest = 20;
  row.dead = 41;
  CHECK_FALSE(dead_alarm(row, course, {}));
  row.dead = 42;
  CHECK(dead_alarm(row, course, {}));
  row.effective_samples = 3;
  CHECK_FALSE(dead_alarm(row, course, {}));
  row = healthy();
  row.dead = row.rank = 0;  // its solve failed
  CHECK_FALSE(dead_alarm(row, {.fewest = 0, .is_first = true}, {}));
}

TEST_CASE("a layer that begins half dead is told once, and one that is all dead always") {
  LayerRow row = healthy();
  row.dead = 40;
  row.rank = 24;
  CHECK(dead_alarm(row, {.fewest = 40, .is_first = true}, {}).value().message ==
        "40 of 64 neurons do not vary, from the first snapshot on, rank 24");
  CHECK_FALSE(dead_alarm(row, {.fewest = 40, .is_first = false}, {}));
  row.dead = 64;
  row.rank = 0;
  CHECK(dead_alarm(row, {.fewest = 64, .is_first = false}, {}));
}

TEST_CASE("a layer explodes by its activations' size or by what is not finite") {
  LayerRow row = healthy();
  CHECK_FALSE(exploding_alarm(row, {}, {}));
  row.root_mean_square = 1.6;
  row.samples_left_out = row.samples_nonfinite = 11;
  row.samples = 989;
  GrowthCourse course;
  course.exploded_from = 0.01;
  const auto alarm = exploding_alarm(row, course, {});
  REQUIRE(alarm);
  CHECK(alarm->verdict == "exploding");
  CHECK(alarm->message ==
        "root mean square 1.6, 160 times the highest before, 0.01; 11 of 1000 samples are not "
        "finite");
  CHECK(exploding_alarm(row, {}, {})->message == "11 of 1000 samples are not finite");
  row.samples_left_out = 500;  // others' rows
  row.samples_nonfinite = 9;
  CHECK_FALSE(exploding_alarm(row, {}, {}));
  row.samples = row.samples_left_out = row.samples_nonfinite = 0;
  CHECK_FALSE(exploding_alarm(row, {}, {}));
  row.root_mean_square = 2e18;
  CHECK(exploding_alarm(row, {}, {})->message ==
        "root mean square 2e+18, its square is near the largest number of float32");
  row.root_mean_square = 7000;
  CHECK_FALSE(exploding_alarm(row, {}, {}));
  row.dtype = "float16";
  CHECK(exploding_alarm(row, {}, {})->message ==
        "root mean square 7e+03, near the largest number of float16, 65,504");
  row.root_mean_square = 6000;
  CHECK_FALSE(exploding_alarm(row, {}, {}));
}
