#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "index/run_index.hpp"
#include "index/run_state.hpp"
#include "index/writer_watch.hpp"
#include "livecca/sinks/rows_reader.hpp"

namespace livecca::tool {

/// 12 hexadecimal digits that stand for a run's folder, the same in every process.
std::string id_of_folder(const std::filesystem::path& canonical_folder);

/// One run whose rows may still come. They are read by one thread, and looked at by another.
///
/// Thread safety: the functions that read, and look_at_writer(), are for one thread. All else may
/// be called from any thread.
class GrowingRun {
 public:
  /// `shown_folder` is the folder as the user gave it.
  GrowingRun(std::filesystem::path folder, std::string shown_folder);

  const std::string& id() const { return id_; }
  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path rows_path() const { return folder_ / "rows.jsonl"; }
  const std::string& shown_folder() const { return shown_folder_; }

  /// Looks at the first rows and the last ones only, by ends_of(), so that a list of long runs can
  /// say at once where each is. Until the file is read to its end, summaries are made from it.
  /// Whether there are such ends.
  bool read_ends();
  /// What a list needs: read_ends() of a long file, a short one whole.
  void read_latest();

  struct News {
    bool is_read = false;  ///< there were lines
    bool is_anew = false;  ///< the file was cut back or begun anew
    bool is_more = false;  ///< the rest of the file is to be read yet
  };
  /// Reads some megabytes of what came since. A file that cannot be read has no news.
  News read_part();
  /// Finds out whether a process holds the file open to write it.
  void look_at_writer() { writer_.look(rows_path()); }

  /// Calls a function with the latest rows that are known, which may be those of read_ends(), while
  /// none is added.
  void look_at_latest(
      const std::function<void(const RunIndex& index, std::uint64_t lines)>& function) const;
  /// Calls a function with the index, while no row is added.
  void look(const std::function<void(const RunIndex& index, std::uint64_t lines)>& function) const;
  /// The lines of the file that were read, spectra and such that are no rows, too.
  std::uint64_t lines() const { return lines_; }
  /// How much of the file is read, from 0 to 1. Once all was read it stays 1 while the run grows.
  double share_read() const { return share_read_; }
  /// Somebody looks at the run: the later that is, the greater is asked().
  void ask();
  std::uint64_t asked() const { return asked_; }
  /// The lines that all listening clients know of.
  std::uint64_t told_lines() const { return told_lines_; }
  void set_told_lines(std::uint64_t lines) { told_lines_ = lines; }
  RunState state(const RunIndex& index) const {
    return state_of(index.rows(), writer_, unix_now());
  }
  /// See livecca::tool::has_died().
  bool has_died(const RunIndex& index) const {
    return tool::has_died(index.rows(), writer_, unix_now());
  }
  /// The text of a row's line, without its line feed; empty if the line is no row (any more).
  std::string line_text(std::uint64_t offset) const;

 private:
  void take(std::vector<RowLine>& rows);
  void see_read(bool is_all, std::uint64_t size);

  const std::filesystem::path folder_;
  const std::string shown_folder_;
  const std::string id_;

  // Of the reading thread:
  std::optional<RowsReader> reader_;
  std::optional<std::uint64_t> size_read_;  // of the file that was read to its end
  std::filesystem::file_time_type changed_{};
  std::uint64_t offset_ = 0;  // of the last row that was read

  mutable std::mutex mutex_;  // of the index
  RunIndex index_;
  std::unique_ptr<RunIndex> ends_;  ///< until all is read
  std::atomic<std::uint64_t> lines_{0};
  std::atomic<std::uint64_t> told_lines_{0};
  std::atomic<double> share_read_{0};
  std::atomic<std::uint64_t> asked_{0};
  WriterWatch writer_;
};

}  // namespace livecca::tool
