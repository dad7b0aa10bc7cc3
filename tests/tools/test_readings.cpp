#include <algorithm>
#include <cmath>
#include <limits>

#include "program.hpp"

// What of a file is a sample: --samples, --layout and --mask.

using namespace livecca_tests;
using nlohmann::json;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Element (i, j, k, …) of an array in C order.
template <typename... Index>
double& at(NpyArray& array, Index... index) {
  std::size_t place = 0;
  std::size_t axis = 0;
  ((place = place * array.shape[axis++] + static_cast<std::size_t>(index)), ...);
  return array.values[place];
}

NpyArray of_shape(std::vector<std::size_t> shape) {
  std::size_t size = 1;
  for (const std::size_t extent : shape) size *= extent;
  return {std::move(shape), std::vector<double>(size)};
}

/// 120 sequences of 5 steps and two networks' 3 and 4 neurons; the lengths go from 2 to 5 and what
/// lies beyond is NaN.
class SequenceFixture : public ProgramFixture {
 public:
  static constexpr std::size_t sequences = 120;
  static constexpr std::size_t steps = 5;

  SequenceFixture() {
    const NpyArray base = small_integers({sequences, steps * 3}, 1);
    x = small_integers({sequences, steps * 3}, 2, &base);
    x.shape = {sequences, steps, 3};
    const NpyArray other = small_integers({sequences, steps * 4}, 3, &base);
    y = other;
    y.shape = {sequences, steps, 4};
    lengths = of_shape({sequences});
    mask = of_shape({sequences, steps});
    for (std::size_t i = 0; i < sequences; ++i) {
      lengths.values[i] = static_cast<double>(length(i));
      for (std::size_t t = 0; t < steps; ++t) {
        at(mask, i, t) = t < length(i) ? 1 : 0;
        if (t < length(i)) continue;
        for (std::size_t j = 0; j < 3; ++j) at(x, i, t, j) = not_a_number;
        for (std::size_t j = 0; j < 4; ++j) at(y, i, t, j) = not_a_number;
      }
    }
    write("x.npy", x);
    write("y.npy", y);
    write("lengths.npy", lengths, {"<i4"});
    write("mask.npy", mask, {"|u1"});
  }

  static std::size_t length(std::size_t sequence) { return 2 + sequence * 7 % 4; }

  /// Writes the rows that `row_of` gives of each sequence, or none of it: a plain matrix.
  template <typename RowOf>
  void write_rows(const std::string& name, NpyArray& of, const RowOf& row_of) const {
    NpyArray rows{{0, of.shape[2]}, {}};
    for (std::size_t i = 0; i < sequences; ++i) {
      for (const std::vector<double>& row : row_of(of, i)) {
        rows.values.insert(rows.values.end(), row.begin(), row.end());
        ++rows.shape[0];
      }
    }
    write(name, rows);
  }

  /// Step t of sequence i.
  static std::vector<double> step_of(NpyArray& of, std::size_t i, std::size_t t) {
    std::vector<double> row;
    for (std::size_t j = 0; j < of.shape[2]; ++j) row.push_back(at(of, i, t, j));
    return row;
  }

  /// compare of the two sides' rows, as plain matrices.
  template <typename RowOf>
  json compare_rows(const RowOf& row_of) {
    write_rows("rows_x.npy", x, row_of);
    write_rows("rows_y.npy", y, row_of);
    return compare({"@rows_x.npy", "@rows_y.npy"});
  }

  json compare_samples(const std::string& samples, const std::string& mask_file = "@lengths.npy") {
    return compare(
        {"@x.npy", "@y.npy", "--layout", "ntc", "--samples", samples, "--mask", mask_file});
  }

  NpyArray x, y, lengths, mask;
};

using Rows = std::vector<std::vector<double>>;

void check_numbers(const json& a, const json& b) {
  for (const char* section : {"similarity", "distance", "canonical_correlations", "ranks"}) {
    check_same(a[section], b[section], 1e-9);
  }
  CHECK(a["samples"] == b["samples"]);
}

}  // namespace

TEST_CASE_FIXTURE(SequenceFixture,
                  "sequences: every valid step, the last one, a given one, means") {
  const json every = compare_samples("positions");
  check_numbers(every, compare_rows([](NpyArray& of, std::size_t i) {
                  Rows rows;
                  for (std::size_t t = 0; t < length(i); ++t) rows.push_back(step_of(of, i, t));
                  return rows;
                }));
  CHECK(every["effective_samples"] == sequences);
  CHECK(every["samples_left_out"] == 0);
  check_numbers(compare_samples("last"), compare_rows([](NpyArray& of, std::size_t i) {
                  return Rows{step_of(of, i, length(i) - 1)};
                }));
  check_numbers(compare_samples("step:3"), compare_rows([](NpyArray& of, std::size_t i) {
                  return length(i) > 3 ? Rows{step_of(of, i, 3)} : Rows{};
                }));
  check_numbers(compare_samples("pooled"), compare_rows([](NpyArray& of, std::size_t i) {
                  std::vector<double> mean(of.shape[2]);
                  for (std::size_t t = 0; t < length(i); ++t) {
                    for (std::size_t j = 0; j < mean.size(); ++j) {
                      mean[j] += at(of, i, t, j) / static_cast<double>(length(i));
                    }
                  }
                  return Rows{mean};
                }));
}

TEST_CASE_FIXTURE(SequenceFixture, "a mask is the same as lengths, and steps may come first") {
  NpyArray x_first = of_shape({steps, sequences, 3});
  NpyArray y_first = of_shape({steps, sequences, 4});
  NpyArray mask_first = of_shape({steps, sequences});
  for (std::size_t i = 0; i < sequences; ++i) {
    for (std::size_t t = 0; t < steps; ++t) {
      for (std::size_t j = 0; j < 3; ++j) at(x_first, t, i, j) = at(x, i, t, j);
      for (std::size_t j = 0; j < 4; ++j) at(y_first, t, i, j) = at(y, i, t, j);
      at(mask_first, t, i) = at(mask, i, t);
    }
  }
  write("x_first.npy", x_first);
  write("y_first.npy", y_first);
  write("mask_first.npy", mask_first, {"|b1"});
  for (const char* samples : {"positions", "last", "step:1", "pooled"}) {
    CAPTURE(samples);
    const json by_lengths = compare_samples(samples);
    check_same(compare_samples(samples, "@mask.npy"), by_lengths, 0);
    const json first = compare({"@x_first.npy", "@y_first.npy", "--layout", "tnc", "--samples",
                                samples, "--mask", "@mask_first.npy", "--batch", "17"});
    check_same(first, by_lengths, 1e-9);
  }
}

TEST_CASE_FIXTURE(SequenceFixture, "masks, lengths and sequences mean the same in Fortran order") {
  NpyArray mask_first = of_shape({steps, sequences});
  NpyArray x_first = of_shape({steps, sequences, 3});
  NpyArray y_first = of_shape({steps, sequences, 4});
  for (std::size_t i = 0; i < sequences; ++i) {
    for (std::size_t t = 0; t < steps; ++t) {
      at(mask_first, t, i) = at(mask, i, t);
      for (std::size_t j = 0; j < 3; ++j) at(x_first, t, i, j) = at(x, i, t, j);
      for (std::size_t j = 0; j < 4; ++j) at(y_first, t, i, j) = at(y, i, t, j);
    }
  }
  for (const char* element : {"|u1", "|b1", "<f4", ">f8", "<i8"}) {
    CAPTURE(element);
    const NpyFormat fortran{.descr = element, .fortran_order = true};
    write("mask_f.npy", mask, fortran);
    write("mask_first_f.npy", mask_first, fortran);
    write("lengths_f.npy", lengths, {.descr = "<i4", .fortran_order = true});
    const NpyFormat values{.descr = "<f8", .fortran_order = true};
    write("x_f.npy", x, values);
    write("y_f.npy", y, values);
    write("x_first_f.npy", x_first, values);
    write("y_first_f.npy", y_first, values);
    for (const char* samples : {"positions", "last", "step:1", "pooled"}) {
      CAPTURE(samples);
      const json by_lengths = compare_samples(samples);
      check_same(compare_samples(samples, "@mask_f.npy"), by_lengths, 0);
      check_same(compare_samples(samples, "@lengths_f.npy"), by_lengths, 0);
      const json in_fortran = compare({"@x_f.npy", "@y_f.npy", "--layout", "ntc", "--samples",
                                       samples, "--mask", "@mask_f.npy"});
      check_same(in_fortran, by_lengths, 1e-9);
      const json first =
          compare({"@x_first_f.npy", "@y_first_f.npy", "--layout", "tnc", "--samples", samples,
                   "--mask", "@mask_first_f.npy", "--batch", "17"});
      check_same(first, by_lengths, 1e-9);
    }
  }
}

TEST_CASE_FIXTURE(SequenceFixture, "each step is a comparison, and every step with every step") {
  const auto each = json_lines({"compare", "@x.npy", "@y.npy", "--layout", "ntc", "--samples",
                                "each_step", "--mask", "@lengths.npy"});
  REQUIRE(each.size() == steps);
  for (std::size_t t = 0; t < steps; ++t) {
    CAPTURE(t);
    CHECK(each[t]["layer"] == "step@" + std::to_string(t));
    check_numbers(each[t], compare_samples("step:" + std::to_string(t)));
  }
  const json matrix = compare({"@x.npy", "@x.npy", "--layout", "ntc", "--samples", "each_step",
                               "--mask", "@lengths.npy", "--all-layers"});
  REQUIRE(matrix["rows"].size() == steps);
  // Every step of one network with every other, over the sequences that reach both.
  for (const auto& [a, b] : {std::pair<std::size_t, std::size_t>{0, 1}, {3, 2}, {1, 4}}) {
    const std::size_t later = std::max(a, b);
    const auto at_step = [later](std::size_t t) {
      return [t, later](NpyArray& of, std::size_t i) {
        return length(i) > later ? Rows{step_of(of, i, t)} : Rows{};
      };
    };
    write_rows("step_a.npy", x, at_step(a));
    write_rows("step_b.npy", x, at_step(b));
    const json pair = compare({"@step_a.npy", "@step_b.npy"});
    CHECK(matrix["values"][a][b].get<double>() ==
          doctest::Approx(pair["distance"]["pwcca"].get<double>()).epsilon(1e-9));
    CHECK(matrix["samples"][a][b] == pair["samples"]);
    CHECK(matrix["ranks"][a][b] == pair["ranks"]);
  }
  for (std::size_t t = 0; t < steps; ++t) {
    CHECK(std::abs(matrix["values"][t][t].get<double>()) < 1e-9);
  }
  CHECK(table({"compare", "@x.npy", "@y.npy", "--layout", "ntc", "--samples", "each_step", "--mask",
               "@lengths.npy"})
            .find("step@4") != std::string::npos);
}

TEST_CASE_FIXTURE(SequenceFixture, "a step that no sequence reaches has no number, others have") {
  const auto every_step = [&](const std::string& file) {
    return compare({"@x.npy", "@x.npy", "--layout", "ntc", "--samples", "each_step", "--mask", file,
                    "--all-layers"});
  };
  const json matrix = every_step("@lengths.npy");
  for (double& length : lengths.values) length = std::min(length, 4.0);
  write("shorter.npy", lengths);
  const json shorter = every_step("@shorter.npy");
  CHECK(shorter["values"][0][1] == matrix["values"][0][1]);
  CHECK(shorter["values"][4][4].is_null());
  CHECK(shorter["status"][4][4] == "too_few_samples");
}

namespace {

/// 90 images whose maps are of 3 x 4 positions in one file, and of 2 x 3 in the other.
struct ImageFixture : ProgramFixture {
  ImageFixture() {
    const NpyArray base = small_integers({90, 24}, 5);
    x = small_integers({90, 24}, 6, &base);
    y = small_integers({90, 24}, 7, &base);
    write("flat_x.npy", x);
    write("flat_y.npy", y);
    x.shape = {90, 2, 3, 4};
    y.shape = {90, 4, 2, 3};
    write("x.npy", x);
    write("y.npy", y);
  }
  json with(const std::string& samples) {
    return compare({"@x.npy", "@y.npy", "--layout", "nchw", "--samples", samples});
  }

  NpyArray x;
  NpyArray y;
};

}  // namespace

TEST_CASE_FIXTURE(ImageFixture, "images of unequal sizes are pooled or flattened") {
  NpyArray pooled_x = of_shape({90, 2});
  NpyArray pooled_y = of_shape({90, 4});
  for (std::size_t i = 0; i < 90; ++i) {
    for (std::size_t p = 0; p < 12; ++p) {
      for (std::size_t c = 0; c < 2; ++c) at(pooled_x, i, c) += at(x, i, c, p / 4, p % 4) / 12;
    }
    for (std::size_t p = 0; p < 6; ++p) {
      for (std::size_t c = 0; c < 4; ++c) at(pooled_y, i, c) += at(y, i, c, p / 3, p % 3) / 6;
    }
  }
  write("pooled_x.npy", pooled_x);
  write("pooled_y.npy", pooled_y);
  check_numbers(with("pooled"), compare({"@pooled_x.npy", "@pooled_y.npy"}));
  const json flat = with("flattened");
  CHECK(flat["features"] == json({24, 24}));
  check_numbers(flat, compare({"@flat_x.npy", "@flat_y.npy"}));
  refuses({"compare", "@x.npy", "@y.npy", "--layout", "nchw"},
          {"same height and width", "3 x 4", "2 x 3"});
}

TEST_CASE_FIXTURE(ImageFixture, "images of unequal sizes share few frequencies") {
  // 3 x 4 and 2 x 3 positions: none along the height, and along the width 0 and 1.
  const json fourier = with("fourier");
  CHECK(fourier["frequencies"] == json({{"shared", 2}, {"one_sided", 0}, {"absent", 0}}));
  for (const char* key : {"neurons", "solver", "canonical_correlations"}) {
    CHECK(fourier[key].is_null());
  }
  CHECK(fourier["noise_floor"]["largest_95"].is_null());
  CHECK(fourier["noise_floor"]["mean_cca_limit"].is_null());
  CHECK(fourier["features"] == json({2, 4}));
  CHECK(fourier["samples"] == 90);
  CHECK(fourier["similarity"]["mean_cca"].is_number());
  CHECK(fourier["noise_floor"]["mean_cca"].is_number());
  CHECK(fourier["status"] == "ok");
  const auto saved = json_lines({"compare", "@x.npy", "@y.npy", "--layout", "nchw", "--samples",
                                 "fourier", "--save-moments", "@kept"});
  check_same(json_lines({"solve", "@kept"}).front(), saved.front(), 0);
}

TEST_CASE_FIXTURE(SequenceFixture, "samples, layouts and masks that do not fit say what would") {
  const auto refuses_options = [&](std::vector<std::string> options,
                                   const std::vector<std::string>& words) {
    options.insert(options.begin(), {"compare", "@x.npy", "@y.npy"});
    refuses(options, words);
  };
  refuses_options({"--layout", "ntc", "--samples", "mean"}, {"--samples", "each_step", "'mean'"});
  refuses_options({"--layout", "ntc", "--samples", "step:"}, {"--samples", "step:T", "'step:'"});
  refuses_options({"--layout", "ntc", "--samples", "step:5"}, {"x.npy", "step:5", "got 5"});
  refuses_options({"--layout", "nc", "--samples", "last"}, {"--samples", "ntc, tnc", "nc"});
  refuses_options({"--layout", "nchw", "--samples", "each_step"}, {"each_step", "ntc or tnc"});
  refuses_options({"--layout", "ntc", "--samples", "fourier"}, {"fourier", "nchw", "ntc"});
  refuses_options({"--layout", "nchw", "--samples", "fourier", "--standard-errors", "5"},
                  {"fourier", "--standard-errors"});
  refuses_options({"--layout", "ntc", "--samples", "last", "--positions", "2"},
                  {"--positions 2", "--samples"});
  refuses_options({"--layout", "nchw", "--mask", "@mask.npy"}, {"--mask", "ntc or tnc"});
  refuses_options({"--layout", "ntc", "--mask", "@none.npy"}, {"none.npy"});
  refuses_options({"--layout", "ntc", "--mask", "@x.npy"}, {"x.npy", "2 axes", "(120, 5, 3)"});
  NpyArray odd = mask;
  odd.values[3] = 2;
  write("odd.npy", odd);
  refuses_options({"--layout", "ntc", "--mask", "@odd.npy"}, {"odd.npy", "0 and 1", "got 2"});
  NpyArray longer = lengths;
  longer.values[3] = 6;
  write("longer.npy", longer);
  refuses_options({"--layout", "ntc", "--mask", "@longer.npy"},
                  {"longer.npy", "120 sequences of 5 steps", "a length of 6"});
  NpyArray shorter{{sequences, 4}, std::vector<double>(sequences * 4, 1)};
  write("shorter.npy", shorter);
  refuses_options({"--layout", "ntc", "--mask", "@shorter.npy"},
                  {"shorter.npy", "5 steps", "120 sequences of 4 steps"});
}
