#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>

namespace livecca {

// The library's get() casts any number to the type that is asked for. That is undefined of 1e308 as
// an integer, and -1 becomes 2^64 - 1.

/// Whether a number with a fraction or an exponent is anywhere within.
template <typename Json>
bool has_fraction(const Json& json) {
  if (!json.is_structured()) return json.is_number_float();
  return std::any_of(json.begin(), json.end(),
                     [](const Json& value) { return has_fraction(value); });
}

/// A whole number that the type can hold. Throws std::range_error if it is none.
template <std::integral Number, typename Json>
Number whole_number(const Json& json) {
  const auto fits = [](auto number) {
    if (!std::in_range<Number>(number)) throw std::range_error("a number out of range");
    return static_cast<Number>(number);
  };
  if (json.is_number_unsigned()) return fits(json.template get<std::uint64_t>());
  if (json.is_number_integer()) return fits(json.template get<std::int64_t>());
  throw std::range_error("no whole number");
}

/// A value as JSON, null without one.
template <typename Json, typename Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

/// A number that may be null. Throws the library's exceptions if it is another thing.
template <typename Json>
std::optional<double> number_or_none(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional(json.template get<double>());
}

}  // namespace livecca
