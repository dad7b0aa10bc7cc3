#include "matrices/reference_bands.hpp"

#include <span>

#include "common/files/atomic_file.hpp"
#include "compare/compare_output.hpp"
#include "inputs/input_error.hpp"
#include "matrices/networks_output.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

using Json = nlohmann::ordered_json;

/// Readers refuse a file of another version.
constexpr int version = 1;

Json groups_json(const Networks& networks) {
  Json json = Json::object();
  for (const std::string& name : networks.groups->names) json[name] = Json::array();
  for (std::size_t i = 0; i < networks.paths.size(); ++i) {
    const auto& group = networks.groups->group_of[i];
    if (group) json[networks.groups->names[*group]].push_back(networks.paths[i]);
  }
  return json;
}

/// The floors of a matrix, for their means over the same pairs.
GroupMeans floor_means(const PairMatrix& matrix, const Groups& groups) {
  std::vector<std::optional<double>> floors;
  for (std::size_t i = 0; i < matrix.rows(); ++i) {
    for (std::size_t j = 0; j < matrix.columns(); ++j) {
      floors.push_back(matrix.value(i, j) ? matrix.floor(i, j) : std::nullopt);
    }
  }
  return group_means(floors, groups.group_of, groups.names.size());
}

Json band_json(const GroupMean& mean, const GroupMean& floor) {
  Json json = mean_json(mean);
  json["noise_floor"] = number_or_null(floor.mean);
  return json;
}

Json measure_json(const NetworkMatrices::OfMeasure& of, const Groups& groups) {
  const GroupMeans floors = floor_means(of.matrix, groups);
  Json json{{"direction", name_of(of.matrix.direction())},
            {"within", Json::object()},
            {"between", Json::array()}};
  for (std::size_t g = 0; g < groups.names.size(); ++g) {
    json["within"][groups.names[g]] = band_json(of.means->within[g], floors.within[g]);
  }
  for (std::size_t b = 0; b < of.means->between.size(); ++b) {
    const auto& [pair, mean] = of.means->between[b];
    Json between{{"groups", {groups.names[pair[0]], groups.names[pair[1]]}}};
    between.update(band_json(mean, floors.between[b].mean));
    json["between"].push_back(std::move(between));
  }
  return json;
}

Json layer_json(const NetworkMatrices& layer, const Groups& groups) {
  Json json{{"layer", layer.layer},
            {"samples", layer.facts.front().samples},
            {"effective_samples", count_json(layer.facts.front().effective_samples)},
            {"measures", Json::object()}};
  for (const NetworkMatrices::OfMeasure& of : layer.measures) {
    json["measures"][std::string(of.matrix.measure().name)] = measure_json(of, groups);
  }
  return json;
}

}  // namespace

void write_bands(const std::string& path, std::span<const NetworkMatrices> layers,
                 const Networks& networks) {
  Json json{{"livecca_reference_bands", version},
            {"groups", groups_json(networks)},
            {"layers", Json::array()}};
  for (const NetworkMatrices& layer : layers) {
    json["layers"].push_back(layer_json(layer, *networks.groups));
  }
  const std::string text = json_line(json);
  AtomicFile file(path);
  auto written = file.write(std::as_bytes(std::span(text)));
  if (written) written = file.commit(AtomicFile::Sync::none);
  if (!written) throw InputError(written.why());
}

}  // namespace livecca::tool
