#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "compare/compare.hpp"
#include "compare/compare_output.hpp"
#include "livecca/measures/noise_floor.hpp"

using livecca::tool::CompareOptions;
using livecca::tool::Comparison;
using livecca::tool::to_json;
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

livecca::Reading reading_of(const json& golden_case) {
  const std::string layout = golden_case.value("layout", "nc");
  if (layout == "nhwc pooled") return livecca::Reading::pooled(livecca::Layout::nhwc);
  return layout == "nhwc" ? livecca::Layout::nhwc : livecca::Layout::nc;
}

CompareOptions options_of(const std::filesystem::path& folder, const json& golden_case) {
  CompareOptions options;
  for (const char* side : {"x", "y"}) {
    options.inputs.push_back((folder / golden_case[side].get<std::string>()).string());
  }
  options.reading = reading_of(golden_case);
  options.batch = 100;  // so that every case is merged from several batches
  options.measures = livecca::tool::all_measures();
  return options;
}

/// Where two ρ coincide their canonical directions are arbitrary, and so are the weights.
bool weights_are_determined(const json& rho) {
  return std::ranges::adjacent_find(rho, [](const json& a, const json& b) {
           return a.get<double>() - b.get<double>() < 1e-6;
         }) == rho.end();
}

/// A number of the golden set, and where the program's JSON has it.
struct Key {
  const char* expected;
  const char* ours;
};

constexpr std::array<Key, 14> keys{{{"mean_cca", "similarity.mean_cca"},
                                    {"r2_cca", "similarity.r2_cca"},
                                    {"pwcca_x", "similarity.pwcca"},
                                    {"pwcca_y", "similarity.pwcca_y"},
                                    {"svcca99.mean", "similarity.svcca"},
                                    {"linear_cka", "similarity.linear_cka"},
                                    {"linear_cka_debiased", "similarity.linear_cka_debiased"},
                                    {"rv2", "similarity.rv2"},
                                    {"linreg_r2_x_from_y", "similarity.linreg_x_from_y"},
                                    {"linreg_r2_y_from_x", "similarity.linreg_y_from_x"},
                                    {"procrustes_angular", "distance.angular"},
                                    {"procrustes_ding", "distance.procrustes_normalised"},
                                    {"procrustes_euclidean", "distance.procrustes"},
                                    {"rho", "canonical_correlations"}}};

/// The golden floors are the limit for large ranks. The program's own floor is exact for small
/// ones.
constexpr std::array<Key, 2> floor_keys{
    {{"null.mean_rho", "noise_floor.mean_cca_limit"}, {"null.mean_rho_sq", "noise_floor.r2_cca"}}};

/// The value at a path with dots, or null.
json at(const json& object, const std::string& path) {
  std::string pointer = "/" + path;
  std::ranges::replace(pointer, '.', '/');
  return object.value(json::json_pointer(pointer), json());
}

void check_key(const Key& key, const json& ours, const json& expected, double tolerance,
               WorstError& worst) {
  const json wanted = at(expected, key.expected);
  const json got = at(ours, key.ours);
  CAPTURE(key.expected);
  if (wanted.is_array()) {
    worst.add(key.expected, got.get<std::vector<double>>(), wanted, tolerance);
  } else if (wanted.is_number()) {
    REQUIRE(got.is_number());
    // Procrustes is in the activations' unit: of 6e9 the next number is 1e-6 away.
    const double unit = std::string_view(key.expected) == "procrustes_euclidean"
                            ? std::max(1.0, wanted.get<double>())
                            : 1;
    worst.add(key.expected, got.get<double>() / unit, wanted.get<double>() / unit, tolerance);
  } else {
    // Only PWCCA may be without a value, and only where its weights are arbitrary.
    CHECK(std::string_view(key.expected).starts_with("pwcca"));
    CHECK_FALSE(weights_are_determined(at(ours, "canonical_correlations")));
  }
}

void check_weights(const Comparison& comparison, const json& expected, double tolerance,
                   WorstError& worst) {
  if (at(expected, "pwcca_alpha_x").is_null()) return;
  if (weights_are_determined(comparison.pair_solution().canonical_correlations)) {
    worst.add("pwcca_alpha_x", comparison.pair_solution().weights_x, expected["pwcca_alpha_x"],
              tolerance);
  } else {
    MESSAGE("weights not compared: some canonical correlations coincide");
  }
}

void check_svcca(const Comparison& comparison, const json& expected, const char* key,
                 double tolerance, WorstError& worst) {
  if (at(expected, key).is_null()) return;
  CAPTURE(key);
  CHECK(comparison.facts.svcca_kept[0] == expected[key]["k1"]);
  CHECK(comparison.facts.svcca_kept[1] == expected[key]["k2"]);
  check_key({"mean", "similarity.svcca"}, to_json(comparison), expected[key], tolerance, worst);
}

/// The repository's own cases are older than some measures.
bool is_expected(const Key& key, const json& expected) {
  return expected.contains(
      std::string(key.expected).substr(0, std::string_view(key.expected).find('.')));
}

/// The exact floor is below the limit, by at most 0.17/d for d neurons on the narrower side.
void check_exact_floor(const json& ours, bool floor_counts_rows) {
  if (floor_counts_rows) return;
  const double floor = ours["noise_floor"]["mean_cca"].get<double>();
  const double limit = ours["noise_floor"]["mean_cca_limit"].get<double>();
  const double rank = std::min(ours["ranks"][0].get<double>(), ours["ranks"][1].get<double>());
  CHECK(floor < limit);
  CHECK(floor > limit * (1 - 0.17 / rank));
}

/// `floor_counts_rows`: the expected floor counts rows, livecca's counts independent samples.
WorstError check_case(const std::filesystem::path& folder, const json& golden_case,
                      bool floor_counts_rows = false) {
  const json& expected = golden_case["expected"];
  const double tolerance = golden_case["abs_tol"].get<double>();
  CompareOptions options = options_of(folder, golden_case);
  WorstError worst;
  const Comparison comparison = livecca::tool::compare(options);
  const json ours = to_json(comparison);
  CHECK(ours["samples"] == expected["n"]);
  CHECK(ours["ranks"] == json({expected["rank1"], expected["rank2"]}));
  for (const Key& key : keys) {
    if (is_expected(key, expected)) check_key(key, ours, expected, tolerance, worst);
  }
  check_weights(comparison, expected, tolerance, worst);
  check_svcca(comparison, expected, "svcca99", tolerance, worst);
  if (golden_case.contains("effective_samples")) {
    CHECK(ours["effective_samples"] == golden_case["effective_samples"]);
  }
  if (expected.contains("independent_samples")) {
    CHECK(ours["independent_samples"].get<double>() ==
          doctest::Approx(expected["independent_samples"].get<double>()).epsilon(1e-9));
  }
  for (const Key& key : floor_keys) {
    if (floor_counts_rows || at(expected, key.expected).is_null()) continue;
    check_key(key, ours, expected, floor_tolerance, worst);
  }
  check_exact_floor(ours, floor_counts_rows);
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

TEST_CASE("the golden convolution pooled, from the 4-d tensors") {
  if (!golden_is_there()) return;
  json golden_case = read_cases(golden_folder() / "golden.json")["conv_avg_pool"];
  golden_case["x"] = "conv_nhwc_raw_x.npy";
  golden_case["y"] = "conv_nhwc_raw_y.npy";
  golden_case["layout"] = "nhwc pooled";
  golden_case["effective_samples"] = 60;
  const WorstError worst = check_case(golden_folder(), golden_case);
  MESSAGE("conv_nhwc_raw pooled: " << worst.text());
}

TEST_CASE("every key of the golden set is compared") {
  if (!golden_is_there()) return;
  std::ifstream file(golden_folder() / "golden.json");
  json rest = json::parse(file)["key_map"];
  for (const auto& [expected, ours] : keys) {
    CHECK(rest[expected] == ours);
    rest.erase(expected);
  }
  for (const auto& [expected, ours] : floor_keys) {
    // The set is older than exact floors: it knows only one floor of mean_cca, the limit.
    const std::string_view name = ours;
    CHECK(rest[expected] == (name.ends_with("_limit") ? "noise_floor.mean_cca" : name));
    rest.erase(expected);
  }
  rest.erase("svcca20.mean");   // similarity.svcca with 20 directions kept
  rest.erase("null.edge_rho");  // the edge of the law, which no output has
  CHECK(rest == json::object());
}

TEST_CASE("the golden noise floors: means to 1e-6, the line of the largest to 1e-3") {
  if (!golden_is_there()) return;
  std::ifstream file(golden_folder() / "noise_floor.json");
  const json rows = json::parse(file);
  REQUIRE(rows.size() >= 10);
  double worst_mean = 0;
  double worst_line = 0;
  for (const json& row : rows) {
    const std::size_t p = row["d1"];
    const std::size_t q = row["d2"];
    const double n = row["n"];
    CAPTURE(p);
    CAPTURE(q);
    CAPTURE(n);
    worst_mean = std::max(
        {worst_mean,
         std::abs(livecca::limiting_mean_correlation(p, q, n) - row["mean_rho"].get<double>()),
         std::abs(livecca::mean_squared_correlation_floor(p, q, n) -
                  row["mean_rho_sq_exact"].get<double>())});
    const auto line = livecca::largest_correlation_line(p, q, n);
    CHECK(line.has_value() == row.contains("max_rho_q95"));
    if (line && row.contains("max_rho_q95")) {
      worst_line = std::max(worst_line, std::abs(*line - row["max_rho_q95"].get<double>()));
    }
  }
  MESSAGE("noise_floor.json: worst error " << worst_mean << " in the means, " << worst_line
                                           << " in the line");
  CHECK(worst_mean <= 1e-6);
  CHECK(worst_line <= 1e-3);
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
  const double of_rows = livecca::limiting_mean_correlation(6, 8, 960);
  CHECK(std::abs(of_rows - expected["null"]["mean_rho"].get<double>()) <= floor_tolerance);
}
