#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "livecca/sinks/row.hpp"

namespace livecca {

/// What a number rests on. Numbers of one curve are one trend as long as these stay alike.
struct Conditions {
  double samples = 0;  ///< effective ones
  std::optional<double> noise_floor;
  std::array<std::size_t, 2> features{};
  std::array<std::string, 2> modes{"eval", "eval"};

  bool operator==(const Conditions&) const = default;
};

Conditions conditions_of(const MeasureRow& row);

/// Whether two numbers of samples differ by less than a tenth.
bool is_same_size(double samples, double other);

/// Why a number does not go on with earlier ones: "expected 1000 samples as before, got 500". Empty
/// if it does. Another number of samples counts if it is another by a tenth or more, and if that
/// moves the noise floor by more than 0.005: of many samples a few more or less change nothing.
std::string difference(const Conditions& before, const Conditions& now);

}  // namespace livecca
