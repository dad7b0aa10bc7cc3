#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace livecca::tool {

/// Throws CLI::ValidationError: what was expected of an option, and what came.
[[noreturn]] void wrong_value(const std::string& option, const std::string& expected,
                              const std::string& got);

/// A whole number of 0 or more, or nothing.
std::optional<std::size_t> number_of(std::string_view text);

/// A whole number of 1 or more; otherwise wrong_value().
std::size_t positive_number(const std::string& option, const std::string& expected,
                            const std::string& text);

}  // namespace livecca::tool
