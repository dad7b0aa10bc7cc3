#include "outcome.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <vector>

namespace livecca_tests {
namespace {

using Json = nlohmann::json;

/// What a row is about: all but its numbers.
std::string key_of(const Json& row) {
  std::string key = row.at("kind").get<std::string>();
  for (const char* name : {"epoch", "step", "stream", "network", "layer", "reference",
                           "reference_layer", "measure", "name", "what", "subject"}) {
    if (row.contains(name)) key += " " + row[name].dump();
  }
  return key;
}

bool is_volatile(const Json& row) {
  const std::string what = row.value("what", "");
  return row["kind"] == "run" || what == "finished";
}

using Rows = std::multimap<std::string, std::string>;

Rows missing(const Rows& expected, const Rows& got) {
  Rows result;
  std::ranges::set_difference(expected, got, std::inserter(result, result.end()));
  return result;
}

/// A number over as many samples as it should be, and yet another one.
bool is_wrong(const std::string& expected, const std::string& got) {
  const Json x = Json::parse(expected);
  const Json y = Json::parse(got);
  return x["kind"] == "measure" && x["reference_kind"] == "network" && !y["value"].is_null() &&
         x["samples"] == y["samples"] && x["value"] != y["value"];
}

}  // namespace

RunRows RunRows::of(const std::filesystem::path& folder) {
  RunRows result;
  std::ifstream file(folder / "rows.jsonl");
  for (std::string line; std::getline(file, line);) {
    Json row = Json::parse(line, nullptr, false);
    if (row.is_discarded() || is_volatile(row)) continue;
    row.erase("wall_time");
    row.erase("checksum");
    const bool is_overhead = row.value("what", "") == "overhead";
    if (is_overhead) {
      // Its times differ from run to run, its counts do not.
      row = {{"kind", "event"},
             {"what", "overhead"},
             {"epoch", row["epoch"]},
             {"step", row["step"]},
             {"lines_lost", row["lines_lost"]},
             {"observed", row["train_steps_observed"]}};
    }
    const bool is_event = row["kind"] == "event" && !is_overhead;
    (is_event ? result.events : result.numbers).emplace(key_of(row), row.dump());
  }
  return result;
}

Outcome compare(const RunRows& expected, const RunRows& got, std::string& why) {
  const Rows lost = missing(expected.numbers, got.numbers);
  for (const auto& [key, row] : got.numbers) {
    const auto known = expected.numbers.find(key);
    if (known == expected.numbers.end() || !is_wrong(known->second, row)) continue;
    why = "wrong: " + row;
    return Outcome::silent;
  }
  const Rows told = missing(got.events, expected.events);
  if (lost.empty() && got.numbers.size() == expected.numbers.size()) {
    return missing(expected.events, got.events).empty() || !told.empty() ? Outcome::equal
                                                                         : Outcome::silent;
  }
  why = lost.empty() ? "rows came twice" : "missing: " + lost.begin()->second;
  return told.empty() ? Outcome::silent : Outcome::told;
}

}  // namespace livecca_tests
