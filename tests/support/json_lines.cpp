#include "support/json_lines.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

namespace livecca_tests {
namespace {

std::vector<nlohmann::json> objects_of(std::istream& text) {
  std::vector<nlohmann::json> objects;
  for (std::string line; std::getline(text, line);) {
    // The parser refuses NaN and Infinity, which are not JSON.
    objects.push_back(nlohmann::json::parse(line, nullptr, false));
    REQUIRE(objects.back().is_object());
  }
  return objects;
}

}  // namespace

nlohmann::json parsed(std::string_view text) { return nlohmann::json::parse(text); }

std::vector<nlohmann::json> lines_of(const std::string& text) {
  std::istringstream lines(text);
  return objects_of(lines);
}

std::vector<nlohmann::json> read_lines(const std::filesystem::path& path) {
  std::ifstream file(path);
  REQUIRE(file.good());
  return objects_of(file);
}

}  // namespace livecca_tests
