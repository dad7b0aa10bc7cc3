#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/command.hpp"
#include "livecca/moments/precision.hpp"

namespace livecca::tool {

/// Throws UsageError: what was expected of an option, and what came.
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

/// The parts between commas of all lists, empty ones too.
std::vector<std::string> parts_of(const std::vector<std::string>& lists);

/// What an option does with its values: keeps them, or keeps that it was given. The variable must
/// live as long as the option.
Option::Take into(std::string& text);
Option::Take into(std::vector<std::string>& texts);
Option::Take into(bool& is_given);

/// Hands an option's only value on.
Option::Take one(std::function<void(const std::string&)> take);

}  // namespace livecca::tool
