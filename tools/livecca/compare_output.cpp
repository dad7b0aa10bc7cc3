#include "compare_output.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace livecca::tool {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t bar_cells = 25;

Json number_or_null(std::optional<double> value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

std::string padded_left(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

std::string padded_right(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, text.size()), ' ');
}

std::string number_text(std::optional<double> value) {
  if (!value || !std::isfinite(*value)) return "-";
  char text[32];
  std::snprintf(text, sizeof(text), "%.4f", *value);
  return text;
}

/// From 0 to 1: '-' as far as noise alone would go, '#' for what is above it.
std::string bar_of(const MeasureResult& result) {
  if (!result.similarity) return "";
  const auto cells = [](double value) {
    return static_cast<std::size_t>(
        std::lround(std::clamp(value, 0.0, 1.0) * static_cast<double>(bar_cells)));
  };
  const std::size_t noise = cells(result.similarity_floor.value_or(0));
  const std::size_t filled = std::max(cells(*result.similarity), noise);
  std::string bar(bar_cells + 2, ' ');
  bar.front() = bar.back() = '|';
  bar.replace(1, noise, noise, '-');
  bar.replace(1 + noise, filled - noise, filled - noise, '#');
  return bar;
}

std::string both(std::size_t x, std::size_t y) {
  return std::to_string(x) + " and " + std::to_string(y);
}

std::string file_line(const char* side, const ComparedFile& file) {
  return std::string(side) + "  " + file.path + "  " + shape_text(file.shape) + " '" + file.dtype +
         "'" + (file.fortran_order ? ", Fortran order" : "") + "\n";
}

std::string facts_text(const Comparison& comparison) {
  const PairFacts& facts = comparison.facts;
  std::string text = "samples   " + std::to_string(facts.samples);
  if (comparison.layout != Layout::nc) {
    text += " positions of " + std::to_string(facts.effective_samples) +
            " images, which are the effective samples";
  }
  if (facts.samples_left_out > 0) {
    text += "; " + std::to_string(facts.samples_left_out) + " left out as not finite";
  }
  text += "\nfeatures  " + both(facts.features[0], facts.features[1]);
  text += "\nranks     " + both(facts.ranks[0], facts.ranks[1]);
  if (comparison.has_svcca && has_value(facts.status)) {
    text += "; svcca keeps " + both(facts.svcca_kept[0], facts.svcca_kept[1]) + " directions";
  }
  return text + "\n";
}

std::string row(const std::string& name, const std::string& similarity, const std::string& distance,
                const std::string& floor, const std::string& bar) {
  std::string text = padded_right(name, 12) + padded_left(similarity, 10) +
                     padded_left(distance, 10) + padded_left(floor, 13) + "  " + bar;
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

}  // namespace

Json to_json(const Comparison& comparison) {
  const PairFacts& facts = comparison.facts;
  const bool usable = has_value(facts.status);
  Json json;
  json["samples"] = facts.samples;
  json["effective_samples"] = facts.effective_samples;
  json["samples_left_out"] = facts.samples_left_out;
  json["features"] = facts.features;
  json["ranks"] = facts.ranks;
  json["canonical_correlations"] = Json::array();
  if (usable) {
    json["canonical_correlations"] = comparison.solution.pairs[0].canonical_correlations;
  }
  json["similarity"] = Json::object();
  json["distance"] = Json::object();
  json["noise_floor"] = Json::object();
  json["noise_floor"]["mean_cca"] = number_or_null(comparison.mean_cca_floor);
  for (const MeasureResult& result : comparison.results) {
    const std::string name(result.measure->name);
    json["similarity"][name] = number_or_null(result.similarity);
    if (result.measure->has_distance) json["distance"][name] = number_or_null(result.distance());
    json["noise_floor"][name] = number_or_null(result.similarity_floor);
  }
  json["svcca_kept"] = nullptr;
  if (comparison.has_svcca) json["svcca_kept"] = facts.svcca_kept;
  json["status"] = name_of(facts.status);
  return json;
}

std::string to_table(const Comparison& comparison) {
  std::string text = file_line("x", comparison.x) + file_line("y", comparison.y) + "\n";
  text += facts_text(comparison) + "\n";
  text += row("measure", "similarity", "distance", "noise floor",
              " 0" + padded_left("1 ", bar_cells - 1));
  for (const MeasureResult& result : comparison.results) {
    text +=
        row(std::string(result.measure->name), number_text(result.similarity),
            number_text(result.distance()), number_text(result.similarity_floor), bar_of(result));
  }
  if (has_value(comparison.facts.status)) {
    text +=
        "\nnoise floor: the similarity of unrelated data of this size; --- noise, ### above it\n";
  }
  const Status status = comparison.facts.status;
  return text + "\nstatus " + name_of(status) + ": " + explain(status) + "\n";
}

}  // namespace livecca::tool
