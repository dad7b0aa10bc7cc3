#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "livecca/activations/packed_rows.hpp"
#include "livecca/common/error.hpp"
#include "support/packed_values.hpp"
#include "support/stored_tensor.hpp"

using namespace livecca;
using livecca_tests::StoredTensor;
using livecca_tests::values_of;

namespace {

constexpr std::uint64_t masks_seed = 99;
constexpr std::int64_t channels = 3;

/// Sequences of these lengths, padded with NaN.
StoredTensor padded(const std::vector<std::int64_t>& lengths, std::int64_t steps,
                    std::uint64_t content = masks_seed) {
  // Steps are laid out along the width, so that the same content comes out under any padding.
  StoredTensor content_of_longest(
      {.n = static_cast<std::int64_t>(lengths.size()), .c = channels, .w = 20}, content);
  StoredTensor tensor({.n = static_cast<std::int64_t>(lengths.size()), .c = channels, .w = steps},
                      content);
  for (std::int64_t n = 0; n < tensor.extents().n; ++n)
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t t = 0; t < steps; ++t)
        tensor.at(n, c, 0, 0, t) = t < lengths[static_cast<std::size_t>(n)]
                                       ? content_of_longest.at(n, c, t)
                                       : std::nan("");
  return tensor;
}

std::vector<std::uint8_t> mask_of(const std::vector<std::int64_t>& lengths, std::int64_t steps) {
  std::vector<std::uint8_t> mask;
  for (const std::int64_t length : lengths)
    for (std::int64_t t = 0; t < steps; ++t) mask.push_back(t < length ? 1 : 0);
  return mask;
}

PackedRows masked_rows(const ActivationView& view, const Reading& reading, const SequenceMask& mask,
                       const Positions& positions = Positions::all(), std::uint64_t first = 0) {
  PackedRows rows;
  const auto packed = rows.pack(view, reading, positions, first, {}, mask);
  REQUIRE_MESSAGE(packed, packed.why());
  return rows;
}

std::vector<int> ints(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

const std::vector<std::int64_t> lengths{5, 0, 7, 2};

}  // namespace

TEST_CASE("only valid steps become rows, and what lies in the padding is not looked at") {
  StoredTensor tensor = padded(lengths, 9);
  const std::vector<std::uint8_t> bytes = mask_of(lengths, 9);
  const std::vector<std::uint8_t> transposed = [&] {
    std::vector<std::uint8_t> result;
    for (std::size_t t = 0; t < 9; ++t)
      for (std::size_t n = 0; n < 4; ++n) result.push_back(bytes[n * 9 + t]);
    return result;
  }();
  std::vector<double> expected;
  for (std::int64_t n = 0; n < 4; ++n)
    for (std::int64_t t = 0; t < lengths[static_cast<std::size_t>(n)]; ++t)
      for (std::int64_t c = 0; c < channels; ++c) expected.push_back(tensor.at(n, c, t));
  for (const SequenceMask& mask :
       {SequenceMask(bytes.data(), 4, 9), SequenceMask(transposed.data(), 4, 9, 1, 4),
        SequenceMask::of_lengths(lengths)}) {
    for (const Layout layout : {Layout::ntc, Layout::tnc}) {
      const PackedRows rows = masked_rows(tensor.view(layout), layout, mask);
      CHECK(values_of(rows) == expected);
      CHECK(rows.rows() == 14);
      CHECK(ints(rows.finite()) == std::vector<int>(14, 1));
      CHECK(rows.valid().empty());
      CHECK(rows.images() == 4);
      CHECK_FALSE(rows.is_even());
      CHECK(rows.first_row(1) == 5);
      CHECK(rows.first_row(2) == 5);
      CHECK(rows.first_row(3) == 12);
      CHECK(rows.first_row(4) == 14);
      std::vector<std::uint32_t> steps;
      for (const std::int64_t length : lengths)
        for (std::uint32_t t = 0; t < length; ++t) steps.push_back(t);
      CHECK(std::ranges::equal(rows.steps(), steps));
    }
  }
}

TEST_CASE("effective images are the sequences that have a valid step") {
  StoredTensor tensor = padded(lengths, 9);
  PackedRows rows =
      masked_rows(tensor.view(Layout::ntc), Layout::ntc, SequenceMask::of_lengths(lengths));
  std::vector<std::uint8_t> keep(14, 1);
  keep[12] = keep[13] = 0;  // the last sequence
  const std::vector<double> weights{1, 2, 3, 4};
  rows.center(keep, weights);
  CHECK(rows.rows() == 12);
  CHECK(rows.weights().sum == 5 * 1 + 7 * 3);
  CHECK(rows.weights().image_sum == 4);
  CHECK(rows.weights().image_squares == 10);
}

TEST_CASE("a seeded choice takes valid steps, whatever the padding and the batch") {
  const std::vector<std::int64_t> many{9, 3, 12, 1, 0, 7, 12, 4};
  const Positions positions = Positions::sampled(4, 17);
  StoredTensor narrow = padded(many, 12);
  StoredTensor wide = padded(many, 19);
  const auto mask = SequenceMask::of_lengths(many);
  const auto whole =
      values_of(masked_rows(narrow.view(Layout::ntc), Layout::ntc, mask, positions, 100));
  CHECK(values_of(masked_rows(wide.view(Layout::tnc), Layout::tnc, mask, positions, 100)) == whole);
  // One sequence at a time.
  std::vector<double> parts;
  std::vector<double> expected;
  std::vector<std::size_t> chosen;
  for (std::size_t n = 0; n < many.size(); ++n) {
    const ActivationView view = wide.view(Layout::ntc);
    const std::vector<std::int64_t> shape{1, 19, channels};
    const ActivationView one(static_cast<const double*>(view.data()) + n * 19 * channels,
                             DType::float64, shape);
    const PackedRows rows =
        masked_rows(one, Layout::ntc, SequenceMask::of_lengths({&many[n], 1}), positions, 100 + n);
    for (const double value : values_of(rows)) parts.push_back(value);
    choose_positions(positions, Grid{1, static_cast<std::size_t>(many[n])}, 100 + n, chosen);
    CHECK(std::ranges::equal(rows.steps(), chosen));
    for (const std::size_t step : chosen)
      for (std::int64_t c = 0; c < channels; ++c)
        expected.push_back(
            narrow.at(static_cast<std::int64_t>(n), c, static_cast<std::int64_t>(step)));
  }
  CHECK(parts == whole);
  CHECK(expected == whole);
}

TEST_CASE("a mask with holes leaves them out of a choice, and the choice is of the others") {
  StoredTensor tensor = padded({6}, 6);
  const std::vector<std::uint8_t> mask{0, 1, 1, 0, 1, 1};
  const std::vector<std::int64_t> valid{1, 2, 4, 5};
  std::vector<std::size_t> chosen;
  for (std::uint64_t place = 0; place < 50; ++place) {
    const Positions positions = Positions::sampled(2, 5);
    const PackedRows rows = masked_rows(tensor.view(Layout::ntc), Layout::ntc,
                                        SequenceMask(mask.data(), 1, 6), positions, place);
    choose_positions(positions, Grid{1, 4}, place, chosen);
    REQUIRE(rows.rows() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(values_of(rows)[i * channels] == tensor.at(0, 0, valid[chosen[i]]));
    }
  }
}

TEST_CASE("pooled is the mean over valid steps; last, one step and flattened need theirs") {
  StoredTensor tensor = padded(lengths, 7);
  const auto mask = SequenceMask::of_lengths(lengths);
  const PackedRows pooled =
      masked_rows(tensor.view(Layout::ntc), Reading::pooled(Layout::ntc), mask);
  const PackedRows last =
      masked_rows(tensor.view(Layout::tnc), Reading::last_step(Layout::tnc), mask);
  const PackedRows third =
      masked_rows(tensor.view(Layout::ntc), Reading::at_step(Layout::ntc, 2), mask);
  const PackedRows flat =
      masked_rows(tensor.view(Layout::ntc), Reading::flattened(Layout::ntc), mask);
  const PackedRows beyond =
      masked_rows(tensor.view(Layout::ntc), Reading::at_step(Layout::ntc, 7), mask);
  CHECK(ints(pooled.valid()) == std::vector<int>{1, 0, 1, 1});
  CHECK(ints(last.valid()) == std::vector<int>{1, 0, 1, 1});
  CHECK(ints(third.valid()) == std::vector<int>{1, 0, 1, 0});
  CHECK(ints(flat.valid()) == std::vector<int>{0, 0, 1, 0});
  CHECK(ints(beyond.valid()) == std::vector<int>{0, 0, 0, 0});
  for (const PackedRows* rows : {&pooled, &last, &third, &flat, &beyond}) {
    CHECK(rows->rows() == 4);
    CHECK(ints(rows->finite()) == std::vector<int>{1, 1, 1, 1});
  }
  for (std::int64_t n = 0; n < 4; ++n) {
    const std::int64_t length = lengths[static_cast<std::size_t>(n)];
    for (std::int64_t c = 0; c < channels; ++c) {
      const auto place = static_cast<std::size_t>(n * channels + c);
      double sum = 0;
      for (std::int64_t t = 0; t < length; ++t) sum += tensor.at(n, c, t);
      if (length > 0) {
        CHECK(values_of(pooled)[place] == sum / static_cast<double>(length));
        CHECK(values_of(last)[place] == tensor.at(n, c, length - 1));
      }
      if (length > 2) CHECK(values_of(third)[place] == tensor.at(n, c, 2));
    }
  }
}

TEST_CASE("the last valid step is the last that a mask with holes names") {
  StoredTensor tensor = padded({6}, 6);
  const std::vector<std::uint8_t> mask{1, 0, 0, 1, 0, 0};
  const PackedRows rows = masked_rows(tensor.view(Layout::ntc), Reading::last_step(Layout::ntc),
                                      SequenceMask(mask.data(), 1, 6));
  CHECK(values_of(rows)[1] == tensor.at(0, 1, 3));
}

TEST_CASE("rows that are not valid are never kept") {
  StoredTensor tensor = padded(lengths, 7);
  PackedRows rows = masked_rows(tensor.view(Layout::ntc), Reading::last_step(Layout::ntc),
                                SequenceMask::of_lengths(lengths));
  rows.center(std::vector<std::uint8_t>(4, 1));
  CHECK(rows.rows() == 3);
  CHECK(rows.weights().effective_images() == 3);
}

TEST_CASE("rows pair where the same steps are valid, whatever the padding") {
  StoredTensor narrow = padded(lengths, 7);
  StoredTensor wide = padded(lengths, 12);
  const auto mask = SequenceMask::of_lengths(lengths);
  const std::vector<std::int64_t> other_lengths{5, 0, 7, 3};
  StoredTensor other = padded(other_lengths, 7);
  for (const Positions positions : {Positions::all(), Positions::sampled(2)}) {
    const PackedRows a = masked_rows(narrow.view(Layout::ntc), Layout::ntc, mask, positions);
    const PackedRows b = masked_rows(wide.view(Layout::tnc), Layout::tnc, mask, positions);
    const PackedRows c = masked_rows(other.view(Layout::ntc), Layout::ntc,
                                     SequenceMask::of_lengths(other_lengths), positions);
    CHECK(a.pairs_with(b));
    CHECK_FALSE(a.pairs_with(c));
    CHECK(values_of(a) == values_of(b));
  }
  // A mask that leaves nothing out but padding is as good as none.
  const std::vector<std::int64_t> full{5, 5};
  StoredTensor unpadded = padded(full, 5);
  StoredTensor more = padded(full, 8);
  const PackedRows a = masked_rows(unpadded.view(Layout::ntc), Layout::ntc, {});
  const PackedRows b =
      masked_rows(more.view(Layout::ntc), Layout::ntc, SequenceMask::of_lengths(full));
  CHECK(a.pairs_with(b));
  CHECK(b.is_even());
}

TEST_CASE("a mask that does not fit says what was expected and what came") {
  StoredTensor tensor = padded(lengths, 7);
  PackedRows rows;
  const auto refused = [&](Layout layout, const SequenceMask& mask) {
    const auto packed = rows.pack(tensor.view(layout), layout, Positions::all(), 0, {}, mask);
    CHECK(rows.rows() == 0);
    return packed.why();
  };
  const std::vector<std::uint8_t> bytes(40, 1);
  CHECK(refused(Layout::ntc, SequenceMask(bytes.data(), 4, 8)) ==
        "expected a mask of 4 sequences x 7 steps, got 4 sequences x 8 steps");
  CHECK(refused(Layout::tnc, SequenceMask(bytes.data(), 5, 7)) ==
        "expected a mask of 4 sequences x 7 steps, got 5 sequences x 7 steps");
  const std::vector<std::int64_t> three{1, 2, 3};
  CHECK(refused(Layout::ntc, SequenceMask::of_lengths(three)) ==
        "expected the lengths of 4 sequences, got 3");
  const std::vector<std::int64_t> too_long{1, 2, 8, 3};
  CHECK(refused(Layout::ntc, SequenceMask::of_lengths(too_long)) ==
        "expected lengths of 0 to 7 steps, got 8 of sequence 2 of the batch");
  const std::vector<std::int64_t> negative{1, -1, 3, 3};
  CHECK(refused(Layout::ntc, SequenceMask::of_lengths(negative)).find("got -1") !=
        std::string::npos);
  CHECK(refused(Layout::ncl, SequenceMask::of_lengths(lengths)) ==
        "expected no mask for layout ncl, which has no steps");
  CHECK_THROWS_AS(SequenceMask(nullptr, 2, 2), Error);
}

TEST_CASE("recorded rows remember which of them are valid") {
  const std::vector<float> values(6 * 2, 1.0F);
  const std::vector<std::int64_t> shape{6, 2};
  const std::vector<std::uint8_t> valid{1, 0, 1, 1, 1, 0};
  const ActivationView view(values.data(), DType::float32, shape);
  PackedRows rows;
  REQUIRE(rows.pack_recorded(view, 1, Grid{}, valid));
  CHECK(ints(rows.valid()) == std::vector<int>{1, 0, 1, 1, 1, 0});
  CHECK(rows.pack_recorded(view, 1, Grid{}, std::span(valid).first(5))
            .why()
            .find("6 recorded rows") != std::string::npos);
}
