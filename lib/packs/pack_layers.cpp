#include "packs/pack_layers.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "activations/safetensors_type.hpp"
#include "common/enum_names.hpp"
#include "common/json_depth.hpp"
#include "common/owned_json.hpp"

namespace livecca {
namespace {

using Json = nlohmann::json;

// Taken apart, JSON takes up to thirty times the memory of its text. Ten thousand layers' facts are
// shorter.
constexpr std::size_t longest_layers = std::size_t{8} << 20U;

Result<void> check_length_of(const std::string& text) {
  if (text.size() <= longest_layers) return {};
  return Failure{"expected layers' facts of at most " + std::to_string(longest_layers) +
                 " bytes, got " + std::to_string(text.size())};
}

// The library writes texts and numbers; objects are put together here. Those of the library take
// memory in their destructors, which ends the process if there is none.

std::string text_of(const Grid& grid) {
  const std::string plane = std::to_string(grid.height) + ',' + std::to_string(grid.width);
  return '[' + (grid.depth == 1 ? plane : std::to_string(grid.depth) + ',' + plane) + ']';
}

/// One layer's object, its fields in the order of their names. Throws Json::type_error for text
/// that is not UTF-8.
std::string layer_to_json(const PackHeader::Layer& layer, std::size_t place) {
  const RecordedLayer& facts = layer.facts;
  std::string text;
  const auto add = [&text](const char* name, const std::string& value) {
    text += text.empty() ? "{\"" : ",\"";
    text += name;
    text += "\":";
    text += value;
  };
  const bool is_scaled = layer.tensors.scale.is_there();
  if (is_scaled) add("estimated_loss", Json(facts.estimated_loss).dump());
  add("feature_seed", std::to_string(facts.feature_seed));
  add("features_of_tap", std::to_string(facts.features_of_tap));
  add("grid", text_of(facts.grid));
  add("observed", Json(name_of(facts.observed)).dump());
  add("place", std::to_string(place));
  add("reading", Json(facts.reading).dump());
  add("roundoff", Json(facts.roundoff).dump());
  add("rows", Json(layer.tensors.rows.name).dump());
  add("rows_per_image", std::to_string(facts.rows_per_image));
  if (is_scaled) add("scale", Json(layer.tensors.scale.name).dump());
  if (is_scaled) add("shift", Json(layer.tensors.shift.name).dump());
  if (layer.tensors.steps.is_there()) add("steps", Json(layer.tensors.steps.name).dump());
  if (layer.tensors.valid.is_there()) add("valid", Json(layer.tensors.valid.name).dump());
  return text + '}';
}

/// Reads one layer's object; what is missing or of another type is told by its name. After the
/// first call that returns false, failure() tells the reason.
class LayerReader {
 public:
  explicit LayerReader(const Json& json) : json_(json) {}

  bool text(const char* field, std::string& value, bool optional = false) {
    const auto found = json_.find(field);
    if (found == json_.end() && optional) return true;
    if (found == json_.end() || !found->is_string()) return fail("a text", field);
    value = found->get<std::string>();
    return true;
  }
  template <typename Number>
  bool count(const char* field, Number& value) {
    const auto found = json_.find(field);
    if (found == json_.end() || !found->is_number_unsigned()) return fail("a count", field);
    value = found->get<Number>();
    return true;
  }
  bool size(const char* field, double& value, bool optional = false) {
    const auto found = json_.find(field);
    if (found == json_.end() && optional) return true;
    if (found == json_.end() || !found->is_number()) return fail("a number of 0 or more", field);
    value = found->get<double>();
    return (std::isfinite(value) && value >= 0) || fail("a number of 0 or more", field);
  }
  bool grid(Grid& value) {
    const auto found = json_.find("grid");
    const auto is_extent = [](const Json& number) {
      return number.is_number_unsigned() && number.get<std::size_t>() > 0;
    };
    if (found == json_.end() || !found->is_array() || found->size() < 2 || found->size() > 3 ||
        !std::ranges::all_of(*found, is_extent)) {
      return fail("2 or 3 extents", "grid");
    }
    const std::size_t last = found->size() - 1;
    value = {.height = (*found)[last - 1].get<std::size_t>(),
             .width = (*found)[last].get<std::size_t>(),
             .depth = last == 2 ? (*found)[0].get<std::size_t>() : 1};
    std::size_t positions = 0;
    return (!__builtin_mul_overflow(value.height, value.width, &positions) &&
            !__builtin_mul_overflow(positions, value.depth, &positions)) ||
           fail("fewer than 2^64 positions", "grid");
  }
  bool fail(const char* expected, const char* field) {
    failure_ = {std::string("expected ") + expected + " as " + field + ", got another"};
    return false;
  }
  const Failure& failure() const { return failure_; }

 private:
  const Json& json_;
  Failure failure_;
};

Result<void> read_layer(const Json& json, PackHeader::Layer& layer) {
  if (!json.is_object()) return Failure{"expected an object of facts, got another"};
  LayerReader read(json);
  RecordedLayer& facts = layer.facts;
  std::string observed;
  LayerTensors& tensors = layer.tensors;
  if (!read.text("rows", tensors.rows.name) || !read.text("scale", tensors.scale.name, true) ||
      !read.text("shift", tensors.shift.name, true) ||
      !read.text("valid", tensors.valid.name, true) ||
      !read.text("steps", tensors.steps.name, true) || !read.text("reading", facts.reading) ||
      !read.count("rows_per_image", facts.rows_per_image) || !read.grid(facts.grid) ||
      !read.count("features_of_tap", facts.features_of_tap) ||
      !read.count("feature_seed", facts.feature_seed) || !read.text("observed", observed) ||
      !read.size("roundoff", facts.roundoff) ||
      !read.size("estimated_loss", facts.estimated_loss, true)) {
    return read.failure();
  }
  const auto dtype = enum_named<DType>(observed);
  if (!dtype) {
    read.fail("an element type", "observed");
    return read.failure();
  }
  facts.observed = *dtype;
  return {};
}

/// The file's tensors by name, each of which one layer may take once.
class TensorsToTake {
 public:
  explicit TensorsToTake(const SafetensorsHeader& header) {
    for (const SafetensorsTensor& tensor : header.tensors) tensors_.emplace(tensor.name, &tensor);
  }
  /// Completes what a layer says by name. Never null. Fails if there is no such tensor or it is
  /// another layer's.
  Result<const SafetensorsTensor*> take(LayerTensors::Tensor& named) {
    const auto found = tensors_.find(named.name);
    if (found == tensors_.end()) {
      return Failure{"expected a tensor " + in_quotes(named.name) + " of its own, got none"};
    }
    const SafetensorsTensor* tensor = found->second;
    tensors_.erase(found);
    named.dtype = tensor->dtype;
    named.begin = tensor->begin;
    return tensor;
  }
  /// The same of `count` numbers of some types; what has no name is left as it is.
  Result<void> take_vector(LayerTensors::Tensor& named, std::uint64_t count,
                           std::string_view dtypes) {
    if (named.name.empty()) return {};
    const auto taken = take(named);
    if (!taken) return Failure{taken.why()};
    const SafetensorsTensor* tensor = *taken;
    if (dtypes.find(tensor->dtype) != std::string_view::npos &&
        tensor->shape == std::vector<std::uint64_t>{count}) {
      return {};
    }
    return Failure{"expected " + std::to_string(count) + " numbers of " + std::string(dtypes) +
                   " as " + in_quotes(named.name) + ", got others"};
  }
  std::size_t left() const { return tensors_.size(); }

 private:
  std::unordered_map<std::string, const SafetensorsTensor*> tensors_;
};

/// The steps of sequences, if they are in the file: they count the rows.
Result<void> take_steps(PackHeader::Layer& layer, TensorsToTake& tensors) {
  if (layer.tensors.steps.name.empty()) return {};
  const auto taken = tensors.take(layer.tensors.steps);
  if (!taken) return Failure{taken.why()};
  const SafetensorsTensor* steps = *taken;
  RecordedLayer& facts = layer.facts;
  if (!facts.is_of_steps() || !layer.tensors.valid.name.empty() || steps->dtype != "U8" ||
      steps->shape.size() != 2 || steps->shape[1] != facts.rows_per_image ||
      facts.grid != Grid{1, facts.rows_per_image} ||
      facts.rows > steps->shape[0] * steps->shape[1]) {
    return Failure{"expected steps of sequences as U8, sequences x " +
                   std::to_string(facts.rows_per_image) + ", got another " +
                   in_quotes(layer.tensors.steps.name)};
  }
  facts.is_by_step = true;
  facts.rows = steps->shape[0] * steps->shape[1];
  return {};
}

Result<void> take_rows(PackHeader::Layer& layer, TensorsToTake& tensors) {
  RecordedLayer& facts = layer.facts;
  const auto taken = tensors.take(layer.tensors.rows);
  if (!taken) return Failure{taken.why()};
  const SafetensorsTensor* rows = *taken;
  const auto stored = dtype_of_safetensors(rows->dtype);
  // Packs hold no bfloat16.
  if (!stored || stored == DType::bfloat16 || rows->shape.size() != 2 || rows->begin == rows->end) {
    return Failure{"expected rows of F16, F32 or F64, samples x features, got " + rows->dtype +
                   " of " + std::to_string(rows->shape.size()) + " axes"};
  }
  facts.stored = *stored;
  layer.stored_rows = facts.rows = rows->shape[0];
  facts.features = rows->shape[1];
  if (auto steps = take_steps(layer, tensors); !steps) return steps;
  if (facts.is_of_steps() && facts.grid != Grid{1, facts.grid.width}) {
    return Failure{"expected sequences on a grid of 1 x " + std::to_string(facts.grid.width) +
                   ", got " + facts.grid.text()};
  }
  if (facts.rows_per_image == 0 || facts.rows_per_image > facts.grid.size() ||
      facts.rows % facts.rows_per_image != 0) {
    return Failure{"expected rows of whole images on " + facts.grid.text() + " positions, got " +
                   std::to_string(facts.rows) + " rows at " + std::to_string(facts.rows_per_image) +
                   " an image"};
  }
  if (facts.features > facts.features_of_tap) {
    return Failure{"expected at most the " + std::to_string(facts.features_of_tap) +
                   " features of the tap, got " + std::to_string(facts.features)};
  }
  return {};
}

Result<void> take_tensors(PackHeader::Layer& layer, TensorsToTake& tensors) {
  if (auto taken = take_rows(layer, tensors); !taken) return taken;
  auto& [rows, scale, shift, valid, steps] = layer.tensors;
  if (scale.name.empty() != shift.name.empty() || (!scale.name.empty() && rows.dtype != "F16")) {
    return Failure{"expected a scale and a shift together, beside F16 rows, got another"};
  }
  auto taken = tensors.take_vector(scale, layer.facts.features, "F32 or F64");
  if (taken) taken = tensors.take_vector(shift, layer.facts.features, "F32 or F64");
  if (taken) taken = tensors.take_vector(valid, layer.facts.rows, "U8");
  return taken;
}

}  // namespace

Result<std::string> layers_to_json(const std::vector<PackHeader::Layer>& layers) {
  std::map<std::string, std::size_t> by_name;
  for (std::size_t place = 0; place < layers.size(); ++place) {
    by_name[layers[place].facts.name] = place;
  }
  std::string text = "{";
  try {
    for (const auto& [name, place] : by_name) {
      if (text.size() > 1) text += ',';
      text += Json(name).dump() + ':' + layer_to_json(layers[place], place);
    }
    text += '}';
  } catch (const Json::type_error&) {
    return Failure{"expected names of layers in UTF-8, got other bytes"};
  }
  if (const auto checked = check_length_of(text); !checked) return Failure{checked.why()};
  return text;
}

Result<std::vector<PackHeader::Layer>> layers_from_json(const std::string& text,
                                                        const SafetensorsHeader& header) {
  if (const auto checked = check_length_of(text); !checked) return Failure{checked.why()};
  const OwnedJson owned(parse_json<Json>(text));
  const Json& json = *owned;
  if (!json.is_object() || json.empty()) {
    return Failure{"expected the layers of a pack as a JSON object, got another or none"};
  }
  std::vector<PackHeader::Layer> layers;
  // Of files that do not say, the order of the rows; wide elements come first in these.
  std::map<std::string, std::uint64_t> places;
  TensorsToTake tensors(header);
  for (const auto& [name, facts] : json.items()) {
    PackHeader::Layer& layer = layers.emplace_back();
    layer.facts.name = name;
    auto read = read_layer(facts, layer);
    if (read) read = take_tensors(layer, tensors);
    if (!read) return Failure{"layer " + in_quotes(name) + ": " + read.why()};
    const auto place = facts.find("place");
    const bool has_place = place != facts.end() && place->is_number_unsigned();
    places[name] = has_place ? place->get<std::uint64_t>() : 0;
  }
  if (tensors.left() > 0) {
    return Failure{"expected every tensor to be a layer's, got " + std::to_string(tensors.left()) +
                   " that are not"};
  }
  std::ranges::sort(layers, {}, [&](const auto& layer) {
    return std::pair(places.at(layer.facts.name), layer.tensors.rows.begin);
  });
  return layers;
}

}  // namespace livecca
