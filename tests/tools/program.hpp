#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "npy_writer.hpp"
#include "safetensors_writer.hpp"
#include "support/file_text.hpp"
#include "support/json_lines.hpp"
#include "support/temporary_folder.hpp"

namespace livecca_tests {

struct Outcome {
  int exit_code = -1;  ///< 124 after a hang, above 128 after a signal
  std::string out;
  std::string err;
};

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

/// A folder of files and the program to run on them.
class ProgramFixture {
 public:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  void write(const std::string& name, const NpyArray& array, const NpyFormat& format = {}) const {
    write_npy(path(name), array, format);
  }

  /// Arguments beginning with "@" are files of the folder. `before` is a shell command.
  Outcome run(const std::vector<std::string>& arguments, const std::string& before = ":") const {
    Outcome outcome = run_into(path("stdout"), arguments, before);
    outcome.out = text_of(path("stdout"));
    return outcome;
  }

  /// The same with stdout going to that file, which is not read.
  Outcome run_into(const std::string& output, const std::vector<std::string>& arguments,
                   const std::string& before = ":") const {
    std::string command = before + "; timeout 60 " + quoted(LIVECCA_PROGRAM);
    for (const std::string& argument : arguments) {
      command += ' ';
      command += quoted(argument.starts_with('@') ? path(argument.substr(1)) : argument);
    }
    command += " >" + quoted(output) + " 2>" + quoted(path("stderr")) + " </dev/null";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, "", text_of(path("stderr"))};
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

  void write(const std::string& name, const std::vector<StoredTensor>& tensors,
             const Metadata& metadata = {}, std::size_t padding = 0) const {
    write_text(path(name), safetensors_bytes(tensors, metadata, padding));
  }

  /// Runs a command that prints JSON; checks exit 0, a silent stderr and one JSON object a line.
  std::vector<nlohmann::json> json_lines(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--format", "json"});
    const Outcome outcome = run(arguments);
    CAPTURE(outcome.err);
    CAPTURE(outcome.out);
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.err.empty());
    CHECK(outcome.out.ends_with('\n'));
    return livecca_tests::lines_of(outcome.out);
  }

  /// json_lines() of `compare` where there is one.
  nlohmann::json compare(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "compare");
    const auto objects = json_lines(arguments);
    REQUIRE(objects.size() == 1);
    return objects.front();
  }

  /// What a command prints for people; checks exit 0 and a silent stderr.
  std::string table(const std::vector<std::string>& arguments) const {
    const Outcome outcome = run(arguments);
    CAPTURE(outcome.err);
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.err.empty());
    CHECK(outcome.out.find(" nan") == std::string::npos);
    return outcome.out;
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

/// The number of a single comparison as a matrix of that direction shows it.
inline double shown_number(const nlohmann::json& pair, const std::string& measure,
                           const std::string& direction) {
  const nlohmann::json& distances = pair["distance"];
  if (direction == "distance" && distances.contains(measure)) {
    return distances[measure].get<double>();
  }
  if (measure == "r2_cca_adjusted") return pair["adjusted"]["r2_cca"].get<double>();
  const double similarity = pair["similarity"][measure].get<double>();
  return direction == "distance" ? 1 - similarity : similarity;
}

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
