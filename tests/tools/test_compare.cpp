#include <cmath>
#include <limits>
#include <numbers>

#include "program.hpp"

using livecca_tests::check_same;
using livecca_tests::NpyArray;
using livecca_tests::ProgramFixture;
using livecca_tests::small_integers;
using nlohmann::json;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

/// No number anywhere but in counts, and the status given.
void check_valueless(const json& result, const std::string& status) {
  CHECK(result["status"] == status);
  CHECK(result["canonical_correlations"].empty());
  for (const char* object : {"similarity", "distance", "noise_floor"}) {
    for (const json& value : result[object]) CHECK(value.is_null());
  }
}

void check_all_values(const json& result) {
  for (const char* object : {"similarity", "distance"}) {
    REQUIRE(!result[object].empty());
    for (const json& value : result[object]) {
      REQUIRE(value.is_number());
    }
    for (const auto& [name, value] : result[object].items()) {
      CAPTURE(name);
      CHECK(value >= (name == "linear_cka_debiased" || name == "rv2" ? -1 : 0));
      if (name == "procrustes") continue;
      CHECK(value <= (name == "procrustes_normalised"                    ? 2
                      : name == "angular" || name == "partial_whitening" ? std::numbers::pi / 2
                                                                         : 1));
    }
  }
}

/// CKA without the diagonals has no value where its fourth powers overflow or samples are too few
/// for it.
json without_debiased(json result) {
  result["similarity"].erase("linear_cka_debiased");
  result["similarity"].erase("rv2");
  return result;
}

}  // namespace

TEST_CASE_FIXTURE(ProgramFixture, "the JSON object has every key of the contract") {
  const NpyArray x = small_integers({200, 6}, 1);
  write("x.npy", x);
  write("y.npy", small_integers({200, 6}, 2, &x));
  const json result = compare({"@x.npy", "@y.npy"});
  CHECK(result["samples"] == 200);
  CHECK(result["effective_samples"] == 200);
  CHECK(result["samples_left_out"] == 0);
  CHECK(result["features"] == json({6, 6}));
  CHECK(result["ranks"] == json({6, 6}));
  CHECK(result["canonical_correlations"].size() == 6);
  CHECK(result["svcca_kept"].size() == 2);
  CHECK(result["status"] == "ok");
  for (const char* name :
       {"mean_cca", "r2_cca", "pwcca", "pwcca_y", "pwcca_mean", "svcca", "linear_cka",
        "linear_cka_debiased", "rv2", "linreg_x_from_y", "linreg_y_from_x"}) {
    CHECK(result["similarity"][name].is_number());
    CHECK(result["noise_floor"][name].is_number());
  }
  for (const char* name : {"mean_cca", "pwcca", "svcca", "procrustes", "procrustes_normalised",
                           "angular", "partial_whitening"}) {
    CHECK(result["distance"][name].is_number());
    CHECK(result["noise_floor"][name].is_number());
  }
  CHECK(result["noise_floor"]["largest_95"].is_number());
  CHECK(result["noise_floor"]["mean_cca_limit"].is_number());
  CHECK(result["adjusted"]["r2_cca"].is_number());
  for (const char* side : {"x", "y"}) {
    CHECK(result["neurons"][side]["dead"] == 0);
    CHECK(result["neurons"][side]["effective_rank"] > 1);
    CHECK(result["neurons"][side]["condition"] > 1);
    CHECK(result["solver"][side] == "cholesky");
  }
  for (const char* name : {"mean_cca", "pwcca", "svcca"}) {
    const double sum =
        result["similarity"][name].get<double>() + result["distance"][name].get<double>();
    CHECK(sum == doctest::Approx(1).epsilon(1e-15));
  }
  CHECK(!result["distance"].contains("linear_cka"));
  CHECK(result["noise_floor"]["mean_cca"] > 0);
}

TEST_CASE_FIXTURE(ProgramFixture, "unrelated data have p-values, and how many samples decide") {
  const NpyArray x = small_integers({60, 4}, 1);
  write("x.npy", x);
  write("noise.npy", small_integers({60, 4}, 3));
  write("y.npy", small_integers({60, 4}, 2, &x));
  const json unrelated = compare({"@x.npy", "@noise.npy"});
  CHECK(unrelated["p_value"]["mean_cca"] > 0.01);
  CHECK(unrelated["p_value"]["mean_cca"] < 1);
  CHECK(unrelated["p_value"]["procrustes"] > 0.01);
  CHECK(unrelated["noise_floor"]["procrustes"] >
        0.8 * unrelated["distance"]["procrustes"].get<double>());
  CHECK(unrelated["noise_floor"]["procrustes"] <
        1.25 * unrelated["distance"]["procrustes"].get<double>());
  const bool above = unrelated["similarity"]["mean_cca"] > unrelated["noise_floor"]["mean_cca"];
  CHECK(unrelated["samples_needed"]["mean_cca"].is_number() == above);
  const std::string told = table({"compare", "@x.npy", "@noise.npy"});
  CHECK(told.find("noise floor  p-value") != std::string::npos);
  CHECK(told.find("p-value: how often unrelated data of this size are as similar") !=
        std::string::npos);
  // Of fewer samples than neurons nothing can be said, but how many it takes: ten a neuron.
  write("few_x.npy", small_integers({5, 8}, 4));
  write("few_y.npy", small_integers({5, 6}, 5));
  CHECK(compare({"@few_x.npy", "@few_y.npy"})["samples_needed"]["pwcca"] == 80);
  CHECK(table({"compare", "@few_x.npy", "@few_y.npy", "--measures", "mean_cca,pwcca"})
            .find("about 80 samples would decide") != std::string::npos);
  const json related = compare({"@x.npy", "@y.npy", "--measures", "pwcca"});
  CHECK(related["p_value"]["pwcca"] < 1e-6);
  CHECK(related["samples_needed"]["pwcca"].is_null());
  CHECK(table({"compare", "@x.npy", "@y.npy", "--measures", "pwcca"}).find("p-value") ==
        std::string::npos);
}

TEST_CASE_FIXTURE(ProgramFixture, "only the measures asked for are printed") {
  write("x.npy", small_integers({100, 4}, 1));
  const json result = compare({"@x.npy", "@x.npy", "--measures", "linear_cka,pwcca,pwcca"});
  CHECK(result["similarity"].size() == 2);
  CHECK(result["similarity"]["pwcca"] == doctest::Approx(1));
  CHECK(result["similarity"]["linear_cka"] == doctest::Approx(1));
  CHECK(result["distance"].size() == 1);
  CHECK(result["noise_floor"].size() == 4);
  CHECK(result["noise_floor"]["largest_95"].is_number());
  CHECK(result["svcca_kept"].is_null());
  const json bare = compare({"@x.npy", "@x.npy", "--measures", "linear_cka"});
  CHECK(bare["ranks"] == json({nullptr, nullptr}));
  CHECK(bare["solver"] == json({{"x", "none"}, {"y", "none"}, {"pair", "none"}}));
  CHECK(bare["neurons"]["x"]["condition"].is_null());
  CHECK(bare["neurons"]["x"]["effective_rank"].is_number());
}

TEST_CASE_FIXTURE(ProgramFixture, "partial whitening goes from angular to CCA") {
  const NpyArray x = small_integers({200, 5}, 41);
  write("x.npy", x);
  write("y.npy", small_integers({200, 5}, 42, &x));
  const json at_one = compare({"@x.npy", "@y.npy", "--alpha", "1"});
  CHECK(at_one["distance"]["partial_whitening"].get<double>() ==
        doctest::Approx(at_one["distance"]["angular"].get<double>()).epsilon(1e-10));
  const json at_zero = compare({"@x.npy", "@y.npy", "--alpha", "0"});
  CHECK(std::cos(at_zero["distance"]["partial_whitening"].get<double>()) ==
        doctest::Approx(at_zero["similarity"]["mean_cca"].get<double>()).epsilon(1e-10));
  refuses({"compare", "@x.npy", "@y.npy", "--alpha", "2"}, {"--alpha", "from 0 to 1", "'2'"});
}

TEST_CASE_FIXTURE(ProgramFixture, "canonical directions come as coefficients of the neurons") {
  NpyArray x = small_integers({300, 4}, 31);
  NpyArray y = small_integers({300, 3}, 32);
  for (std::size_t i = 0; i < 300; ++i) y.values[3 * i + 1] = 5 * x.values[4 * i + 2];
  write("x.npy", x);
  write("y.npy", y);
  const json found = compare({"@x.npy", "@y.npy", "--directions", "2"})["directions"];
  CHECK(found["x"]["neurons"] == json({0, 1, 2, 3}));
  REQUIRE(found["x"]["coefficients"].size() == 2);
  REQUIRE(found["y"]["coefficients"][0].size() == 3);
  // The neuron that both share, in units of its own deviation on either side.
  const double of_x = found["x"]["coefficients"][0][2];
  const double of_y = found["y"]["coefficients"][0][1];
  CHECK(of_x == doctest::Approx(5 * of_y).epsilon(1e-6));
  CHECK(std::abs(found["x"]["coefficients"][0][0].get<double>()) < 1e-6 * std::abs(of_x));
  CHECK(!compare({"@x.npy", "@y.npy"}).contains("directions"));
  refuses({"compare", "@x.npy", "@y.npy", "--directions", "0"}, {"--directions", "1 or more"});
}

TEST_CASE_FIXTURE(ProgramFixture, "the table says who, how many, the numbers and the status") {
  write("x.npy", small_integers({100, 4}, 1));
  write("y.npy", small_integers({100, 5}, 2));
  const auto outcome = run({"compare", "@x.npy", "@y.npy"});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.err.empty());
  for (const char* word :
       {"x.npy", "y.npy", "samples   100", "4 and 5", "mean_cca", "pwcca_y", "svcca", "linear_cka",
        "similarity", "distance", "noise floor", "status ok: "}) {
    CAPTURE(word);
    CHECK(outcome.out.find(word) != std::string::npos);
  }
  CHECK(outcome.out.find("nan") == std::string::npos);
}

TEST_CASE_FIXTURE(ProgramFixture,
                  "every element type, byte order and array order gives the same numbers") {
  const NpyArray x = small_integers({90, 5}, 3);
  const NpyArray y = small_integers({90, 4}, 4, &x);
  write("x.npy", x);
  write("y.npy", y);
  const json expected = compare({"@x.npy", "@y.npy"});
  std::vector<std::string> descrs{"|i1", "|u1"};
  for (const char* type : {"f2", "f4", "f8", "i2", "i4", "i8", "u2", "u4", "u8"}) {
    for (const char* order : {"<", ">"}) descrs.push_back(std::string(order) + type);
  }
  int version = 0;
  for (const std::string& descr : descrs) {
    for (const bool fortran_order : {false, true}) {
      for (const std::size_t alignment : {64U, 1U}) {
        CAPTURE(descr);
        CAPTURE(fortran_order);
        CAPTURE(alignment);
        version = version % 3 + 1;
        write("other_x.npy", x, {descr, fortran_order, version, alignment});
        write("other_y.npy", y, {descr, fortran_order, version, alignment});
        check_same(compare({"@other_x.npy", "@other_y.npy", "--batch", "32"}), expected, 1e-12);
      }
    }
  }
}

TEST_CASE_FIXTURE(ProgramFixture, "booleans count as 0 and 1") {
  NpyArray x = small_integers({80, 3}, 5);
  for (double& value : x.values) value = value > 24 ? 1 : 0;
  write("x.npy", x);
  write("bool.npy", x, {"|b1"});
  write("y.npy", small_integers({80, 3}, 6, &x));
  check_same(compare({"@bool.npy", "@y.npy"}), compare({"@x.npy", "@y.npy"}), 0);
}

TEST_CASE_FIXTURE(ProgramFixture, "the batch size changes nothing beyond rounding") {
  const NpyArray x = small_integers({300, 7}, 7);
  write("x.npy", x);
  write("y.npy", small_integers({300, 6}, 8, &x), {"<f8", true});
  const json expected = compare({"@x.npy", "@y.npy"});
  for (const char* batch : {"1", "7", "64", "299", "300", "18446744073709551615"}) {
    CAPTURE(batch);
    check_same(compare({"@x.npy", "@y.npy", "--batch", batch}), expected, 1e-11);
  }
}

TEST_CASE_FIXTURE(ProgramFixture, "channels first, channels last and flattened positions agree") {
  const NpyArray nhwc = small_integers({40, 3, 2, 4}, 9);
  NpyArray nchw{{40, 4, 3, 2}, std::vector<double>(nhwc.values.size())};
  for (std::size_t i = 0; i < nhwc.values.size(); ++i) {
    const std::size_t channel = i % 4;
    const std::size_t position = i / 4 % 6;
    nchw.values[(i / 24 * 4 + channel) * 6 + position] = nhwc.values[i];
  }
  write("nhwc.npy", nhwc);
  write("nhwc_fortran.npy", nhwc, {">f4", true});
  write("nchw.npy", nchw);
  write("nchw_fortran.npy", nchw, {"<f2", true});
  write("flat.npy", {{240, 4}, nhwc.values});
  const NpyArray y = small_integers({40, 3, 2, 4}, 10, &nhwc);
  NpyArray y_nchw{{40, 4, 3, 2}, std::vector<double>(y.values.size())};
  for (std::size_t i = 0; i < y.values.size(); ++i) {
    y_nchw.values[(i / 24 * 4 + i % 4) * 6 + i / 4 % 6] = y.values[i];
  }
  write("y.npy", y);
  write("y_nchw.npy", y_nchw);
  write("y_flat.npy", {{240, 4}, y.values});
  const json expected = compare({"@nhwc.npy", "@y.npy", "--layout", "nhwc", "--batch", "9"});
  CHECK(expected["samples"] == 240);
  CHECK(expected["effective_samples"] == 40);
  check_same(compare({"@nhwc_fortran.npy", "@y.npy", "--layout", "nhwc"}), expected, 1e-12);
  check_same(compare({"@nchw.npy", "@y_nchw.npy", "--layout", "nchw"}), expected, 1e-12);
  check_same(compare({"@nchw_fortran.npy", "@y_nchw.npy", "--layout", "nchw", "--batch", "7"}),
             expected, 1e-12);
  const json flat = compare({"@flat.npy", "@y_flat.npy"});
  check_same(flat["similarity"], expected["similarity"], 1e-12);
  CHECK(flat["effective_samples"] == 240);

  const json sampled = compare({"@nhwc.npy", "@y.npy", "--layout", "nhwc", "--positions", "2"});
  CHECK(sampled["samples"] == 80);
  CHECK(sampled["effective_samples"] == 40);
  check_same(
      compare({"@nchw.npy", "@y_nchw.npy", "--layout", "nchw", "--positions", "2", "--batch", "3"}),
      sampled, 1e-12);
}

TEST_CASE_FIXTURE(ProgramFixture, "SVCCA keeps what it is told to") {
  const NpyArray x = small_integers({200, 8}, 11);
  write("x.npy", x);
  write("y.npy", small_integers({200, 8}, 12, &x));
  CHECK(compare({"@x.npy", "@y.npy", "--keep-directions", "3"})["svcca_kept"] == json({3, 3}));
  CHECK(compare({"@x.npy", "@y.npy", "--keep-directions", "99"})["svcca_kept"] == json({8, 8}));
  CHECK(compare({"@x.npy", "@y.npy", "--keep-variance", "1"})["svcca_kept"] == json({8, 8}));
  CHECK(compare({"@x.npy", "@y.npy", "--keep-variance", "0.01"})["svcca_kept"] == json({1, 1}));
}

TEST_CASE_FIXTURE(ProgramFixture, "a file compared with itself scores 1") {
  write("x.npy", small_integers({120, 5}, 13), {"<i4"});
  const json result = compare({"@x.npy", "@x.npy"});
  CHECK(result["similarity"]["mean_cca"] == doctest::Approx(1).epsilon(1e-9));
  CHECK(result["status"] == "ok");
}

TEST_CASE_FIXTURE(ProgramFixture, "non-finite rows are left out of both sides and counted") {
  NpyArray x = small_integers({100, 4}, 14);
  NpyArray y = small_integers({100, 3}, 15, &x);
  NpyArray x_kept{{97, 4}, {x.values.begin() + 12, x.values.end()}};
  NpyArray y_kept{{97, 3}, {y.values.begin() + 9, y.values.end()}};
  write("x_kept.npy", x_kept);
  write("y_kept.npy", y_kept);
  x.values[0] = nan_value;
  y.values[4] = std::numeric_limits<double>::infinity();
  x.values[10] = -std::numeric_limits<double>::infinity();
  for (const char* descr : {"<f8", ">f4"}) {
    write("x.npy", x, {descr});
    write("y.npy", y, {descr});
    const json result = compare({"@x.npy", "@y.npy"});
    CHECK(result["samples"] == 97);
    CHECK(result["samples_left_out"] == 3);
    CHECK(result["status"] == "nonfinite_rows");
    check_same(result["similarity"], compare({"@x_kept.npy", "@y_kept.npy"})["similarity"], 1e-12);
  }
}

TEST_CASE_FIXTURE(ProgramFixture, "nothing but non-finite rows gives a status and no number") {
  write("x.npy", {{20, 2}, std::vector<double>(40, nan_value)});
  write("y.npy", small_integers({20, 2}, 16));
  const json result = compare({"@x.npy", "@y.npy", "--batch", "8"});
  check_valueless(result, "too_few_samples");
  CHECK(result["samples"] == 0);
  CHECK(result["samples_left_out"] == 20);
}

TEST_CASE_FIXTURE(ProgramFixture, "up to three samples give a status and no number") {
  for (const std::size_t samples : {1U, 2U, 3U}) {
    write("x.npy", small_integers({samples, 5}, 17));
    write("y.npy", small_integers({samples, 2}, 18));
    check_valueless(compare({"@x.npy", "@y.npy"}), "too_few_samples");
    CHECK(run({"compare", "@x.npy", "@y.npy"}).out.find("nan") == std::string::npos);
  }
  write("x.npy", small_integers({4, 5}, 17));
  const json four = compare({"@x.npy", "@x.npy"});
  CHECK(four["status"] == "undersampled");
  check_all_values(without_debiased(four));
  write("images.npy", small_integers({3, 8, 8, 2}, 17));
  check_valueless(compare({"@images.npy", "@images.npy", "--layout", "nhwc"}), "too_few_samples");
}

TEST_CASE_FIXTURE(ProgramFixture, "constant neurons are left out, constant sides have no number") {
  NpyArray x = small_integers({100, 4}, 19);
  for (std::size_t row = 0; row < 100; ++row) x.values[row * 4 + 1] = 0.1;
  write("x.npy", x);
  const NpyArray y = small_integers({100, 3}, 20, &x);
  write("y.npy", y);
  const json result = compare({"@x.npy", "@y.npy"});
  CHECK(result["status"] == "rank_deficient");
  CHECK(result["ranks"] == json({3, 3}));
  check_all_values(without_debiased(result));
  write("constant.npy", {{100, 2}, std::vector<double>(200, 1e30)});
  check_valueless(compare({"@constant.npy", "@y.npy"}), "constant");
  check_valueless(compare({"@y.npy", "@constant.npy"}), "constant");
  check_valueless(compare({"@constant.npy", "@constant.npy", "--batch", "7"}), "constant");
}

TEST_CASE_FIXTURE(ProgramFixture, "values whose squares overflow float32 are summed in float64") {
  NpyArray x = small_integers({100, 3}, 21);
  write("small.npy", x);
  for (double& value : x.values) value *= 1e36;
  write("large.npy", x, {"<f4"});
  const json result = compare({"@large.npy", "@small.npy"});
  CHECK(result["status"] == "ok");
  CHECK(result["similarity"]["mean_cca"] == doctest::Approx(1).epsilon(1e-6));
  for (double& value : x.values) value *= 1e37;
  write("infinite.npy", x, {"<f4"});
  const json infinite = compare({"@infinite.npy", "@small.npy"});
  CHECK(infinite["samples_left_out"] > 90);
  for (double& value : x.values) value *= 1e72;
  write("huge.npy", x);  // up to 5e146: squares stay below the limit of float64
  check_all_values(without_debiased(compare({"@huge.npy", "@small.npy"})));
}

TEST_CASE_FIXTURE(ProgramFixture, "large offsets keep the digits") {
  NpyArray x = small_integers({200, 3}, 22);
  NpyArray y = small_integers({200, 3}, 23, &x);
  write("x.npy", x);
  write("y.npy", y);
  for (double& value : x.values) value += 1e8;
  write("x_offset.npy", x);
  check_same(compare({"@x_offset.npy", "@y.npy", "--batch", "50"}), compare({"@x.npy", "@y.npy"}),
             1e-12);
}
