#include "compare/compare_output.hpp"

#include <algorithm>
#include <cmath>

#include "compare/measure_values.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t bar_cells = 25;

std::string padded_left(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

std::string padded_right(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, text.size()), ' ');
}

/// From 0 to 1: '-' as far as noise alone would go, '#' for what is above it.
std::string bar_of(const MeasureResult& result) {
  const auto similarity = result.similarity();
  if (!similarity) return "";
  const auto cells = [](double value) {
    return static_cast<std::size_t>(
        std::lround(std::clamp(value, 0.0, 1.0) * static_cast<double>(bar_cells)));
  };
  const std::size_t noise = cells(result.similarity_floor().value_or(0));
  const std::size_t filled = std::max(cells(*similarity), noise);
  std::string bar(bar_cells + 2, ' ');
  bar.front() = bar.back() = '|';
  bar.replace(1, noise, noise, '-');
  bar.replace(1 + noise, filled - noise, filled - noise, '#');
  return bar;
}

std::string both(std::size_t x, std::size_t y) {
  return std::to_string(x) + " and " + std::to_string(y);
}

/// Nothing where neither whitening nor SVCCA was asked for.
std::string ranks_text(const Comparison& comparison) {
  const PairFacts& facts = comparison.facts;
  std::string text;
  if (facts.ranks[0] && facts.ranks[1]) text = both(*facts.ranks[0], *facts.ranks[1]);
  if (comparison.has_svcca && has_value(facts.status)) {
    text += (text.empty() ? "" : "; ");
    text += "svcca keeps " + both(facts.svcca_kept[0], facts.svcca_kept[1]) + " directions";
  }
  return text.empty() ? text : "\nranks     " + text;
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", value);
  return text;
}

/// Dead neurons, effective ranks, and conditions where they were asked for.
std::string neurons_text(const Comparison& comparison) {
  const TapSolution& x = comparison.solution->taps[comparison.pair_solution().x];
  const TapSolution& y = comparison.solution->taps[comparison.pair_solution().y];
  if (!has_value(comparison.facts.status) || comparison.frequencies > 1) return "";
  std::string text = "\nneurons   " + both(x.constant_features, y.constant_features) +
                     " dead; effective ranks " + short_number(x.effective_rank) + " and " +
                     short_number(y.effective_rank);
  if (x.condition && y.condition) {
    text += "; conditions " + short_number(*x.condition) + " and " + short_number(*y.condition);
  }
  return text;
}

std::string frequencies_text(const FrequencyCounts& counts) {
  std::string text = std::to_string(counts.shared) + " frequencies";
  if (counts.one_sided > 0) {
    text += " and " + std::to_string(counts.one_sided) +
            " that only one side has, where nothing is shared";
  }
  if (counts.absent > 0) text += "; neither has " + std::to_string(counts.absent) + " others";
  return text;
}

std::string facts_text(const Comparison& comparison) {
  const PairFacts& facts = comparison.facts;
  std::string text = "samples   " + std::to_string(facts.samples);
  if (comparison.by_position) {
    text +=
        " positions of " + count_text(facts.effective_samples) +
        (facts.different_share < 1 ? " different" : "") + " images, " +
        (facts.is_dependence_known
             ? "as much as about " + about_text(facts.independent_samples) + " independent samples"
             : "which are the effective samples");
  } else if (facts.different_share < 1) {
    text += ", of which " + about_text(facts.effective_samples) +
            " differ, which are the effective samples";
  } else if (facts.effective_samples != static_cast<double>(facts.samples)) {
    text += ", weighing as much as " + count_text(facts.effective_samples);
  }
  if (facts.samples_left_out > 0) {
    text += "; " + std::to_string(facts.samples_left_out) + " left out as not finite";
  }
  text += "\nfeatures  " + both(facts.features[0], facts.features[1]);
  if (facts.features != facts.features_of_taps) {
    text += ", chosen out of " + both(facts.features_of_taps[0], facts.features_of_taps[1]) +
            " by seed " + std::to_string(facts.feature_seeds[0]);
    if (facts.feature_seeds[0] != facts.feature_seeds[1]) {
      text += " and " + std::to_string(facts.feature_seeds[1]);
    }
  }
  if (comparison.frequencies > 1) {
    text += "\nmeans     over " + frequencies_text(comparison.frequency_counts) +
            "; ranks are the lowest";
  }
  text += neurons_text(comparison);
  text += ranks_text(comparison);
  if (facts.precision == Precision::fast) {
    text += "\nprecision fast: products in float32, more directions count as rounding";
  }
  return text + "\n";
}

Json numbers(const std::vector<std::optional<double>>& values) {
  Json list = Json::array();
  for (const auto& value : values) list.push_back(number_or_null(value));
  return list;
}

Json neurons_of(const TapSolution& tap) {
  const bool known = tap.converged;
  return {{"dead", tap.present ? Json(tap.constant_features) : Json(nullptr)},
          {"effective_rank", known && tap.effective_rank > 0 ? Json(tap.effective_rank) : nullptr},
          {"condition", number_or_null(tap.condition)}};
}

/// Coefficients as one list a direction.
Json directions_of(const DirectionsOfSide& side) {
  const std::size_t neurons = side.neurons.size();
  Json directions = Json::array();
  for (std::size_t first = 0; first < side.coefficients.size(); first += neurons) {
    const auto begin = side.coefficients.begin() + static_cast<std::ptrdiff_t>(first);
    directions.push_back(std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(neurons)));
  }
  return {{"neurons", side.neurons}, {"coefficients", directions}};
}

/// What a mean over frequencies has not: neurons, spectrum, and how they were solved for.
void add_details(const Comparison& comparison, Json& json) {
  const PairSolution& pair = comparison.pair_solution();
  const TapSolution& x = comparison.solution->taps[pair.x];
  const TapSolution& y = comparison.solution->taps[pair.y];
  json["neurons"] = {{"x", neurons_of(x)}, {"y", neurons_of(y)}};
  json["solver"] = {
      {"x", name_of(x.whitening)}, {"y", name_of(y.whitening)}, {"pair", name_of(pair.spectrum)}};
  json["canonical_correlations"] = Json::array();
  if (has_value(comparison.facts.status)) {
    json["canonical_correlations"] = pair.canonical_correlations;
  }
  json["debiased_correlations"] =
      numbers(debiased_correlations(*comparison.solution, comparison.pair));
  if (!comparison.directions) return;
  json["directions"] = {{"x", directions_of(comparison.directions->x)},
                        {"y", directions_of(comparison.directions->y)}};
}

/// Values by name in their directions. Floors are on the similarity's scale, those of distances
/// that have no similarity on their own.
void add_measures(const std::vector<MeasureResult>& results, Json& json) {
  for (const char* section : {"similarity", "distance", "noise_floor", "adjusted"}) {
    json[section] = Json::object();
  }
  for (const MeasureResult& result : results) {
    const std::string name(result.measure->name);
    if (result.measure->measure == Measure::r2_cca_adjusted) {
      json["adjusted"]["r2_cca"] = number_or_null(result.value);
      continue;
    }
    if (result.measure->direction == Direction::similarity) {
      json["similarity"][name] = number_or_null(result.similarity());
    }
    json["noise_floor"][name] = number_or_null(result.floor);
    if (result.measure->has_distance) json["distance"][name] = number_or_null(result.distance());
  }
}

/// A line of the table; no column of errors or p-values if these are null. The mark stands in the
/// space behind the similarity, or behind the distance if there is none.
std::string row(const std::string& name, const std::string& similarity, const char* mark,
                const std::string* error, const std::string& distance, const std::string& floor,
                const std::string* p_value, const std::string& bar) {
  const bool of_distance = similarity == "-";
  std::string text =
      padded_right(name, 22) + padded_left(similarity, 11) + (of_distance ? " " : mark) +
      (error != nullptr ? padded_left(*error, 10) + " " : "") + padded_left(distance, 9) +
      (of_distance ? mark : " ") + padded_left(floor, 12) +
      (p_value != nullptr ? padded_left(*p_value, 9) : "") + "  " + bar;
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

std::string p_value_text(std::optional<double> p_value) {
  if (!p_value) return "-";
  if (*p_value < 0.001) return "<0.001";
  char text[32];
  std::snprintf(text, sizeof(text), *p_value < 0.0995 ? "%.3f" : "%.2f", *p_value);
  return text;
}

/// Most numbers are far from chance: a column that said so would be in the way.
bool has_doubtful_numbers(const Comparison& comparison) {
  return std::ranges::any_of(comparison.results, [](const MeasureResult& result) {
    return result.p_value && *result.p_value >= 0.001;
  });
}

/// How many samples would tell the numbers from chance; empty if they are told, or if no number of
/// samples can be named.
std::string needed_text(const Comparison& comparison) {
  std::optional<double> fewest;
  std::optional<double> most;
  for (const auto& needed : comparison.samples_needed) {
    if (!needed) continue;
    fewest = std::min(fewest.value_or(*needed), *needed);
    most = std::max(most.value_or(*needed), *needed);
  }
  if (!most) return "";
  const std::string range = about_text(*fewest) == about_text(*most)
                                ? about_text(*most)
                                : about_text(*fewest) + " to " + about_text(*most);
  return "p-values of 0.01 and more: about " + range +
         (comparison.by_position ? " images" : " samples") +
         " would decide them, if the effects are as they look\n";
}

}  // namespace

Json to_json(const Comparison& comparison, const LeftOut& left_out) {
  const PairFacts& facts = comparison.facts;
  Json json;
  if (!comparison.layer.empty()) json["layer"] = comparison.layer;
  if (!comparison.name_x.empty()) {
    json["x"] = comparison.name_x;
    json["y"] = comparison.name_y;
  }
  json["samples"] = facts.samples;
  json["effective_samples"] = count_json(facts.effective_samples);
  json["independent_samples"] = number_or_null(facts.independent_samples);
  json["samples_left_out"] = facts.samples_left_out;
  json["features"] = facts.features;
  if (facts.features != facts.features_of_taps) {
    json["features_of_taps"] = facts.features_of_taps;
    json["feature_seeds"] = facts.feature_seeds;
  }
  json["ranks"] = ranks_json(facts);
  if (comparison.frequencies > 1) {
    json["frequencies"] = {{"shared", comparison.frequency_counts.shared},
                           {"one_sided", comparison.frequency_counts.one_sided},
                           {"absent", comparison.frequency_counts.absent}};
    // Each frequency has its own.
    for (const char* key :
         {"neurons", "solver", "canonical_correlations", "debiased_correlations"}) {
      json[key] = nullptr;
    }
  } else {
    add_details(comparison, json);
  }
  add_measures(comparison.results, json);
  json["p_value"] = Json::object();
  json["samples_needed"] = Json::object();
  for (std::size_t m = 0; m < comparison.results.size(); ++m) {
    const MeasureResult& result = comparison.results[m];
    const std::string name(result.measure->name);
    json["p_value"][name] = number_or_null(result.p_value);
    const auto& needed = comparison.samples_needed[m];
    json["samples_needed"][name] = needed ? count_json(*needed) : Json(nullptr);
  }
  json["noise_floor"]["largest_95"] = nullptr;
  json["noise_floor"]["mean_cca_limit"] = nullptr;
  if (comparison.frequencies == 1) {
    json["noise_floor"]["largest_95"] = number_or_null(largest_correlation_line(facts));
    json["noise_floor"]["mean_cca_limit"] = number_or_null(limiting_mean_cca(facts));
  }
  if (comparison.has_standard_errors) {
    json["standard_error"] = Json::object();
    for (const MeasureResult& result : comparison.results) {
      json["standard_error"][std::string(result.measure->name)] =
          number_or_null(result.standard_error);
    }
  }
  json["svcca_kept"] = nullptr;
  if (comparison.has_svcca) json["svcca_kept"] = facts.svcca_kept;
  json["precision"] = name_of(facts.precision);
  json["status"] = name_of(facts.status);
  for (const Fault& fault : comparison.faults) {
    json["faults"].push_back(
        {{"kind", name_of(fault.kind)}, {"subject", fault.subject}, {"message", fault.message}});
  }
  add_left_out(left_out, json);
  return json;
}

Json ranks_json(const PairFacts& facts) {
  Json ranks = Json::array();
  for (const auto& rank : facts.ranks) ranks.push_back(rank ? Json(*rank) : Json(nullptr));
  return ranks;
}

void add_left_out(const LeftOut& left_out, Json& json) {
  for (const Unmatched& of : left_out.unmatched) json["unmatched"][of.input] = of.layers;
  for (const UnfitLayer& of : left_out.unfit) {
    // With --all-layers both inputs may have an unfit layer of this name.
    Json& reasons = json["left_out"][of.layer];
    reasons = reasons.is_null() ? of.reason : reasons.get<std::string>() + "; " + of.reason;
  }
}

std::string json_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string to_table(const Comparison& comparison) {
  std::string text = "x  " + comparison.x + "\ny  " + comparison.y + "\n\n";
  text += facts_text(comparison) + "\n";
  const bool errors = comparison.has_standard_errors;
  const bool p_values = has_doubtful_numbers(comparison);
  const auto error_or_none = [&](const std::string& error) { return errors ? &error : nullptr; };
  const auto p_or_none = [&](const std::string& p) { return p_values ? &p : nullptr; };
  text += row("measure", "similarity", " ", error_or_none("std error"), "distance", "noise floor",
              p_or_none("p-value"), " 0" + padded_left("1 ", bar_cells - 1));
  for (const MeasureResult& result : comparison.results) {
    text += row(std::string(result.measure->name), number_text(result.similarity()),
                is_chance(result) ? unrelated_mark : " ",
                error_or_none(number_text(result.standard_error)), number_text(result.distance()),
                number_text(result.floor), p_or_none(p_value_text(result.p_value)), bar_of(result));
  }
  if (has_value(comparison.facts.status)) {
    text +=
        "\nnoise floor: the similarity of unrelated data of this size; --- noise, ### above it\n";
    const auto has_no_similarity = [](const MeasureResult& result) {
      return result.measure->direction == Direction::distance && result.floor;
    };
    if (std::ranges::any_of(comparison.results, has_no_similarity)) {
      text += "             of a measure without a similarity: their distance\n";
    }
    if (comparison.by_position && !comparison.facts.is_dependence_known) {
      text += "             counted in images: too high where an image's positions differ much\n";
    }
  }
  const auto is_noise = [](const MeasureResult& result) { return is_chance(result); };
  if (std::ranges::any_of(comparison.results, is_noise)) {
    text += "~ no nearer than unrelated data of this size may be by chance\n";
  }
  if (p_values) text += "p-value: how often unrelated data of this size are as similar\n";
  text += needed_text(comparison);
  if (errors) {
    text += "std error: how much the similarity and the distance would vary with other samples\n";
  }
  for (const Fault& fault : comparison.faults) {
    text += "\nnote: " + fault.subject + ": " + fault.message + "\n";
  }
  const Status status = comparison.facts.status;
  return text + "\nstatus " + name_of(status) + ": " + explain(status) + "\n";
}

}  // namespace livecca::tool
