#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "livecca/sinks/tensorboard.hpp"
#include "made_up_rows.hpp"
#include "support/event_records.hpp"

namespace livecca_tests {

/// session_log { status: START }, which ends an event.
inline const std::string session_start = "\x3A\x02\x08\x01";

/// Of a run that begins, or is taken up again, with the made-up network.
inline std::shared_ptr<livecca::Sink> opened_sink(const std::filesystem::path& folder,
                                                  livecca::SinkRun run = {},
                                                  livecca::TensorBoardOptions options = {}) {
  auto sink = livecca::tensorboard_sink(std::move(options));
  run.name = "run";
  run.folder = folder;
  if (run.wall_time == 0) run.wall_time = 1700000000;
  sink->open(run);
  sink->run(made_up_run(), {});
  return sink;
}

/// One number of one stream.
inline livecca::SnapshotRows small_snapshot(std::int64_t epoch, std::uint64_t step,
                                            livecca::Stream stream = livecca::Stream::probe) {
  livecca::SnapshotRows rows;
  rows.epoch = epoch;
  rows.step = step;
  rows.measures.push_back(made_up_measure(0, stream, 0, "seed7", "made_up_similarity"));
  rows.measures[0].epoch = epoch;
  rows.measures[0].step = step;
  return rows;
}

/// Of all events of a file but those that begin it.
inline std::vector<std::uint64_t> steps_in(const std::filesystem::path& file) {
  std::vector<std::uint64_t> steps;
  const std::vector<std::string> events = records_of(file).events;
  for (std::size_t i = heading_records; i < events.size(); ++i) steps.push_back(step_of(events[i]));
  return steps;
}

}  // namespace livecca_tests
