#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace livecca_tests {

/// Every line of a file, each of which must be one JSON object.
inline std::vector<nlohmann::json> read_lines(const std::filesystem::path& path) {
  std::vector<nlohmann::json> lines;
  std::ifstream file(path);
  REQUIRE(file.good());
  for (std::string line; std::getline(file, line);) {
    lines.push_back(nlohmann::json::parse(line, nullptr, false));
    REQUIRE(lines.back().is_object());
  }
  return lines;
}

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
