#pragma once

#include <atomic>
#include <filesystem>

#include "index/writer.hpp"

namespace livecca::tool {

/// What this process saw of a run's writer, by looking again and again.
///
/// Thread safety: look() is for one thread, all else for any.
class WriterWatch {
 public:
  void look(const std::filesystem::path& rows_file) {
    const Writer writer = writer_of(rows_file);
    if (writer == Writer::there) was_there_ = true;
    // A file that cannot be opened for now says nothing new.
    if (writer != Writer::unknown) latest_ = writer;
  }

  Writer latest() const { return latest_; }
  /// Whether it was ever seen: only then its lock is one that this machine sees.
  bool was_there() const { return was_there_; }

 private:
  std::atomic<Writer> latest_{Writer::unknown};
  std::atomic<bool> was_there_{false};
};

}  // namespace livecca::tool
