#include "monitor/run_writer.hpp"

#include <chrono>

namespace livecca {

RunWriter::RunWriter(const std::filesystem::path& directory, std::string run,
                     std::function<void(const Event&)> on_event)
    : file_(directory / "rows.jsonl"), run_(std::move(run)), on_event_(std::move(on_event)) {}

double RunWriter::now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since_epoch).count();
}

void RunWriter::write_line(const std::string& line) {
  if (file_.write(line)) return;
  tell({.epoch = 0,
        .what = "write_failed",
        .subject = file_.path().string(),
        .message = "expected to append a line, got: " + file_.last_error()});
}

void RunWriter::report(const Event& event) {
  const std::lock_guard lock(mutex_);
  const auto [place, is_new] = events_.try_emplace({event.what, event.subject}, event);
  if (!is_new) {
    ++place->second.count;
    return;
  }
  write_locked(event);
  if (on_event_) on_event_(event);
}

// An event about writing does not go through report(): its row could fail to be written again.
void RunWriter::tell(const Event& event) {
  const auto [place, is_new] = events_.try_emplace({event.what, event.subject}, event);
  if (!is_new) {
    ++place->second.count;
  } else if (on_event_) {
    on_event_(event);
  }
}

void RunWriter::write_event_counts() {
  const std::lock_guard lock(mutex_);
  // A copy, as a failing write adds to the map.
  const auto events = events_;
  for (const auto& [key, event] : events) {
    if (event.count > 1 || event.what == "write_failed") write_locked(event);
  }
}

}  // namespace livecca
