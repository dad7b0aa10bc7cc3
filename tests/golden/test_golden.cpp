#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "compare.hpp"
#include "livecca/measures/noise_floor.hpp"

using livecca::tool::CompareOptions;
using livecca::tool::Comparison;
using nlohmann::json;

namespace {

constexpr double floor_tolerance = 1e-6;

/// The largest error of a case, and what it was in.
class WorstError {
 public:
  /// Checks one number.
  void add(const std::string& what, double got, double expected, double tolerance) {
    const double error = std::abs(got - expected);
    CAPTURE(what);
    CAPTURE(got);
    CAPTURE(expected);
    CHECK(error <= tolerance);  // false for NaN
    if (tolerance == floor_tolerance) {
      floor_ = std::max(floor_, error);
    } else if (!(error <= worst_)) {
      worst_ = error;
      what_ = what;
    }
  }

  void add(const std::string& what, const std::vector<double>& got, const json& expected,
           double tolerance) {
    CAPTURE(what);
    REQUIRE(got.size() == expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      add(what + "[" + std::to_string(i) + "]", got[i], expected[i].get<double>(), tolerance);
    }
  }

  std::string text() const {
    char text[128];
    std::snprintf(text, sizeof(text), "worst error %.1e in %s, noise floor %.1e", worst_,
                  what_.c_str(), floor_);
    return text;
  }

 private:
  double worst_ = -1;
  double floor_ = 0;
  std::string what_ = "nothing";
};

livecca::Layout layout_of(const json& golden_case) {
  return golden_case.value("layout", "nc") == "nhwc" ? livecca::Layout::nhwc : livecca::Layout::nc;
}

CompareOptions options_of(const std::filesystem::path& folder, const json& golden_case) {
  CompareOptions options;
  for (const char* side : {"x", "y"}) {
    options.inputs.push_back((folder / golden_case[side].get<std::string>()).string());
  }
  options.layout = layout_of(golden_case);
  options.batch = 100;  // so that every case is merged from several batches
  options.measures = livecca::tool::all_measures();
  return options;
}

double similarity(const Comparison& comparison, std::string_view name) {
  for (const auto& result : comparison.results) {
    if (result.measure->name == name && result.similarity) return *result.similarity;
  }
  FAIL_CHECK("no value of " << name);
  return std::nan("");
}

/// Where two ρ coincide their canonical directions are arbitrary, and so are the weights.
bool weights_are_determined(const std::vector<double>& rho) {
  return std::ranges::adjacent_find(rho, [](double a, double b) { return a - b < 1e-6; }) ==
         rho.end();
}

bool has(const json& expected, const char* key) {
  return expected.contains(key) && !expected[key].is_null();
}

void check_measures(const Comparison& comparison, const json& expected, double tolerance,
                    WorstError& worst) {
  CHECK(comparison.facts.samples == expected["n"]);
  CHECK(comparison.facts.ranks[0] == expected["rank1"]);
  CHECK(comparison.facts.ranks[1] == expected["rank2"]);
  const auto& pair = comparison.pair_solution();
  worst.add("rho", pair.canonical_correlations, expected["rho"], tolerance);
  for (const auto& [key, name] : {std::pair{"mean_cca", "mean_cca"},
                                  {"pwcca_x", "pwcca"},
                                  {"pwcca_y", "pwcca_y"},
                                  {"linear_cka", "linear_cka"},
                                  {"linear_cka_debiased", "linear_cka_debiased"}}) {
    CAPTURE(key);
    if (!expected.contains(key))
      continue;  // the repository's own cases are older than this measure
    if (has(expected, key)) {
      worst.add(key, similarity(comparison, name), expected[key].get<double>(), tolerance);
    } else {
      // Only PWCCA may be without a value, and only where its weights are arbitrary.
      CHECK(std::string_view(key).starts_with("pwcca"));
      CHECK_FALSE(weights_are_determined(pair.canonical_correlations));
    }
  }
  if (!has(expected, "pwcca_alpha_x")) return;
  if (weights_are_determined(pair.canonical_correlations)) {
    worst.add("pwcca_alpha_x", pair.weights_x, expected["pwcca_alpha_x"], tolerance);
  } else {
    MESSAGE("weights not compared: some canonical correlations coincide");
  }
}

void check_svcca(const Comparison& comparison, const json& expected, const char* key,
                 double tolerance, WorstError& worst) {
  if (!has(expected, key)) return;
  CAPTURE(key);
  CHECK(comparison.facts.svcca_kept[0] == expected[key]["k1"]);
  CHECK(comparison.facts.svcca_kept[1] == expected[key]["k2"]);
  worst.add(key, similarity(comparison, "svcca"), expected[key]["mean"].get<double>(), tolerance);
}

/// `floor_counts_rows`: the expected floor counts rows, livecca's counts images.
WorstError check_case(const std::filesystem::path& folder, const json& golden_case,
                      bool floor_counts_rows = false) {
  const json& expected = golden_case["expected"];
  const double tolerance = golden_case["abs_tol"].get<double>();
  CompareOptions options = options_of(folder, golden_case);
  WorstError worst;
  const Comparison comparison = livecca::tool::compare(options);
  check_measures(comparison, expected, tolerance, worst);
  CHECK(has(expected, "svcca99"));
  check_svcca(comparison, expected, "svcca99", tolerance, worst);
  if (golden_case.contains("effective_samples")) {
    CHECK(comparison.facts.effective_samples == golden_case["effective_samples"]);
  }
  if (!floor_counts_rows) {
    REQUIRE(has(expected, "null"));
    REQUIRE(comparison.mean_cca_floor.has_value());
    worst.add("null.mean_rho", *comparison.mean_cca_floor,
              expected["null"]["mean_rho"].get<double>(), floor_tolerance);
  }
  options.solve.keep_directions = 20;
  check_svcca(livecca::tool::compare(options), expected, "svcca20", tolerance, worst);
  return worst;
}

json read_cases(const std::filesystem::path& path) {
  std::ifstream file(path);
  REQUIRE(file.good());
  return json::parse(file)["cases"];
}

void check_folder(const std::filesystem::path& folder, const char* index) {
  const json cases = read_cases(folder / index);
  REQUIRE(cases.size() >= 10);
  for (const auto& [name, golden_case] : cases.items()) {
    CAPTURE(name);
    const WorstError worst = check_case(folder, golden_case);
    MESSAGE(name << ": " << worst.text());
  }
}

/// The large golden set lives outside the repository.
std::filesystem::path golden_folder() {
  if (const char* named = std::getenv("LIVECCA_GOLDEN"); named != nullptr && *named != '\0') {
    return named;
  }
  return std::filesystem::path(LIVECCA_SOURCE_DIR) / "../shared/golden";
}

bool golden_is_there() {
  if (std::filesystem::exists(golden_folder() / "golden.json")) return true;
  MESSAGE("SKIPPED: no golden.json in "
          << std::filesystem::absolute(golden_folder()).lexically_normal().string()
          << "; set LIVECCA_GOLDEN to its folder");
  return false;
}

}  // namespace

TEST_CASE("the repository's own cases: dtypes, orders, layouts and hard data") {
  check_folder(std::filesystem::path(LIVECCA_SOURCE_DIR) / "tests/golden/cases", "cases.json");
}

TEST_CASE("the golden set, every case to its tolerance") {
  if (golden_is_there()) check_folder(golden_folder(), "golden.json");
}

TEST_CASE("the golden convolution, from the 4-d tensors with all positions") {
  if (!golden_is_there()) return;
  json golden_case = read_cases(golden_folder() / "golden.json")["conv_flatten_positions"];
  golden_case["x"] = "conv_nhwc_raw_x.npy";
  golden_case["y"] = "conv_nhwc_raw_y.npy";
  golden_case["layout"] = "nhwc";
  golden_case["effective_samples"] = 60;
  const WorstError worst = check_case(golden_folder(), golden_case, true);
  MESSAGE("conv_nhwc_raw: " << worst.text());
  const json& expected = golden_case["expected"];
  const double of_rows = livecca::mean_correlation_floor(6, 8, 960);
  CHECK(std::abs(of_rows - expected["null"]["mean_rho"].get<double>()) <= floor_tolerance);
}
