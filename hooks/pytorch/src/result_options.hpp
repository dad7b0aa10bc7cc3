#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "compare/comparison.hpp"

namespace livecca::python {

/// What Python asked to be computed from moments.
struct AskedResults {
  std::vector<std::string> measures;  ///< empty: all
  double keep_variance = 0;           ///< 0: the default
  std::size_t keep_directions = 0;
  std::optional<double> alpha;
  std::size_t directions = 0;
};

/// Throws Error on a measure that there is not.
tool::ResultOptions results_of(const AskedResults& asked);

/// The result as JSON, as the program prints it, and as its table.
using Texts = std::tuple<std::string, std::string>;

Texts texts_of(const tool::Comparison& comparison);

void bind_result_options(nanobind::module_& module);

}  // namespace livecca::python
