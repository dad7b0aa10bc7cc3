#include "moments/file/moments_facts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>

#include "common/enum_names.hpp"
#include "common/json_depth.hpp"
#include "moments/moments_parts.hpp"
#include "moments/sums_checks.hpp"

namespace livecca {
namespace {

using Json = nlohmann::ordered_json;

/// What is wrong with a text that was to be facts; never leaves this file.
class Refusal : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Facts lie six deep. Each level more would take some seventy bytes of memory for one of the text.
constexpr int deepest_facts = 8;

Json to_json(const MomentsParts& parts) {
  Json json{{"samples", parts.weights.samples},
            {"weight_sum", parts.weights.sum},
            {"weight_squares", parts.weights.squares},
            {"image_weight_sum", parts.weights.image_sum},
            {"image_weight_squares", parts.weights.image_squares},
            {"precision", name_of(parts.precision)},
            {"norm_sums", parts.has_norms()}};
  if (parts.is_tap) json["roundoff"] = *parts.roundoff;
  if (parts.has_difference() && std::isfinite(**parts.squared_difference)) {
    json["squared_difference"] = **parts.squared_difference;
  }
  return json;
}

template <typename Slot>
Json moments_or_null(const Slot& slot) {
  if (!slot.moments) return nullptr;
  auto& moments = const_cast<Slot&>(slot).moments;  // only read
  return to_json(MomentsAccess::parts_of(*moments));
}

Json to_json(const Grid& grid) {
  if (grid.depth == 1) return {grid.height, grid.width};
  return {grid.depth, grid.height, grid.width};
}

Json to_json(const TapMoments& tap) {
  Json json{{"network", tap.name.network},
            {"layer", tap.name.layer},
            {"grid", to_json(tap.grid)},
            {"samples_left_out", tap.samples_left_out},
            {"features_of_tap", tap.features_of_tap},
            {"feature_seed", tap.feature_seed},
            {"moments", moments_or_null(tap)}};
  if (tap.dtype) json["dtype"] = name_of(*tap.dtype);
  if (tap.frequency) {
    json["frequency"] = {tap.frequency->depth, tap.frequency->height, tap.frequency->width};
    json["multiplicity"] = tap.frequency->multiplicity;
  }
  return json;
}

Json window_to_json(const PanelMoments& moments) {
  Json json{{"images", moments.images},
            {"steps_committed", moments.steps_committed},
            {"steps_discarded", moments.steps_discarded}};
  if (moments.different.seen() > 0) {
    json["different"] = {{"seen", moments.different.seen()},
                         {"unlike", moments.different.unlike()},
                         {"smallest", Json::array()}};
    for (const auto& image : moments.different.smallest()) {
      json["different"]["smallest"].push_back({image.hash, image.count});
    }
  }
  json["taps"] = Json::array();
  for (const TapMoments& tap : moments.taps) json["taps"].push_back(to_json(tap));
  json["pairs"] = Json::array();
  for (const PairMoments& pair : moments.pairs) {
    json["pairs"].push_back({{"x", pair.x}, {"y", pair.y}, {"moments", moments_or_null(pair)}});
  }
  json["faults"] = Json::array();
  for (const Fault& fault : moments.faults) {
    json["faults"].push_back(
        {{"kind", name_of(fault.kind)}, {"subject", fault.subject}, {"message", fault.message}});
  }
  return json;
}

const Json& member(const Json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  if (!object.is_object() || found == object.end()) {
    throw Refusal(std::string("expected '") + name + "' among the facts, got none");
  }
  return *found;
}

[[noreturn]] void refuse(const char* name, const char* expected) {
  throw Refusal(std::string("expected ") + expected + " as '" + name + "', got another value");
}

std::uint64_t count_in(const Json& object, const char* name) {
  const Json& value = member(object, name);
  if (!value.is_number_unsigned()) refuse(name, "a count");
  return value.get<std::uint64_t>();
}

double weight_in(const Json& object, const char* name) {
  const Json& value = member(object, name);
  if (!value.is_number() || !is_weight(value.get<double>())) refuse(name, "a weight of 0 or more");
  return value.get<double>();
}

std::string text_in(const Json& object, const char* name) {
  const Json& value = member(object, name);
  if (!value.is_string()) refuse(name, "a text");
  return value.get<std::string>();
}

const Json& array_in(const Json& object, const char* name) {
  const Json& value = member(object, name);
  if (!value.is_array()) refuse(name, "a list");
  return value;
}

Precision precision_in(const Json& object) {
  const auto precision = enum_named<Precision>(text_in(object, "precision"));
  if (!precision) refuse("precision", enum_names<Precision>().c_str());
  return *precision;
}

Fault fault_of(const Json& json) {
  const auto kind = enum_named<FaultKind>(text_in(json, "kind"));
  if (!kind) refuse("kind", "a kind of fault");
  return {*kind, text_in(json, "subject"), text_in(json, "message")};
}

/// Files of before it was kept do not say.
double roundoff_in(const Json& json) {
  if (!json.contains("roundoff")) return 0;
  const double roundoff = weight_in(json, "roundoff");
  if (!is_roundoff(roundoff)) refuse("roundoff", "a share");
  return roundoff;
}

/// Files of before it was kept do not say.
std::optional<double> squared_difference_in(const Json& json, bool equal_widths) {
  if (!json.contains("squared_difference")) return std::nullopt;
  if (!equal_widths) refuse("squared_difference", "none of sides of different widths");
  return weight_in(json, "squared_difference");
}

/// Moments of the tensors' sizes with the facts' weights, or nothing if the facts say so.
template <typename Accumulator, typename... Features>
std::optional<Accumulator> moments_of(const Json& json, Features... features) {
  const Json& norm_sums = member(json, "norm_sums");
  if (!norm_sums.is_boolean()) refuse("norm_sums", "true or false");
  const Precision precision = precision_in(json);
  std::optional<Accumulator> moments;
  moments.emplace(features...,
                  MomentsOptions{.precision = precision, .norm_sums = norm_sums.get<bool>()});
  MomentsParts parts = MomentsAccess::parts_of(*moments);
  parts.precision = precision;
  parts.weights = {.samples = count_in(json, "samples"),
                   .sum = weight_in(json, "weight_sum"),
                   .squares = weight_in(json, "weight_squares"),
                   .image_sum = weight_in(json, "image_weight_sum"),
                   .image_squares = weight_in(json, "image_weight_squares")};
  if (parts.is_tap) {
    *parts.roundoff = roundoff_in(json);
  } else {
    *parts.squared_difference =
        squared_difference_in(json, parts.mean_x.size() == parts.mean_y.size());
  }
  return moments;
}

std::pair<std::size_t, std::size_t> expect_features(const FeaturesOf& features_of,
                                                    const std::string& name) {
  const auto features = features_of(name);
  if (!features) throw Refusal("expected tensors named " + name + "…, got none of the right shape");
  return *features;
}

Grid grid_of(const Json& tap) {
  const Json& grid = array_in(tap, "grid");
  for (const Json& extent : grid) {
    if (!extent.is_number_unsigned()) refuse("grid", "extents");
  }
  const auto extent = [&](std::size_t place) { return grid[place].get<std::size_t>(); };
  if (grid.size() == 2) return {.height = extent(0), .width = extent(1)};
  if (grid.size() != 3) refuse("grid", "two or three extents");
  return {.height = extent(1), .width = extent(2), .depth = extent(0)};
}

std::optional<Frequency> frequency_of(const Json& tap) {
  if (!tap.contains("frequency")) return std::nullopt;
  const Json& indices = array_in(tap, "frequency");
  if (indices.size() != 3 ||
      !std::ranges::all_of(indices, [](const Json& index) { return index.is_number_integer(); })) {
    refuse("frequency", "three indices");
  }
  const std::uint64_t multiplicity = count_in(tap, "multiplicity");
  if (multiplicity != 1 && multiplicity != 2) refuse("multiplicity", "1 or 2");
  return Frequency{.height = indices[1].get<std::int64_t>(),
                   .width = indices[2].get<std::int64_t>(),
                   .depth = indices[0].get<std::int64_t>(),
                   .multiplicity = static_cast<int>(multiplicity)};
}

/// Files of before it was kept do not say.
std::optional<DType> dtype_in(const Json& tap) {
  if (!tap.contains("dtype")) return std::nullopt;
  const auto dtype = enum_named<DType>(text_in(tap, "dtype"));
  if (!dtype) refuse("dtype", enum_names<DType>().c_str());
  return dtype;
}

TapMoments tap_of(const Json& json, const std::string& name, const FeaturesOf& features_of) {
  TapMoments tap;
  tap.name = {text_in(json, "network"), text_in(json, "layer")};
  tap.grid = grid_of(json);
  tap.frequency = frequency_of(json);
  tap.samples_left_out = count_in(json, "samples_left_out");
  tap.features_of_tap = count_in(json, "features_of_tap");
  tap.feature_seed = count_in(json, "feature_seed");
  tap.dtype = dtype_in(json);
  const Json& moments = member(json, "moments");
  if (moments.is_null()) return tap;
  const auto [x, y] = expect_features(features_of, name);
  if (x != y || tap.features_of_tap < x) refuse("features_of_tap", "no fewer than the scatter has");
  if (tap.frequency && (x % 2 != 0 || tap.features_of_tap % 2 != 0)) {
    refuse("features_of_tap", "as many real as imaginary parts");
  }
  tap.moments = moments_of<Moments>(moments, x);
  return tap;
}

PairMoments pair_of(const Json& json, const std::string& name, const std::vector<TapMoments>& taps,
                    const FeaturesOf& features_of) {
  PairMoments pair;
  pair.x = count_in(json, "x");
  pair.y = count_in(json, "y");
  if (pair.x >= taps.size() || pair.y >= taps.size()) refuse("x and y", "taps that there are");
  const Json& moments = member(json, "moments");
  if (moments.is_null()) return pair;
  const auto [x, y] = expect_features(features_of, name);
  const auto& tap_x = taps[pair.x].moments;
  const auto& tap_y = taps[pair.y].moments;
  if (!tap_x || !tap_y || tap_x->features() != x || tap_y->features() != y) {
    throw Refusal("expected " + name + "product to have its taps' features, got others");
  }
  pair.moments = moments_of<CrossMoments>(moments, x, y);
  return pair;
}

/// Files of before it was kept do not say.
DifferentImages different_in(const Json& json) {
  if (!json.contains("different")) return {};
  const Json& different = json["different"];
  std::vector<DifferentImages::Counted> smallest;
  for (const Json& image : array_in(different, "smallest")) {
    if (!image.is_array() || image.size() != 2 || !image[0].is_number_unsigned() ||
        !image[1].is_number_unsigned()) {
      refuse("smallest", "hashes and their counts");
    }
    smallest.push_back({image[0].get<std::uint64_t>(), image[1].get<std::uint64_t>()});
  }
  auto images = DifferentImages::from(count_in(different, "seen"), count_in(different, "unlike"),
                                      std::move(smallest));
  if (!images) throw Refusal(images.why());
  return *std::move(images);
}

PanelMoments window_of(const Json& json, const std::string& prefix, const FeaturesOf& features_of) {
  PanelMoments moments;
  moments.images = count_in(json, "images");
  moments.different = different_in(json);
  moments.steps_committed = count_in(json, "steps_committed");
  moments.steps_discarded = count_in(json, "steps_discarded");
  for (const Json& tap : array_in(json, "taps")) {
    const std::string name = prefix + "taps." + std::to_string(moments.taps.size()) + ".";
    moments.taps.push_back(tap_of(tap, name, features_of));
  }
  for (const Json& pair : array_in(json, "pairs")) {
    const std::string name = prefix + "pairs." + std::to_string(moments.pairs.size()) + ".";
    moments.pairs.push_back(pair_of(pair, name, moments.taps, features_of));
  }
  for (const Json& fault : array_in(json, "faults")) moments.faults.push_back(fault_of(fault));
  return moments;
}

/// A block is a part of its window: the same taps and pairs, of the same widths.
void expect_part_of(const PanelMoments& window, const PanelMoments& block) {
  bool fits = window.taps.size() == block.taps.size() && window.pairs.size() == block.pairs.size();
  for (std::size_t i = 0; fits && i < window.taps.size(); ++i) {
    const TapMoments& whole = window.taps[i];
    const TapMoments& part = block.taps[i];
    fits =
        whole.name == part.name && whole.frequency == part.frequency &&
        (!part.moments || (whole.moments && whole.moments->features() == part.moments->features()));
  }
  for (std::size_t i = 0; fits && i < window.pairs.size(); ++i) {
    const PairMoments& whole = window.pairs[i];
    const PairMoments& part = block.pairs[i];
    fits = whole.x == part.x && whole.y == part.y && (!part.moments || whole.moments);
  }
  if (!fits) throw Refusal("expected blocks of the window's own taps and pairs, got others");
}

}  // namespace

std::string facts_to_json(const PanelMoments& moments) {
  Json json = window_to_json(moments);
  json["blocks"] = Json::array();
  for (const PanelMoments& block : moments.blocks) json["blocks"].push_back(window_to_json(block));
  // Only where it is so: files without it, of earlier versions too, hold blocks in turn.
  if (moments.blocks_by_age) json["blocks_by_age"] = true;
  return json.dump();
}

Result<PanelMoments> facts_from_json(const std::string& text, const FeaturesOf& features_of) {
  if (nests_deeper_than(deepest_facts, text)) {
    return Failure{"expected facts, got JSON that nests deeper than they do"};
  }
  const Json json = Json::parse(text, nullptr, false);
  try {
    PanelMoments moments = window_of(json, "", features_of);
    for (const Json& block : array_in(json, "blocks")) {
      const std::string prefix = "blocks." + std::to_string(moments.blocks.size()) + ".";
      moments.blocks.push_back(window_of(block, prefix, features_of));
      expect_part_of(moments, moments.blocks.back());
    }
    const auto by_age = json.find("blocks_by_age");
    if (by_age != json.end() && !by_age->is_boolean()) refuse("blocks_by_age", "true or false");
    moments.blocks_by_age = by_age != json.end() && by_age->get<bool>();
    return moments;
  } catch (const Refusal& refusal) {
    return Failure{refusal.what()};
  }
}

}  // namespace livecca
