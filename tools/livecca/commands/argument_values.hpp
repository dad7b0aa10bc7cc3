#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "livecca/moments/precision.hpp"

namespace livecca::tool {

/// Throws CLI::ValidationError: what was expected of an option, and what came.
[[noreturn]] void wrong_value(const std::string& option, const std::string& expected,
                              const std::string& got);

/// A whole number of 0 or more, or nothing.
std::optional<std::size_t> number_of(std::string_view text);

/// A whole number of 1 or more; otherwise wrong_value().
std::size_t positive_number(const std::string& option, const std::string& expected,
                            const std::string& text);

/// A number above 0 and at most 1; otherwise wrong_value().
double share(const std::string& option, const std::string& text);

/// A number from 0 to 1; otherwise wrong_value().
double share_or_none(const std::string& option, const std::string& text);

/// Of --precision: exact or fast.
Precision precision_of(const std::string& text);

/// Of --standard-errors: as many parts as they need, or more.
std::size_t blocks_of(const std::string& text);

/// The names of all measures, with commas.
std::string measure_names();

/// The same in lines that a terminal holds beside the options.
std::string measure_names_in_lines();

/// Appends the parts between commas, empty ones too.
void split(const std::string& list, std::vector<std::string>& parts);

}  // namespace livecca::tool
