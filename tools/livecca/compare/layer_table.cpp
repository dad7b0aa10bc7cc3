#include "compare/layer_table.hpp"

#include <algorithm>
#include <set>

#include "compare/measure_values.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

// Names of layers in a note: all of a usual network's.
constexpr std::size_t most_named = 60;

bool is_distance(const MeasureResult& result) {
  return result.measure->direction == Direction::distance;
}

bool has_noise(std::span<const Comparison> layers) {
  const auto is_noise = [](const MeasureResult& result) { return is_chance(result); };
  return std::ranges::any_of(layers, [&](const Comparison& layer) {
    return std::ranges::any_of(layer.results, is_noise);
  });
}

/// If some numbers have marks, the others leave a space for them.
std::string value_text(const MeasureResult& result, bool leaves_space) {
  std::string text = marked_number(value_in_row(result).value, is_chance(result));
  if (result.standard_error) return text + " +- " + number_text(result.standard_error);
  return text + (leaves_space && !is_chance(result) ? " " : "");
}

std::vector<std::string> heading(std::span<const Comparison> layers, bool by_position) {
  std::vector<std::string> cells{"layer", "samples"};
  if (by_position) cells.push_back("images");
  cells.push_back("ranks");
  for (const MeasureResult& result : layers.front().results) {
    cells.push_back(std::string(result.measure->name) + (is_distance(result) ? " (d)" : ""));
  }
  cells.insert(cells.end(), {"floor", "status"});
  return cells;
}

std::vector<std::string> row_of(const Comparison& layer, bool by_position, bool has_marks) {
  const PairFacts& facts = layer.facts;
  std::vector<std::string> cells{shown_name(layer.layer), std::to_string(facts.samples)};
  if (by_position) cells.push_back(count_text(facts.effective_samples));
  const auto rank = [](std::optional<std::size_t> value) {
    return value ? std::to_string(*value) : "-";
  };
  cells.push_back(rank(facts.ranks[0]) + ", " + rank(facts.ranks[1]));
  for (const MeasureResult& result : layer.results) {
    cells.push_back(value_text(result, has_marks));
  }
  cells.push_back(number_text(mean_cca_floor(facts)));
  cells.emplace_back(name_of(facts.status));
  return cells;
}

std::string legend(std::span<const Comparison> layers) {
  const bool some = std::ranges::any_of(layers.front().results, is_distance);
  std::string text = std::string("similarities") + (some ? ", and distances (d)" : "") +
                     "; floor: the mean_cca of unrelated data of this size\n";
  if (layers.front().has_standard_errors) {
    text += "+- std error: how much the number would vary with other samples\n";
  }
  if (has_noise(layers)) text += "~ no nearer than unrelated data of this size may be by chance\n";
  return text;
}

}  // namespace

std::string statuses_text(std::span<const Status> statuses) {
  std::string text;
  for (const Status status : std::set<Status>(statuses.begin(), statuses.end())) {
    if (status == Status::ok) continue;
    text += std::string("status ") + name_of(status) + ": " + explain(status) + "\n";
  }
  return text;
}

std::string to_layer_table(std::span<const Comparison> layers, const std::string& x,
                           const std::string& y) {
  const bool by_position = std::ranges::any_of(layers, &Comparison::by_position);
  const bool has_marks = has_noise(layers);
  TextTable table(true);
  table.add(heading(layers, by_position));
  std::vector<Status> statuses;
  for (const Comparison& layer : layers) {
    table.add(row_of(layer, by_position, has_marks));
    statuses.push_back(layer.facts.status);
  }
  std::string text = "x  " + x + "\ny  " + y + "\n\n" + table.text() + "\n" + legend(layers);
  for (const Comparison& layer : layers) {
    for (const Fault& fault : layer.faults) {
      text += "note: " + shown_name(fault.subject) + ": " + fault.message + "\n";
    }
  }
  return text + statuses_text(statuses);
}

std::string left_out_text(const LeftOut& left_out) {
  std::string text;
  for (const Unmatched& of : left_out.unmatched) {
    text += "note: left out, as not in every input: " + some_of(of.layers, most_named) + " of " +
            shown_name(of.input) + "\n";
  }
  for (const UnfitLayer& of : left_out.unfit) {
    text += "note: left out: " + shown_name(of.reason) + "\n";
  }
  return text;
}

}  // namespace livecca::tool
