#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "livecca/activations/eigen.hpp"
#include "livecca/monitor/monitor.hpp"
#include "livecca/sinks/rows_reader.hpp"
#include "support/random_data.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::TemporaryFolder;

namespace {

constexpr std::int64_t images = 400;
constexpr std::int64_t features = 6;
constexpr int epochs = 14;

/// A layer that walks at random, with steps that shrink, so that it settles.
Eigen::MatrixXd layer_at(int epoch) {
  Eigen::MatrixXd rows = normal_matrix(images, features, 1);
  for (int i = 1; i <= epoch; ++i) {
    rows += std::pow(0.7, i) * normal_matrix(images, features, 100 + static_cast<unsigned>(i));
  }
  return rows;
}

class WatchedRun {
 public:
  WatchedRun(std::filesystem::path folder, std::vector<std::string> measures) {
    options_.run_directory = std::move(folder);
    options_.threads = 1;
    options_.history_precision = PackPrecision::exact;
    options_.measures = std::move(measures);
    begin(std::make_unique<Monitor>(options_));
  }

  void resume(const std::filesystem::path& checkpoint) {
    monitor_.reset();
    begin(std::make_unique<Monitor>(options_, checkpoint));
  }

  void snapshots(int first, int end) {
    for (int epoch = first; epoch < end; ++epoch) {
      monitor_->log(epoch, "learning_rate", epoch < 9 ? 0.1 : 0.2);
      auto step = monitor_->begin(Stream::probe, epoch);
      const Eigen::MatrixXd rows = layer_at(epoch);
      step.observe(layer_, view_of(rows));
      step.commit();
      for (const VerdictRow& row : monitor_->snapshot(epoch).wait().verdicts) {
        if (is_alarm(row)) continue;
        words_[epoch] = row.verdict;
        messages_[epoch] = row.message;
      }
    }
  }

  Monitor& monitor() { return *monitor_; }
  const std::map<std::int64_t, std::string>& words() const { return words_; }
  const std::map<std::int64_t, std::string>& messages() const { return messages_; }

 private:
  void begin(std::unique_ptr<Monitor> monitor) {
    monitor_ = std::move(monitor);
    layer_ = monitor_->watch("net", "fc", Layout::nc);
  }

  MonitorOptions options_;
  std::unique_ptr<Monitor> monitor_;
  TapHandle layer_;
  std::map<std::int64_t, std::string> words_;
  std::map<std::int64_t, std::string> messages_;
};

std::vector<VerdictRecordRow> records_in(const std::filesystem::path& run) {
  std::vector<VerdictRecordRow> found;
  auto reader = RowsReader::open(run);
  REQUIRE(reader);
  const auto read = reader->read(
      [&](RowLine&& line) {
        const auto* row = std::get_if<VerdictRecordRow>(&line.row);
        if (row != nullptr) found.push_back(*row);
      },
      [] {});
  REQUIRE(read);
  return found;
}

}  // namespace

TEST_CASE("a run's end says how often its verdicts came true") {
  const TemporaryFolder folder;
  WatchedRun run(folder.path() / "run", {"pwcca"});
  run.snapshots(0, epochs);
  const SnapshotReport end = run.monitor().finish();
  REQUIRE(end.verdict_records.size() == 2);
  const VerdictRecordRow& record = end.verdict_records[1];
  CHECK(record.layer == "fc");
  CHECK(record.epoch == epochs - 1);
  CHECK(record.step == end.step);

  std::map<std::int64_t, bool> is_near;
  for (const MeasureRow& row : end.measures) {
    REQUIRE(row.measure == "pwcca_distance");
    is_near[row.epoch] = row.value.value() / row.noise_floor.value() <= 0.05;
  }
  REQUIRE(is_near.size() == epochs - 1);
  std::uint64_t settled = 0;
  std::uint64_t held = 0;
  for (const auto& [epoch, near] : is_near) {
    if (run.words().at(epoch) != "settled") continue;
    ++settled;
    held += near ? 1 : 0;
  }
  CHECK(settled > 0);
  CHECK(record.settled == settled);
  CHECK(record.held == held);
  CHECK(record.early == settled - held);
  CHECK(record.intervals > 0);
  CHECK(records_in(folder.path() / "run") == end.verdict_records);
}

TEST_CASE("the record is that of own motion, whatever the run measures") {
  const TemporaryFolder folder;
  std::vector<std::vector<VerdictRecordRow>> records;
  for (const char* measure : {"pwcca", "linear_cka"}) {
    WatchedRun run(folder.path() / measure, {measure});
    run.snapshots(0, epochs);
    records.push_back(run.monitor().finish().verdict_records);
  }
  CHECK(records[0] == records[1]);
  CHECK(records[0].size() == 2);
}

TEST_CASE("a run that is resumed has the record of all its snapshots") {
  const TemporaryFolder folder;
  WatchedRun whole(folder.path() / "whole", {"pwcca"});
  whole.snapshots(0, epochs);
  const auto expected = whole.monitor().finish().verdict_records;
  WatchedRun run(folder.path() / "run", {"pwcca"});
  run.snapshots(0, 9);
  REQUIRE(run.monitor().save(folder.path() / "checkpoint"));
  run.snapshots(9, 11);
  run.resume(folder.path() / "checkpoint");
  run.snapshots(9, epochs);
  CHECK(run.monitor().finish().verdict_records == expected);
  // The learning rate rose right after the checkpoint.
  CHECK(run.messages().at(9).starts_with("the learning rate rose from 0.1 to 0.2 "));
  CHECK(run.words() == whole.words());
  CHECK(run.messages() == whole.messages());
}

TEST_CASE("without own motion there is no record") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.verdicts.own_motion = false;
  Monitor monitor(options);
  const TapHandle layer = monitor.watch("net", "fc", Layout::nc);
  for (int epoch = 0; epoch < 8; ++epoch) {
    auto step = monitor.begin(Stream::probe, epoch);
    const Eigen::MatrixXd rows = layer_at(epoch);
    step.observe(layer, view_of(rows));
    step.commit();
    monitor.snapshot(epoch);
  }
  CHECK(monitor.finish().verdict_records.empty());
}
