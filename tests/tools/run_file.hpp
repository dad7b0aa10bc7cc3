#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "livecca/sinks/row.hpp"
#include "support/temporary_folder.hpp"

namespace livecca_tests {

inline livecca::MeasureRow measure_row(std::int64_t epoch, const std::string& layer,
                                       std::optional<double> value,
                                       const std::string& reference = "seed7") {
  livecca::MeasureRow row;
  row.epoch = epoch;
  row.step = static_cast<std::uint64_t>(10 * epoch + 10);
  row.layer = row.reference_layer = layer;
  row.reference = reference;
  row.reference_kind = livecca::kind_of_reference(reference);
  row.measure = "pwcca_distance";
  row.direction = livecca::Direction::distance;
  row.value = value;
  row.noise_floor = 0.875;
  row.samples = 2000;
  row.features = {64, 32};
  row.ranks = {60, 30};
  row.window = "probe";
  row.precision = "exact";
  row.status = value ? livecca::Status::ok : livecca::Status::missing;
  return row;
}

inline livecca::VerdictRow verdict_row(std::int64_t epoch, const std::string& layer,
                                       const std::string& verdict) {
  livecca::VerdictRow row;
  row.epoch = epoch;
  row.step = static_cast<std::uint64_t>(10 * epoch + 10);
  row.layer = layer;
  row.verdict = verdict;
  if (!livecca::is_alarm(row)) row.measure = "pwcca_distance";
  return row;
}

inline livecca::DirectionRow direction_row(std::int64_t epoch, const std::string& layer,
                                           const std::string& direction) {
  livecca::DirectionRow row;
  row.epoch = epoch;
  row.step = static_cast<std::uint64_t>(10 * epoch + 10);
  row.layer = row.reference_layer = layer;
  row.reference = "seed7";
  row.measure = "pwcca_distance";
  row.direction = direction;
  return row;
}

/// A run folder whose rows are what livecca writes.
class RunFile {
 public:
  RunFile() { std::ofstream(path()).flush(); }

  std::string folder() const { return folder_.path().string(); }
  std::filesystem::path path() const { return folder_.path() / "rows.jsonl"; }

  template <typename Row>
  void add(const Row& row) {
    add_text(livecca::to_json(row, "first", wall_time++) + "\n");
  }

  void begin(const std::vector<std::string>& measures = {"pwcca"}) {
    livecca::RunRow row;
    row.network = "net";
    row.measures = measures;
    add(row);
  }

  void add_event(std::int64_t epoch, const std::string& what, const std::string& subject = "",
                 const std::string& message = "", std::uint64_t count = 1) {
    add(livecca::Event{epoch, what, subject, message, count});
  }

  void add_log(std::int64_t epoch, const std::string& name, double value) {
    livecca::LogRow row;
    row.epoch = epoch;
    row.name = name;
    row.value = value;
    add(row);
  }

  void add_text(const std::string& text) const {
    std::ofstream(path(), std::ios::binary | std::ios::app) << text;
  }

  std::uintmax_t size() const { return std::filesystem::file_size(path()); }
  void cut(std::uintmax_t size) const { std::filesystem::resize_file(path(), size); }

  double wall_time = 1000;  ///< of the next row; a second later each

 private:
  TemporaryFolder folder_;
};

}  // namespace livecca_tests
