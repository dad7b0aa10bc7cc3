#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace livecca_tests {

/// nlohmann::json::parse(), compiled once for all tests: it takes a compiler two seconds.
/// Throws nlohmann::json::parse_error where the text is not JSON.
nlohmann::json parsed(std::string_view text);

/// Every line of a text or a file, each of which must be one JSON object.
std::vector<nlohmann::json> lines_of(const std::string& text);
std::vector<nlohmann::json> read_lines(const std::filesystem::path& path);

/// Of the rows that say what watching took, the sum of one number.
template <typename Number>
Number sum_of_overhead(const std::filesystem::path& rows, const char* name) {
  Number sum = 0;
  for (const nlohmann::json& line : read_lines(rows)) {
    if (line.value("what", "") == "overhead") sum += line.at(name).get<Number>();
  }
  return sum;
}

}  // namespace livecca_tests
