#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/enum_names.hpp"
#include "livecca/sinks/row.hpp"

namespace livecca::row_fields {

// Ordered, so that fields stand in the order of docs/rows.md and notes in the user's.
using Json = nlohmann::ordered_json;
using Pairs = std::vector<std::pair<std::string, std::string>>;

// One way to JSON for each type that a field has, and the way back beside it. read() returns false
// if the JSON is of another type.

template <typename Value>
requires std::same_as<Value, std::string> || std::integral<Value> Json json_of(const Value& value) {
  return value;
}

inline bool read(const Json& json, std::string& value) {
  if (!json.is_string()) return false;
  value = json.get<std::string>();
  return true;
}

inline bool read(const Json& json, bool& value) {
  if (!json.is_boolean()) return false;
  value = json.get<bool>();
  return true;
}

template <std::unsigned_integral Value>
bool read(const Json& json, Value& value) {
  if (!json.is_number_unsigned()) return false;
  value = json.get<Value>();
  return true;
}

template <std::signed_integral Value>
bool read(const Json& json, Value& value) {
  if (!json.is_number_integer()) return false;
  value = json.get<Value>();
  return true;
}

inline Json json_of(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

inline bool read(const Json& json, double& value) {
  if (!json.is_number() && !json.is_null()) return false;
  value = json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
  return true;
}

template <typename Value>
Json json_of(const std::optional<Value>& value) {
  return value ? json_of(*value) : Json(nullptr);
}

template <typename Value>
bool read(const Json& json, std::optional<Value>& value) {
  value.reset();
  return json.is_null() || read(json, value.emplace());
}

template <typename Enum>
requires std::is_enum_v<Enum> Json json_of(Enum value) { return name_of(value); }

template <typename Enum>
requires std::is_enum_v<Enum>
bool read(const Json& json, Enum& value) {
  std::string name;
  if (!read(json, name)) return false;
  const std::optional<Enum> found = enum_named<Enum>(name);
  value = found.value_or(value);
  return found.has_value();
}

template <typename Value, std::size_t size>
Json json_of(const std::array<Value, size>& values) {
  return values;
}

template <typename Value, std::size_t size>
bool read(const Json& json, std::array<Value, size>& values) {
  if (!json.is_array() || json.size() != size) return false;
  for (std::size_t i = 0; i < size; ++i) {
    if (!read(json[i], values[i])) return false;
  }
  return true;
}

inline Json json_of(const RunRow::Tap& tap) {
  return {{"network", tap.network}, {"layer", tap.layer}, {"layout", tap.layout}};
}

inline bool read(const Json& json, RunRow::Tap& tap) {
  const auto has = [&](const char* name, std::string& value) {
    return !json.contains(name) || read(json[name], value);
  };
  return json.is_object() && has("network", tap.network) && has("layer", tap.layer) &&
         has("layout", tap.layout);
}

inline Json json_of(const Pairs& pairs) {
  Json json = Json::object();
  for (const auto& [name, value] : pairs) json[name] = value;
  return json;
}

inline bool read(const Json& json, Pairs& pairs) {
  if (!json.is_object()) return false;
  pairs.clear();
  for (const auto& [name, value] : json.items()) {
    if (!read(value, pairs.emplace_back(name, "").second)) return false;
  }
  return true;
}

template <typename Value>
Json json_of(const std::vector<Value>& values) {
  Json json = Json::array();
  for (const Value& value : values) json.push_back(json_of(value));
  return json;
}

template <typename Value>
bool read(const Json& json, std::vector<Value>& values) {
  if (!json.is_array()) return false;
  values.clear();
  for (const Json& element : json) {
    if (!read(element, values.emplace_back())) return false;
  }
  return true;
}

/// Puts fields into a line.
class FieldWriter {
 public:
  explicit FieldWriter(Json& line) : line_(line) {}

  template <typename Value>
  void operator()(const char* name, const Value& value) {
    line_[name] = json_of(value);
  }

  /// A number of images: whole, unless they are weighted.
  void images(const char* name, double value) {
    const bool is_whole = value >= 0 && value < 1e15 && value == std::floor(value);
    line_[name] = is_whole ? Json(static_cast<std::uint64_t>(value)) : json_of(value);
  }

  /// A field for readers of the file, which follows from others.
  void derived(const char* name, const auto& value) { line_[name] = json_of(value); }

 private:
  Json& line_;
};

/// Takes fields out of a line. Fields that it lacks stay as they are.
class FieldReader {
 public:
  explicit FieldReader(const Json& line) : line_(line) {}

  template <typename Value>
  void operator()(const char* name, Value& value) {
    const auto found = line_.find(name);
    if (found != line_.end() && !read(*found, value) && wrong_.empty()) wrong_ = name;
  }

  void images(const char* name, double& value) { (*this)(name, value); }

  void derived(const char*, const auto&) {}

  /// The first field of another type; empty if there is none.
  const std::string& wrong() const { return wrong_; }

 private:
  const Json& line_;
  std::string wrong_;
};

}  // namespace livecca::row_fields
