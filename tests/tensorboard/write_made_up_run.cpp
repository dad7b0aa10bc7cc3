// Drives the sink as a monitor would, and writes the rows that a monitor would write:
// write_made_up_run FOLDER SNAPSHOTS [--resume] [--final] [--epochs] [--slowly] [--other-steps]
//                   [--all-with-all]
// It goes on where FOLDER/checkpoint says, if it is to resume, and checkpoints every third
// snapshot; with --other-steps what it writes is 3 steps later than it would be.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <memory>
#include <set>
#include <string>

#include "livecca/common/error.hpp"
#include "livecca/sinks/jsonl_file.hpp"
#include "livecca/sinks/tensorboard.hpp"
#include "made_up_rows.hpp"

namespace {

namespace fs = std::filesystem;

struct Arguments {
  fs::path folder;
  std::int64_t snapshots = 0;
  std::set<std::string> flags;
};

struct Checkpoint {
  std::int64_t snapshots = 0;
  std::uint64_t bytes = 0;  // of rows.jsonl
  double wall_time = 0;
  std::uint64_t step = 0;
};

Checkpoint read_checkpoint(const fs::path& folder) {
  Checkpoint checkpoint;
  std::ifstream(folder / "checkpoint") >> checkpoint.snapshots >> checkpoint.bytes >>
      checkpoint.wall_time >> checkpoint.step;
  return checkpoint;
}

void write_checkpoint(const fs::path& folder, const Checkpoint& checkpoint) {
  std::ofstream(folder / "checkpoint.new")
      << std::setprecision(17) << checkpoint.snapshots << ' ' << checkpoint.bytes << ' '
      << checkpoint.wall_time << ' ' << checkpoint.step;
  fs::rename(folder / "checkpoint.new", folder / "checkpoint");
}

class Run {
 public:
  Run(const Arguments& arguments, const Checkpoint& from, bool resumes)
      : name_(arguments.folder.filename().string()),
        rows_(resumes ? livecca::JsonlFile::at_end_of(arguments.folder / "rows.jsonl")
                      : livecca::JsonlFile(arguments.folder / "rows.jsonl")) {
    const bool epochs = arguments.flags.contains("--epochs");
    sink_ = livecca::tensorboard_sink(
        {.axis = epochs ? livecca::TensorBoardAxis::epoch : livecca::TensorBoardAxis::step});
    if (resumes) rows_.cut(from.bytes);
    const std::int64_t last = std::max<std::int64_t>(from.snapshots - 1, 0);
    sink_->open({.name = name_,
                 .folder = arguments.folder,
                 .is_resumed = resumes,
                 .epoch = last,
                 .step = from.step,
                 .wall_time = time(),
                 .saved_wall_time = from.wall_time});
    livecca::RunRow row = livecca_tests::made_up_run();
    row.pairing = arguments.flags.contains("--all-with-all") ? "all with all" : "by patterns";
    write(row);
    sink_->run(row, {time(), 0});
  }

  void event(const livecca::Event& event, std::uint64_t step) {
    write(event);
    sink_->event(event, {time(), step});
  }

  void snapshot(const livecca::SnapshotRows& rows) {
    for (const auto& row : rows.measures) write(row);
    for (const auto& row : rows.spectra) write(row);
    for (const auto& row : rows.layers) write(row);
    for (const auto& row : rows.drifts) write(row);
    for (const auto& row : rows.verdicts) write(row);
    for (const auto& row : rows.directions) write(row);
    if (rows.overhead) write(*rows.overhead);
    sink_->snapshot(rows, {time(), rows.step});
  }

  void log(const livecca::LogRow& row) {
    write(row);
    sink_->log(row, {time(), row.step});
  }

  void close() { sink_->close(); }
  Checkpoint checkpoint(std::int64_t snapshots) const {
    return {snapshots, rows_.size(), last_time_, livecca_tests::made_up_step(snapshots - 1)};
  }

 private:
  double time() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return last_time_ = std::max(last_time_, std::chrono::duration<double>(now).count());
  }

  template <typename Row>
  void write(const Row& row) {
    rows_.write(to_json(row, name_, time()));
  }

  std::string name_;
  double last_time_ = 0;
  livecca::JsonlFile rows_;
  std::shared_ptr<livecca::Sink> sink_;
};

int write_run(const Arguments& arguments) {
  fs::create_directories(arguments.folder);
  const bool resumes =
      arguments.flags.contains("--resume") && fs::exists(arguments.folder / "rows.jsonl");
  const Checkpoint from = resumes ? read_checkpoint(arguments.folder) : Checkpoint{};
  if (arguments.flags.contains("--other-steps")) livecca_tests::made_up_delay() = 3;
  Run run(arguments, from, resumes);
  for (std::int64_t i = from.snapshots; i < arguments.snapshots; ++i) {
    const std::uint64_t step = livecca_tests::made_up_step(i);
    if (i % 5 == 2) {
      run.event(
          {i, "shape_changed", "net/conv" + std::to_string(i), "expected [2, 3], got *<none>"},
          step);
    }
    run.snapshot(livecca_tests::made_up_snapshot(i));
    run.log({i, step, "loss", 2.0 / static_cast<double>(i + 1)});
    if (i % 3 == 2) write_checkpoint(arguments.folder, run.checkpoint(i + 1));
    run.log({i, step, "after the checkpoint", 1.0 / static_cast<double>(i + 1)});
    if (arguments.flags.contains("--slowly")) ::usleep(1000);
  }
  if (arguments.flags.contains("--final")) {
    run.snapshot(livecca_tests::made_up_final(arguments.snapshots));
  }
  run.close();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "write_made_up_run: expected FOLDER SNAPSHOTS [--resume] [--final] [--epochs] "
                 "[--slowly] [--other-steps] [--all-with-all]\n";
    return 2;
  }
  Arguments arguments{argv[1], std::stoll(argv[2]), {argv + 3, argv + argc}};
  try {
    return write_run(arguments);
  } catch (const std::exception& failure) {
    std::cerr << "write_made_up_run: " << failure.what() << '\n';
    return 1;
  }
}
