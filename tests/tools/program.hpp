#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "npy_writer.hpp"
#include "temporary_folder.hpp"

namespace livecca_tests {

struct Outcome {
  int exit_code = -1;  ///< 124 after a hang, above 128 after a signal
  std::string out;
  std::string err;
};

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Numbers that every element type of 8 bits holds, with some correlation between the sides.
inline NpyArray small_integers(std::vector<std::size_t> shape, std::uint64_t seed,
                               const NpyArray* related = nullptr) {
  std::mt19937_64 engine(seed);
  NpyArray array{std::move(shape), {}};
  std::size_t count = 1;
  for (const std::size_t extent : array.shape) count *= extent;
  for (std::size_t i = 0; i < count; ++i) {
    double value = static_cast<double>(engine() % 50);
    if (related != nullptr) value += related->values[i % related->values.size()];
    array.values.push_back(value);
  }
  return array;
}

/// A folder of .npy files and the program to run on them.
class ProgramFixture {
 public:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  void write(const std::string& name, const NpyArray& array, const NpyFormat& format = {}) const {
    write_npy(path(name), array, format);
  }

  /// Arguments beginning with "@" are files of the folder. `before` is a shell command.
  Outcome run(const std::vector<std::string>& arguments, const std::string& before = ":") const {
    std::string command = before + "; timeout 60 " + quoted(LIVECCA_PROGRAM);
    for (const std::string& argument : arguments) {
      command += ' ';
      command += quoted(argument.starts_with('@') ? path(argument.substr(1)) : argument);
    }
    command += " >" + quoted(path("stdout")) + " 2>" + quoted(path("stderr")) + " </dev/null";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_text(path("stdout")),
            read_text(path("stderr"))};
  }

  /// Checks exit 2, nothing on stdout and exactly one line on stderr that holds all the words.
  void refuses(const std::vector<std::string>& arguments, const std::vector<std::string>& words,
               const std::string& before = ":") const {
    const Outcome outcome = run(arguments, before);
    CAPTURE(outcome.err);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.out.empty());
    CHECK(std::ranges::count(outcome.err, '\n') == 1);
    CHECK(outcome.err.ends_with('\n'));
    for (const std::string& word : words) {
      CAPTURE(word);
      CHECK(outcome.err.find(word) != std::string::npos);
    }
  }

  /// Runs `compare … --format json`; checks exit 0, a silent stderr and one JSON object.
  nlohmann::json compare(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "compare");
    arguments.insert(arguments.end(), {"--format", "json"});
    const Outcome outcome = run(arguments);
    CAPTURE(outcome.err);
    CAPTURE(outcome.out);
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.err.empty());
    CHECK(std::ranges::count(outcome.out, '\n') == 1);
    // The parser refuses NaN and Infinity, which are not JSON.
    const auto json = nlohmann::json::parse(outcome.out, nullptr, false);
    REQUIRE(json.is_object());
    return json;
  }

 private:
  static std::string quoted(const std::string& text) {
    std::string result = "'";
    for (const char letter : text) {
      if (letter == '\'') {
        result += "'\\''";
      } else {
        result += letter;
      }
    }
    return result + "'";
  }

  TemporaryFolder folder_;
};

/// All numbers of two results agree to `tolerance`, everything else exactly.
inline void check_same(const nlohmann::json& a, const nlohmann::json& b, double tolerance) {
  REQUIRE(a.type() == b.type());
  if (a.is_number_float()) {
    CHECK(std::abs(a.get<double>() - b.get<double>()) <= tolerance);
  } else if (a.is_structured()) {
    REQUIRE(a.size() == b.size());
    for (auto i = a.begin(), j = b.begin(); i != a.end(); ++i, ++j) check_same(*i, *j, tolerance);
  } else {
    CHECK(a == b);
  }
}

}  // namespace livecca_tests
