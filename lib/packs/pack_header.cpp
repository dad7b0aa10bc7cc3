#include "packs/pack_header.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "common/files/safetensors_checksum.hpp"
#include "packs/pack_layers.hpp"

namespace livecca {
namespace {

constexpr const char* format = "livecca.pack";
constexpr const char* version = "2";
constexpr const char* version_without_checksum = "1";

std::string value_of(const SafetensorsHeader& header, const char* name) {
  const auto found = header.metadata.find(name);
  return found == header.metadata.end() ? std::string() : found->second;
}

/// A whole text that is a number.
template <typename Number>
bool read_number(std::string_view text, Number& value) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && stop == text.data() + text.size();
}

template <typename Number>
Result<void> read_number_named(const SafetensorsHeader& header, const char* name, Number& value) {
  const std::string text = value_of(header, name);
  if (read_number(text, value)) return {};
  return Failure{std::string("expected a number as ") + name + " of a pack, got " +
                 in_quotes(text)};
}

Result<void> check_same_images(const PackHeader& header) {
  for (const PackHeader::Layer& layer : header.layers) {
    const std::uint64_t images = layer.facts.rows / layer.facts.rows_per_image;
    if (images == header.images()) continue;
    return Failure{"expected rows of as many images in every layer, got " +
                   std::to_string(header.images()) + " in " +
                   in_quotes(header.layers[0].facts.name) + " and " + std::to_string(images) +
                   " in " + in_quotes(layer.facts.name)};
  }
  if (header.kept && header.kept->count != header.images()) {
    return Failure{"expected the " + std::to_string(header.kept->count) +
                   " images that were kept, got " + std::to_string(header.images())};
  }
  return {};
}

Result<void> read_probe(const SafetensorsHeader& header, PackHeader& result) {
  if (header.metadata.contains("kept")) {
    result.kept = KeptImages::parse(value_of(header, "kept"));
    if (!result.kept) {
      return Failure{"expected \"k of n seed s\" as the images kept, got " +
                     in_quotes(value_of(header, "kept"))};
    }
  }
  if (header.metadata.contains("fingerprint")) {
    result.fingerprint = ProbeFingerprint::parse(value_of(header, "fingerprint"));
    if (!result.fingerprint) {
      return Failure{"expected a probe's fingerprint, got " +
                     in_quotes(value_of(header, "fingerprint"))};
    }
  }
  return {};
}

}  // namespace

std::string KeptImages::text() const {
  return std::to_string(count) + " of " + std::to_string(total) + " seed " + std::to_string(seed);
}

std::optional<KeptImages> KeptImages::parse(std::string_view text) {
  KeptImages kept;
  const std::size_t of = text.find(" of ");
  const std::size_t seed = text.find(" seed ");
  if (of == std::string_view::npos || seed == std::string_view::npos || seed < of + 4 ||
      !read_number(text.substr(0, of), kept.count) ||
      !read_number(text.substr(of + 4, seed - of - 4), kept.total) ||
      !read_number(text.substr(seed + 6), kept.seed) || kept.count == 0 ||
      kept.count >= kept.total) {
    return std::nullopt;
  }
  return kept;
}

std::vector<std::size_t> KeptImages::images() const {
  std::vector<std::size_t> chosen;
  choose_features(total, count, seed, chosen);
  return chosen;
}

void name_tensors(std::vector<PackHeader::Layer>& layers) {
  std::set<std::string> taken{"__metadata__"};
  const auto name = [&taken](LayerTensors::Tensor& tensor, std::string wanted) {
    if (!tensor.is_there()) return;
    while (!taken.insert(wanted).second) wanted += '+';
    tensor.name = std::move(wanted);
  };
  // Rows first: they should have their layer's name whatever other layers are called.
  for (PackHeader::Layer& layer : layers) name(layer.tensors.rows, layer.facts.name);
  for (PackHeader::Layer& layer : layers) {
    LayerTensors& tensors = layer.tensors;
    name(tensors.scale, layer.facts.name + "/scale");
    name(tensors.shift, layer.facts.name + "/shift");
    name(tensors.valid, layer.facts.name + "/valid");
    name(tensors.steps, layer.facts.name + "/steps");
  }
}

Result<SafetensorsMetadata> pack_metadata(const PackHeader& header) {
  SafetensorsMetadata metadata{{"format", format},
                               {"version", version},
                               {checksum_name, unknown_checksum},
                               {"network", header.network},
                               {"epoch", std::to_string(header.epoch)},
                               {"step", std::to_string(header.step)},
                               {"positions_per_image", std::to_string(header.positions.per_image)},
                               {"positions_seed", std::to_string(header.positions.seed)}};
  if (header.fingerprint) metadata.emplace_back("fingerprint", header.fingerprint->text());
  if (header.is_of_training_mode) metadata.emplace_back("mode", "train");
  if (header.kept) metadata.emplace_back("kept", header.kept->text());
  auto text = layers_to_json(header.layers);
  if (!text) return Failure{text.why()};
  metadata.emplace_back("layers", *std::move(text));
  return metadata;
}

Result<PackHeader> parse_pack_header(const SafetensorsHeader& header) {
  const std::string its_format = value_of(header, "format");
  if (its_format != format) {
    return Failure{std::string("expected a file of format ") + format + ", got " +
                   (its_format.empty() ? "a safetensors file of another program"
                                       : "format " + in_quotes(its_format))};
  }
  const std::string its = value_of(header, "version");
  if (its != version && its != version_without_checksum) {
    return Failure{std::string("expected a pack of version ") + version_without_checksum + " or " +
                   version + ", got version " + in_quotes(its)};
  }
  PackHeader result;
  result.has_checksum = its == version || header.metadata.contains(checksum_name);
  result.network = value_of(header, "network");
  Positions& positions = result.positions;
  auto read = read_number_named(header, "epoch", result.epoch);
  if (read) read = read_number_named(header, "step", result.step);
  if (read) read = read_number_named(header, "positions_per_image", positions.per_image);
  if (read) read = read_number_named(header, "positions_seed", positions.seed);
  if (read) read = read_probe(header, result);
  if (!read) return Failure{read.why()};
  result.is_of_training_mode = value_of(header, "mode") == "train";
  auto layers = layers_from_json(value_of(header, "layers"), header);
  if (!layers) return Failure{layers.why()};
  result.layers = *std::move(layers);
  if (const auto same = check_same_images(result); !same) return Failure{same.why()};
  return result;
}

}  // namespace livecca
