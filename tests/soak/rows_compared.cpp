#include "rows_compared.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

namespace livecca_soak {
namespace {

constexpr std::size_t most_printed = 5;

/// The rows of a run in a folder, without what two equal trainings differ in.
class Rows {
 public:
  explicit Rows(const std::filesystem::path& file)
      : file_(file), folder_(as_in_json(std::filesystem::canonical(file.parent_path() / ".."))) {}

  /// The next line that is to be equal; empty at the end.
  std::string next();

 private:
  static std::string as_in_json(const std::filesystem::path& folder) {
    const std::string quoted = nlohmann::json(folder.string() + "/").dump();
    return quoted.substr(1, quoted.size() - 2);
  }

  std::ifstream file_;
  std::string folder_;  ///< that the training is in, as a row would name it
};

std::string Rows::next() {
  for (std::string line; std::getline(file_, line);) {
    auto json = nlohmann::ordered_json::parse(line, nullptr, false);
    if (!json.is_object()) return line;
    if (json.value("kind", "") == "event" && json.value("what", "") == "overhead") continue;
    json.erase("wall_time");
    json.erase("checksum");
    json.erase("run");
    std::string text = json.dump();
    for (std::size_t at = 0; (at = text.find(folder_, at)) != std::string::npos;) {
      text.erase(at, folder_.size());
    }
    return text;
  }
  return {};
}

}  // namespace

std::size_t count_differences(const std::filesystem::path& expected,
                              const std::filesystem::path& got, std::ostream& out,
                              std::size_t& lines) {
  Rows expected_rows(expected);
  Rows got_rows(got);
  std::size_t differences = 0;
  for (lines = 0;; ++lines) {
    const std::string a = expected_rows.next();
    const std::string b = got_rows.next();
    if (a.empty() && b.empty()) return differences;
    if (a == b) continue;
    if (++differences > most_printed) continue;
    out << "  line " << lines + 1 << " of those compared\n    expected " << a << "\n    got      "
        << b << '\n';
  }
}

}  // namespace livecca_soak
