#include "rows_compared.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

namespace livecca_soak {
namespace {

constexpr std::size_t most_printed = 5;

/// The next line that is to be equal; empty at the end.
std::string next_line(std::istream& rows) {
  for (std::string line; std::getline(rows, line);) {
    auto json = nlohmann::ordered_json::parse(line, nullptr, false);
    if (!json.is_object()) return line;
    if (json.value("kind", "") == "event" && json.value("what", "") == "overhead") continue;
    json.erase("wall_time");
    json.erase("run");
    if (json.contains("packs")) {  // each run has its own folder
      for (auto& file : json["packs"]) {
        file = std::filesystem::path(file.get<std::string>()).filename().string();
      }
    }
    return json.dump();
  }
  return {};
}

}  // namespace

std::size_t count_differences(const std::filesystem::path& expected,
                              const std::filesystem::path& got, std::ostream& out,
                              std::size_t& lines) {
  std::ifstream expected_rows(expected);
  std::ifstream got_rows(got);
  std::size_t differences = 0;
  for (lines = 0;; ++lines) {
    const std::string a = next_line(expected_rows);
    const std::string b = next_line(got_rows);
    if (a.empty() && b.empty()) return differences;
    if (a == b) continue;
    if (++differences > most_printed) continue;
    out << "  line " << lines + 1 << " of those compared\n    expected " << a << "\n    got      "
        << b << '\n';
  }
}

}  // namespace livecca_soak
