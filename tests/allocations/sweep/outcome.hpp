#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace livecca_tests {

/// What came of a training whose allocation failed.
enum class Outcome {
  equal,   ///< all rows are there
  told,    ///< numbers are missing, and an event says so
  silent,  ///< numbers are missing or wrong, and nothing says so
  threw,   ///< the training thread got an exception
  crashed  ///< a signal, or it hung
};

/// A run's rows, without times: what was asked for, and what was told.
struct RunRows {
  std::multimap<std::string, std::string> numbers;  ///< by what they are the number of
  std::multimap<std::string, std::string> events;
  /// Nothing if the file cannot be read.
  static RunRows of(const std::filesystem::path& folder);
};

/// Judges rows by those of a training without a failure. `why` gets the first difference.
Outcome compare(const RunRows& expected, const RunRows& got, std::string& why);

}  // namespace livecca_tests
