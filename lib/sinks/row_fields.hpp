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
//
// The library writes texts and numbers. Objects and arrays are put together here: those of the
// library allocate memory in their destructors, which ends the process if there is none.

template <typename Value>
requires std::same_as<Value, std::string> || std::integral<Value>
void append(std::string& line, const Value& value) {
  // Layer names are the user's and may hold any bytes. Those that are not UTF-8 are replaced.
  line += Json(value).dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Something in brackets, its elements with commas between them.
template <typename Elements, typename Append>
void append_all(std::string& line, char open, char close, const Elements& elements,
                const Append& append_one) {
  line += open;
  bool is_first = true;
  for (const auto& element : elements) {
    if (!std::exchange(is_first, false)) line += ',';
    append_one(element);
  }
  line += close;
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

/// A number that the field cannot hold is another type too, not the number that it would wrap to.
template <std::integral Value>
bool read(const Json& json, Value& value) {
  if (json.is_number_unsigned()) {
    const auto number = json.get<std::uint64_t>();
    value = static_cast<Value>(number);
    return std::in_range<Value>(number);
  }
  if (!json.is_number_integer()) return false;
  const auto number = json.get<std::int64_t>();
  value = static_cast<Value>(number);
  return std::in_range<Value>(number);
}

inline void append(std::string& line, double value) {
  line += std::isfinite(value) ? Json(value).dump() : "null";
}

inline bool read(const Json& json, double& value) {
  if (!json.is_number() && !json.is_null()) return false;
  value = json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
  return true;
}

template <typename Value>
void append(std::string& line, const std::optional<Value>& value) {
  if (value) {
    append(line, *value);
  } else {
    line += "null";
  }
}

template <typename Value>
bool read(const Json& json, std::optional<Value>& value) {
  value.reset();
  return json.is_null() || read(json, value.emplace());
}

template <typename Enum>
requires std::is_enum_v<Enum>
void append(std::string& line, Enum value) { append(line, std::string(name_of(value))); }

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
void append(std::string& line, const std::array<Value, size>& values) {
  append_all(line, '[', ']', values, [&](const Value& value) { append(line, value); });
}

template <typename Value, std::size_t size>
bool read(const Json& json, std::array<Value, size>& values) {
  if (!json.is_array() || json.size() != size) return false;
  for (std::size_t i = 0; i < size; ++i) {
    if (!read(json[i], values[i])) return false;
  }
  return true;
}

inline void append(std::string& line, const RunRow::Tap& tap) {
  line += "{\"network\":";
  append(line, tap.network);
  line += ",\"layer\":";
  append(line, tap.layer);
  line += ",\"layout\":";
  append(line, tap.layout);
  line += '}';
}

inline bool read(const Json& json, RunRow::Tap& tap) {
  const auto has = [&](const char* name, std::string& value) {
    return !json.contains(name) || read(json[name], value);
  };
  return json.is_object() && has("network", tap.network) && has("layer", tap.layer) &&
         has("layout", tap.layout);
}

/// Of several with one name a reader takes the last.
inline void append(std::string& line, const Pairs& pairs) {
  append_all(line, '{', '}', pairs, [&](const auto& pair) {
    append(line, pair.first);
    line += ':';
    append(line, pair.second);
  });
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
void append(std::string& line, const std::vector<Value>& values) {
  append_all(line, '[', ']', values, [&](const Value& value) { append(line, value); });
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

/// Makes a line of fields.
class FieldWriter {
 public:
  template <typename Value>
  void operator()(const char* name, const Value& value) {
    begin(name);
    append(line_, value);
  }

  /// A number of images: whole, unless they are weighted.
  void images(const char* name, double value) {
    const bool is_whole = value >= 0 && value < 1e15 && value == std::floor(value);
    begin(name);
    if (is_whole) {
      append(line_, static_cast<std::uint64_t>(value));
    } else {
      append(line_, value);
    }
  }

  /// A field for readers of the file, which follows from others.
  void derived(const char* name, const auto& value) { (*this)(name, value); }

  /// A field that only older rows have: it is written if such a row is written again.
  template <typename Value>
  void older(const char* name, const Value& value) {
    if (value != Value()) (*this)(name, value);
  }

  std::string end() && {
    line_ += '}';
    return std::move(line_);
  }

 private:
  void begin(const char* name) {
    line_ += line_.size() > 1 ? ",\"" : "\"";
    line_ += name;
    line_ += "\":";
  }

  std::string line_ = "{";
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

  void older(const char* name, auto& value) { (*this)(name, value); }

  /// The first field of another type; empty if there is none.
  const std::string& wrong() const { return wrong_; }

 private:
  const Json& line_;
  std::string wrong_;
};

}  // namespace livecca::row_fields
