#include "index/growing_runs.hpp"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "common/files/list_folder.hpp"
#include "common/quiet_thread.hpp"
#include "common/utf8.hpp"
#include "inputs/input_error.hpp"

namespace livecca::tool {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto between_looks = 50ms;
constexpr auto between_scans = 1s;
constexpr auto between_news = 200ms;  // of one run
constexpr auto longest_quiet = 15s;

bool has_rows(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_regular_file(folder / "rows.jsonl", ignored);
}

fs::path folder_of(const std::string& given) {
  const fs::path path(given);
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && path.filename() == "rows.jsonl"
             ? fs::absolute(path, ignored).parent_path()
             : path;
}

/// The folder, or those in it that are runs; nothing if that cannot be found out for now.
std::optional<std::vector<fs::path>> runs_in(const fs::path& folder) {
  if (has_rows(folder)) return std::vector{folder};
  std::vector<fs::path> entries;
  if (const auto failure = list_folder(folder, entries)) {
    const bool is_gone =
        failure == std::errc::no_such_file_or_directory || failure == std::errc::not_a_directory;
    return is_gone ? std::optional(entries) : std::nullopt;
  }
  std::erase_if(entries, [](const fs::path& entry) { return !has_rows(entry); });
  std::ranges::sort(entries);
  return entries;
}

RunState state_of_latest(const GrowingRun& run) {
  RunState state{};
  run.look_at_latest([&](const RunIndex& index, std::uint64_t) { state = run.state(index); });
  return state;
}

}  // namespace

GrowingRuns::GrowingRuns(std::vector<std::string> given) : given_(std::move(given)) {
  for (const std::string& path : given_) {
    std::error_code ignored;
    if (fs::is_directory(folder_of(path), ignored)) continue;
    throw InputError("RUNS: expected a run's folder or a folder of runs, got '" + path +
                     "', which " + (fs::exists(path, ignored) ? "is none" : "is not there"));
  }
  scan();
}

void GrowingRuns::scan() {
  std::set<std::string> found;
  std::vector<std::string> gone;
  for (const std::string& given : given_) {
    std::set<std::string>& here = found_in_[given];
    const auto folders = runs_in(folder_of(given));
    if (!folders) {
      found.insert(here.begin(), here.end());
      continue;
    }
    here.clear();
    for (const fs::path& folder : *folders) {
      std::error_code failure;
      const fs::path canonical = fs::canonical(folder, failure);
      if (failure) continue;
      const std::string id = id_of_folder(canonical);
      here.insert(id);
      if (!found.insert(id).second || find(id) != nullptr) continue;
      auto run = std::make_shared<GrowingRun>(canonical, valid_utf8(folder.string()));
      const std::lock_guard lock(mutex_);
      runs_[id].run = std::move(run);
    }
  }
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, place] : runs_) {
      if (!found.contains(id)) gone.push_back(id);
    }
    for (const std::string& id : gone) runs_.erase(id);
  }
  for (const std::string& id : gone) {
    if (listener_.on_gone) listener_.on_gone(id);
  }
}

std::vector<GrowingRuns::Run> GrowingRuns::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<Run> runs;
  for (const auto& [id, place] : runs_) runs.push_back(place.run);
  return runs;
}

GrowingRuns::Run GrowingRuns::find(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto found = runs_.find(id);
  return found == runs_.end() ? nullptr : found->second.run;
}

void GrowingRuns::read_all() {
  while (read_round()) {
  }
  look_at_writers();
}

void GrowingRuns::read_latest() {
  for (auto& [id, place] : runs_) place.run->read_latest();
  look_at_writers();
}

void GrowingRuns::start(RunsListener listener) {
  listener_ = std::move(listener);
  thread_ = quiet_thread([this] { work(); });
}

void GrowingRuns::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void GrowingRuns::work() {
  auto scanned = Clock::now() - between_scans;
  auto was_quiet = Clock::now();
  for (;;) {
    const auto now = Clock::now();
    bool is_more = false;
    try {
      if (now - scanned >= between_scans) {
        scan();
        read_ends();
        look_at_writers();
        scanned = now;
      }
      is_more = read_round();
      tell();
      if (now - was_quiet >= longest_quiet) {
        listener_.on_quiet();
        was_quiet = now;
      }
    } catch (const std::exception&) {
      // Out of memory, or a folder that goes while it is looked at: the next round may be better.
    }
    std::unique_lock lock(mutex_);
    if (is_stopping_) return;
    if (!is_more) wake_.wait_for(lock, between_looks, [this] { return is_stopping_; });
  }
}

/// Of runs that are new, before any is read.
void GrowingRuns::read_ends() {
  for (auto& [id, place] : runs_) {
    if (!std::exchange(place.is_new, false)) continue;
    if (place.run->read_ends()) place.is_known = true;
    tell();
    const std::lock_guard lock(mutex_);
    if (is_stopping_) return;
  }
}

/// A part of each run. Whether there is more to be read.
bool GrowingRuns::read_round() {
  bool is_more = false;
  for (auto& [id, place] : runs_) {
    is_more = read_turn(id, place) || is_more;
    // Who looks at a run does not wait for all the others.
    const auto asked = asked_last();
    if (asked != runs_.end()) is_more = read_turn(asked->first, asked->second) || is_more;
    const std::lock_guard lock(mutex_);
    if (is_stopping_) return false;
  }
  return is_more;
}

bool GrowingRuns::read_turn(const std::string& id, Place& place) {
  const GrowingRun::News news = place.run->read_part();
  if (news.is_anew && listener_.on_anew) listener_.on_anew(id);
  place.is_known = true;
  place.has_news = place.has_news || news.is_read;
  if (news.is_read) tell();
  return news.is_read;
}

/// Of the runs that are not read to their end yet.
std::map<std::string, GrowingRuns::Place, std::less<>>::iterator GrowingRuns::asked_last() {
  auto found = runs_.end();
  std::uint64_t latest = 0;
  for (auto place = runs_.begin(); place != runs_.end(); ++place) {
    const GrowingRun& run = *place->second.run;
    if (run.asked() <= latest || run.share_read() == 1) continue;
    latest = run.asked();
    found = place;
  }
  return found;
}

void GrowingRuns::tell() {
  if (!listener_.on_news) return;
  const auto now = Clock::now();
  for (auto& [id, place] : runs_) {
    if (!place.is_known || !place.has_news || now - place.told < between_news) continue;
    place.has_news = false;
    place.told = now;
    place.told_state = state_of_latest(*place.run);
    listener_.on_news(*place.run);
  }
}

void GrowingRuns::look_at_writers() {
  for (auto& [id, place] : runs_) {
    place.run->look_at_writer();
    if (state_of_latest(*place.run) != place.told_state) place.has_news = true;
  }
}

}  // namespace livecca::tool
