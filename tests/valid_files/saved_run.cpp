#include "valid_files/saved_run.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "livecca/monitor/monitor.hpp"
#include "monitor/scripted_training.hpp"
#include "support/file_text.hpp"
#include "support/temporary_folder.hpp"

namespace livecca_tests {
namespace {

namespace fs = std::filesystem;

constexpr int steps_before = 15;
constexpr int steps_of_going_on = 7;

constexpr const char* checkpoint_path = "checkpoint/monitor.json";
constexpr const char* rows_path = "run/rows.jsonl";
constexpr const char* open_begin = R"("@rows_begin")";
constexpr const char* open_size = R"("@rows_size")";

/// As JSON, as the library prints it.
std::string printed(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void replace(std::string& text, const std::string& from, const std::string& to) {
  const std::size_t place = text.find(from);
  if (place != std::string::npos) text.replace(place, from.size(), to);
}

}  // namespace

SavedRun SavedRun::train(bool goes_on) {
  const TemporaryFolder folder;
  livecca::Monitor monitor(options_in(folder.path()));
  ScriptedTraining training(monitor);
  training.play(0, steps_before);
  const auto saved = monitor.save(checkpoint_in(folder.path()));
  if (!saved) throw std::runtime_error(saved.why());
  if (goes_on) {
    training.play(steps_before, steps_before + steps_of_going_on);
    monitor.finish();
  }
  return read_from(folder.path());
}

SavedRun SavedRun::read_from(const fs::path& folder) {
  SavedRun run;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    run.files_[fs::relative(entry.path(), folder).string()] = text_of(entry.path());
  }
  return run;
}

livecca::MonitorOptions SavedRun::options_in(const fs::path& folder) {
  livecca::MonitorOptions options = ScriptedTraining::options_in(folder);
  options.compare_before = {1};
  return options;
}

void SavedRun::put_into(const fs::path& folder) const {
  for (const char* part : {"run", "checkpoint"}) fs::remove_all(folder / part);
  for (const auto& [path, bytes] : files_) {
    fs::create_directories((folder / path).parent_path());
    write_text(folder / path, bytes);
  }
}

void SavedRun::go_on_in(const fs::path& folder, const std::function<void()>& resumed) {
  livecca::Monitor monitor(options_in(folder), checkpoint_in(folder));
  ScriptedTraining training(monitor);
  resumed();
  const int end = steps_before + steps_of_going_on;
  training.play(steps_before, end);
  training.probe_batch(end, 0);
  training.probe_batch(end, 1);
  monitor.snapshot(end / ScriptedTraining::steps_an_epoch);
  monitor.finish();
}

std::string SavedRun::moments_file() const {
  for (const auto& [path, bytes] : files_) {
    if (path.ends_with(".moments")) return path;
  }
  throw std::runtime_error("expected the moments of a train window in the checkpoint, got none");
}

std::string SavedRun::open_checkpoint() const {
  std::string text = file(checkpoint_path);
  const auto json = nlohmann::json::parse(text);
  replace(text, "\"rows_begin\":" + printed(json.at("rows_begin")),
          std::string("\"rows_begin\":") + open_begin);
  replace(text, "\"rows_size\":" + printed(json.at("rows_size")),
          std::string("\"rows_size\":") + open_size);
  return text;
}

std::string SavedRun::with_place(std::string checkpoint) const {
  const std::string& rows = file(rows_path);
  replace(checkpoint, open_begin, printed(rows.substr(0, rows.find('\n'))));
  replace(checkpoint, open_size, std::to_string(rows.size()));
  return checkpoint;
}

}  // namespace livecca_tests
