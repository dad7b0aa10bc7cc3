#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "index/growing_run.hpp"

namespace livecca::tool {

/// What happens to the runs. The functions are called on the reading thread.
struct RunsListener {
  std::function<void(GrowingRun& run)> on_news;        ///< at most 5 times a second a run
  std::function<void(const std::string& id)> on_anew;  ///< all that was read of it is void
  std::function<void(const std::string& id)> on_gone;
  std::function<void()> on_quiet;  ///< every 15 s: time to show that somebody is there
};

/// The runs in some folders, and the thread that reads them: a part of each in turn, so that a long
/// one does not hold up the others, and after each turn a part of the run that was asked for last.
/// New folders appear within a second, removed ones go.
///
/// Thread safety: all() and find() may be called from any thread.
class GrowingRuns {
 public:
  /// Each path is a run's folder, its rows.jsonl, or a folder of such folders, which may be empty
  /// yet. Throws InputError if there is no such folder.
  explicit GrowingRuns(std::vector<std::string> given);
  ~GrowingRuns() { stop(); }
  GrowingRuns(const GrowingRuns&) = delete;
  GrowingRuns& operator=(const GrowingRuns&) = delete;

  /// Starts the thread.
  void start(RunsListener listener);
  /// No function is called after it.
  void stop();
  /// Instead of start(): reads all that is there, on this thread.
  void read_all();
  /// Instead of start(): reads what a list needs. Some milliseconds a run.
  void read_latest();

  using Run = std::shared_ptr<GrowingRun>;
  /// In no order.
  std::vector<Run> all() const;
  /// Null if there is none.
  Run find(std::string_view id) const;

 private:
  using Clock = std::chrono::steady_clock;

  struct Place {
    Run run;
    bool has_news = true;
    bool is_new = true;
    bool is_known = false;  ///< something of it was read, or it is empty
    RunState told_state = RunState::live;
    Clock::time_point told{};
  };

  void scan();
  void work();
  void read_ends();
  bool read_round();
  bool read_turn(const std::string& id, Place& place);
  std::map<std::string, Place, std::less<>>::iterator asked_last();
  void tell();
  void look_at_writers();

  const std::vector<std::string> given_;
  RunsListener listener_;

  mutable std::mutex mutex_;
  std::map<std::string, Place, std::less<>> runs_;  // by id; the reading thread alone changes it
  std::map<std::string, std::set<std::string>> found_in_;  // the ids in each path that was given
  bool is_stopping_ = false;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace livecca::tool
