#include "matrices/networks_output.hpp"

#include <algorithm>

#include "compare/compare_output.hpp"
#include "compare/layer_table.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

using Json = nlohmann::ordered_json;

void add_groups(const NetworkMatrices& layer, const Groups& groups, Json& json) {
  json["groups"] = Json::object();
  for (std::size_t g = 0; g < groups.names.size(); ++g) {
    Json& within = json["groups"][groups.names[g]] = Json::object();
    for (const auto& [matrix, means] : layer.measures) {
      within[std::string(matrix.measure().name)] = mean_json(means->within[g]);
    }
  }
  json["between"] = Json::array();
  for (std::size_t b = 0; b < layer.measures.front().means->between.size(); ++b) {
    const auto& [first, second] = layer.measures.front().means->between[b].groups;
    Json between{{"groups", {groups.names[first], groups.names[second]}}};
    for (const auto& [matrix, means] : layer.measures) {
      between[std::string(matrix.measure().name)] = mean_json(means->between[b].mean);
    }
    json["between"].push_back(std::move(between));
  }
}

std::vector<std::string> row_of(const std::string& name, const GroupMean& mean) {
  std::string pairs = std::to_string(mean.pairs);
  if (mean.pairs_missing > 0) pairs += " of " + std::to_string(mean.pairs + mean.pairs_missing);
  return {"  " + shown_name(name), number_text(mean.mean), number_text(mean.standard_error),
          std::move(pairs)};
}

std::string means_text(const GroupMeans& means, const Groups& groups) {
  TextTable table;
  table.add({"  mean over pairs", "mean", "std error", "pairs"});
  for (std::size_t g = 0; g < groups.names.size(); ++g) {
    table.add(row_of("within " + groups.names[g], means.within[g]));
  }
  for (const auto& [pair, mean] : means.between) {
    table.add(row_of("between " + groups.names[pair[0]] + " and " + groups.names[pair[1]], mean));
  }
  return table.text();
}

std::string mean_and_error(const GroupMean& mean) {
  if (!mean.standard_error) return number_text(mean.mean);
  return number_text(mean.mean) + " +- " + number_text(mean.standard_error);
}

/// One measure's means over groups, a row a layer: how they change from layer to layer.
std::string means_of_layers(std::span<const NetworkMatrices> layers, std::size_t measure,
                            const Groups& groups) {
  TextTable table;
  std::vector<std::string> heading{"  layer"};
  for (const std::string& name : groups.names) heading.push_back(shown_name(name));
  for (const auto& between : layers.front().measures[measure].means->between) {
    const auto& [first, second] = between.groups;
    heading.push_back(shown_name(groups.names[first]) + " - " + shown_name(groups.names[second]));
  }
  table.add(std::move(heading));
  for (const NetworkMatrices& layer : layers) {
    const GroupMeans& means = *layer.measures[measure].means;
    std::vector<std::string> cells{"  " + shown_name(layer.layer)};
    for (const GroupMean& within : means.within) cells.push_back(mean_and_error(within));
    for (const auto& between : means.between) cells.push_back(mean_and_error(between.mean));
    table.add(std::move(cells));
  }
  const PairMatrix& matrix = layers.front().measures[measure].matrix;
  return std::string(matrix.measure().name) + " " + name_of(matrix.direction()) +
         ", mean +- std error within groups and between them\n" + table.text();
}

std::string features_text(const NetworkMatrices& layer) {
  std::size_t fewest = layer.facts.front().features[0];
  std::size_t most = fewest;
  for (const PairFacts& facts : layer.facts) {
    fewest = std::min({fewest, facts.features[0], facts.features[1]});
    most = std::max({most, facts.features[0], facts.features[1]});
  }
  const std::string text = std::to_string(fewest);
  return (fewest == most ? text : text + " to " + std::to_string(most)) + " features";
}

std::string facts_text(const NetworkMatrices& layer) {
  const PairFacts& facts = layer.facts.front();
  std::string text;
  if (!layer.layer.empty()) text += "layer " + shown_name(layer.layer) + ": ";
  text += features_text(layer) + ", " + std::to_string(facts.samples) + " samples";
  if (facts.effective_samples != static_cast<double>(facts.samples)) {
    text += " of " + count_text(facts.effective_samples) + " images";
  }
  if (facts.samples_left_out > 0) {
    text +=
        "; " + std::to_string(facts.samples_left_out) + " left out as not finite in some network";
  }
  return text + "\n";
}

/// One a network: the first has a pair with each of the others, which come first.
Json ranks_of_networks(const NetworkMatrices& layer, std::size_t networks) {
  Json ranks = Json::array({ranks_json(layer.facts.front())[0]});
  for (std::size_t i = 0; i + 1 < networks; ++i) ranks.push_back(ranks_json(layer.facts[i])[1]);
  return ranks;
}

MatrixLabels numbers(std::size_t networks) {
  MatrixLabels labels;
  for (std::size_t i = 1; i <= networks; ++i) labels.rows.push_back("  " + std::to_string(i));
  for (std::size_t i = 1; i <= networks; ++i) labels.columns.push_back(std::to_string(i));
  return labels;
}

}  // namespace

Json mean_json(const GroupMean& mean) {
  Json json{{"mean", number_or_null(mean.mean)},
            {"standard_error", number_or_null(mean.standard_error)},
            {"pairs", mean.pairs},
            {"networks", mean.networks}};
  if (mean.pairs_missing > 0) json["pairs_missing"] = mean.pairs_missing;
  return json;
}

Json to_json(const NetworkMatrices& layer, const Networks& networks) {
  const std::size_t count = networks.paths.size();
  Json json;
  if (!layer.layer.empty()) json["layer"] = layer.layer;
  json["inputs"] = networks.paths;
  json["samples"] = layer.facts.front().samples;
  json["effective_samples"] = count_json(layer.facts.front().effective_samples);
  json["ranks"] = ranks_of_networks(layer, count);
  json["measures"] = Json::object();
  for (const auto& [matrix, means] : layer.measures) {
    json["measures"][std::string(matrix.measure().name)] = {
        {"direction", name_of(matrix.direction())},
        {"values", values_json(matrix)},
        {"noise_floor", floors_json(matrix)}};
  }
  json["status"] = Json::array();
  for (std::size_t i = 0; i < layer.statuses.size(); ++i) {
    if (i % count == 0) json["status"].push_back(Json::array());
    const auto& status = layer.statuses[i];
    json["status"].back().push_back(status ? Json(name_of(*status)) : Json(nullptr));
  }
  if (networks.groups) add_groups(layer, *networks.groups, json);
  add_left_out(networks.left_out, json);
  return json;
}

std::string heading_text(const Networks& networks) {
  TextTable table(true);
  for (std::size_t i = 0; i < networks.paths.size(); ++i) {
    std::string group;
    if (networks.groups) {
      const auto& of = networks.groups->group_of[i];
      group = of ? shown_name(networks.groups->names[*of]) : "in no group";
    }
    table.add({std::to_string(i + 1) + "  " + shown_name(networks.paths[i]), group});
  }
  return table.text();
}

std::string to_table(const NetworkMatrices& layer, const Networks& networks) {
  std::string text = "\n" + facts_text(layer);
  const MatrixLabels labels = numbers(networks.paths.size());
  for (const auto& [matrix, means] : layer.measures) {
    text += "\n" + to_text(matrix, labels) + "\n";
    if (means) text += means_text(*means, *networks.groups) + "\n";
    if (matrix.measure().swapped != matrix.measure().measure) {
      text += "x is the network of the row\n";
    }
    text += marks_text(matrix, labels);
  }
  for (const Fault& fault : layer.faults) {
    text += "note: " + shown_name(fault.subject) + ": " + fault.message + "\n";
  }
  std::vector<Status> statuses;
  for (const auto& status : layer.statuses) {
    if (status) statuses.push_back(*status);
  }
  return text + statuses_text(statuses);
}

std::string closing_text(std::span<const NetworkMatrices> layers, const Networks& networks) {
  std::string text;
  if (networks.groups) {
    if (layers.size() > 1) {
      for (std::size_t m = 0; m < layers.front().measures.size(); ++m) {
        text += "\n" + means_of_layers(layers, m, *networks.groups);
      }
    }
    text += "\nstd error: how much a mean would vary with other networks\n";
  }
  const std::string left_out = left_out_text(networks.left_out);
  return text + (left_out.empty() || !text.empty() ? "" : "\n") + left_out;
}

}  // namespace livecca::tool
