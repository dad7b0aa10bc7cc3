#include <doctest/doctest.h>

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <vector>

#include "livecca/activations/packed_rows.hpp"
#include "support/packed_values.hpp"
#include "support/stored_tensor.hpp"

using namespace livecca;
using livecca_tests::Extents;
using livecca_tests::StoredTensor;
using livecca_tests::values_of;

namespace {

constexpr std::uint64_t gathered_seed = 41;
constexpr std::int64_t sequences = 6;
constexpr std::int64_t padded_steps = 9;
constexpr float anything = -77;

/// Steps that are valid, in no order; one sequence has none, one has all.
std::vector<std::uint8_t> random_mask() {
  std::mt19937_64 random(gathered_seed);
  std::vector<std::uint8_t> mask;
  for (std::int64_t n = 0; n < sequences; ++n)
    for (std::int64_t t = 0; t < padded_steps; ++t)
      mask.push_back(n == 2 || (n != 4 && random() % 3 != 0) ? 1 : 0);
  return mask;
}

struct Choice {
  Positions positions = Positions::all();
  std::uint64_t first_image = 0;
  std::vector<std::size_t> features = {};
  std::vector<std::uint8_t> valid = {};  ///< sequences × steps; empty: all

  SequenceMask mask() const {
    return valid.empty() ? SequenceMask() : SequenceMask(valid.data(), sequences, padded_steps);
  }
};

/// The steps of a sequence that are valid, or all positions of an image.
std::vector<std::size_t> places_of(const Choice& choice, std::size_t image, std::size_t positions) {
  std::vector<std::size_t> places;
  for (std::size_t p = 0; p < positions; ++p) {
    if (choice.valid.empty() || choice.valid[image * positions + p] != 0) places.push_back(p);
  }
  return places;
}

/// What a hook brings, gathered by loops.
struct Gathered {
  std::vector<float> values;
  std::vector<std::int64_t> positions;
  std::array<std::int64_t, 2> extents{};
  ActivationShape shape;

  GatheredRows rows() const {
    return {
        .values = {values.data(), DType::float32, extents}, .shape = shape, .positions = positions};
  }
};

void add_row(Gathered& to, const StoredTensor& from, std::int64_t image,
             std::optional<std::size_t> position, const Choice& choice) {
  for (std::int64_t c = 0; c < from.extents().c; ++c) {
    const auto feature = static_cast<std::size_t>(c);
    if (!choice.features.empty() && std::ranges::count(choice.features, feature) == 0) continue;
    const auto p = static_cast<std::int64_t>(position.value_or(0));
    to.values.push_back(position ? static_cast<float>(from.at(image, c, p)) : anything);
  }
  to.positions.push_back(position ? static_cast<std::int64_t>(*position) : -1);
}

Gathered gathered(const StoredTensor& tensor, const Reading& reading, const Choice& choice) {
  const Extents& extents = tensor.extents();
  Gathered result;
  result.shape = {static_cast<std::size_t>(extents.n), static_cast<std::size_t>(extents.c),
                  Grid{static_cast<std::size_t>(extents.h), static_cast<std::size_t>(extents.w),
                       static_cast<std::size_t>(extents.d)}};
  const std::size_t positions = result.shape.grid.size();
  const std::size_t per_image = rows_per_image(reading, choice.positions, result.shape.grid);
  for (std::int64_t n = 0; n < extents.n; ++n) {
    const auto image = static_cast<std::size_t>(n);
    const std::vector<std::size_t> places = places_of(choice, image, positions);
    std::vector<std::size_t> chosen;
    if (reading.samples == Samples::positions) {
      choose_positions(choice.positions, Grid{1, places.size()}, choice.first_image + image,
                       chosen);
    } else if (!places.empty()) {
      chosen = {reading.samples == Samples::last ? places.size() - 1 : reading.step};
    }
    for (std::size_t row = 0; row < per_image; ++row) {
      const bool is_there = row < chosen.size();
      add_row(result, tensor, n, is_there ? std::optional(places[chosen[row]]) : std::nullopt,
              choice);
    }
  }
  const auto rows = static_cast<std::int64_t>(result.positions.size());
  result.extents = {rows, static_cast<std::int64_t>(result.values.size()) / rows};
  return result;
}

void check_same(StoredTensor tensor, const Reading& reading, const Choice& choice) {
  CAPTURE(reading.text());
  CAPTURE(choice.positions.per_image);
  PackedRows whole;
  const auto view = tensor.view<float>(reading.layout, DType::float32, 0, false);
  REQUIRE(whole.pack(view, reading, choice.positions, choice.first_image, choice.features,
                     choice.mask()));
  PackedRows rows;
  const Gathered brought = gathered(tensor, reading, choice);
  const auto packed = rows.pack_gathered(brought.rows(), reading, choice.positions,
                                         choice.first_image, choice.features, choice.mask());
  REQUIRE_MESSAGE(packed, packed.why());
  CHECK(values_of(rows) == values_of(whole));
  CHECK(rows.pairs_with(whole));
  CHECK(rows.most_rows() == whole.most_rows());
  CHECK(rows.features_of_tap() == whole.features_of_tap());
  CHECK(rows.dtype() == whole.dtype());
  CHECK(rows.roundoff() == whole.roundoff());
  CHECK(std::ranges::equal(rows.valid(), whole.valid()));
  CHECK(std::ranges::equal(rows.finite(), whole.finite()));
  CHECK(std::ranges::equal(rows.steps(), whole.steps()));
}

const std::vector<Positions> some_positions{Positions::all(), Positions::sampled(3, 5),
                                            Positions::sampled(100)};

StoredTensor some_sequences() {
  return StoredTensor({.n = sequences, .c = 5, .w = padded_steps}, gathered_seed);
}

}  // namespace

TEST_CASE("gathered rows of images are those of the whole activation") {
  MESSAGE("seed " << gathered_seed);
  for (const Positions positions : some_positions) {
    for (const std::vector<std::size_t>& features : {std::vector<std::size_t>{}, {1, 4}}) {
      const Choice choice{.positions = positions, .first_image = 12, .features = features};
      check_same(StoredTensor({.n = 4, .c = 5}, gathered_seed), Layout::nc, choice);
      check_same(StoredTensor({.n = 4, .c = 5, .h = 3, .w = 6}, gathered_seed), Layout::nchw,
                 choice);
      check_same(StoredTensor({.n = 3, .c = 5, .d = 2, .h = 4, .w = 6}, gathered_seed),
                 Layout::ncdhw, choice);
    }
  }
}

TEST_CASE("gathered rows of sequences are those of the whole activation, whatever the mask") {
  for (const std::vector<std::uint8_t>& valid : {std::vector<std::uint8_t>{}, random_mask()}) {
    for (const Layout layout : {Layout::ntc, Layout::tnc}) {
      for (const Positions positions : some_positions) {
        check_same(some_sequences(), layout,
                   {.positions = positions, .first_image = 7, .valid = valid});
      }
      check_same(some_sequences(), Reading::last_step(layout), {.valid = valid});
    }
  }
  check_same(some_sequences(), Reading::at_step(Layout::ntc, 4), {.features = {0, 2}});
}

TEST_CASE("flattened rows that were gathered hold the chosen features alone") {
  StoredTensor tensor({.n = 4, .c = 5, .h = 3, .w = 6}, gathered_seed);
  const Reading reading = Reading::flattened(Layout::nchw);
  const std::vector<std::size_t> features{3, 17, 18, 89};
  PackedRows whole;
  REQUIRE(whole.pack(tensor.view(Layout::nchw), reading, Positions::all(), 0, features));
  const std::vector<double> values = values_of(whole);
  const std::array<std::int64_t, 2> extents{4, 4};
  PackedRows rows;
  const GatheredRows brought{.values = {values.data(), DType::float64, extents},
                             .shape = {4, 5, Grid{3, 6}},
                             .positions = {}};
  REQUIRE(rows.pack_gathered(brought, reading, Positions::all(), 0, features));
  CHECK(values_of(rows) == values);
  CHECK(rows.features_of_tap() == 90);
  CHECK(rows.pairs_with(whole));
}

TEST_CASE("gathered rows that livecca would not choose are refused, and none are left") {
  const StoredTensor tensor = some_sequences();
  const Positions three = Positions::sampled(3, 5);
  const Choice choice{.positions = three, .valid = random_mask()};
  const auto refused = [&](const Gathered& brought, const Reading& reading,
                           std::uint64_t first_image = 0) {
    PackedRows rows;
    const auto packed =
        rows.pack_gathered(brought.rows(), reading, three, first_image, {}, choice.mask());
    CHECK(rows.rows() == 0);
    CHECK(rows.images() == 0);
    return packed.why();
  };
  const std::string others =
      "expected rows gathered at the positions that the seed and the mask choose, got others";
  const Gathered right = gathered(tensor, Layout::ntc, choice);
  CHECK(refused(right, Layout::ntc, 1) == others);
  CHECK(refused(gathered(tensor, Reading::last_step(Layout::ntc), {}),
                Reading::last_step(Layout::ntc)) == others);
  CHECK(refused(right, Reading::pooled(Layout::ntc)) ==
        "expected the whole activation to take its mean, got gathered rows");
  Gathered few = right;
  few.extents[0] -= 1;
  CHECK(refused(few, Layout::ntc) ==
        "expected 3 gathered rows of 5 features for each of 6 images, got 17 x 5");
  few = right;
  few.positions.pop_back();
  CHECK(refused(few, Layout::ntc) == "expected the positions of 18 gathered rows, got 17");
  few = right;
  few.shape.features = 0;
  CHECK(refused(few, Layout::ntc) == "expected at least one feature and one position");
}
