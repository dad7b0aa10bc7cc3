#include <algorithm>
#include <set>
#include <stdexcept>

#include "file_kind.hpp"
#include "livecca/common/error.hpp"
#include "livecca/monitor/replay.hpp"
#include "support/file_text.hpp"
#include "support/temporary_folder.hpp"

namespace livecca_tests {
namespace {

using Lines = std::vector<std::string>;

/// Snapshots of one run, read by replay(): one of them is damaged.
class Histories : public FileKind {
 public:
  explicit Histories(Files files) : FileKind(std::move(files)) {
    std::filesystem::create_directories(folder_.path() / "history");
    for (const auto& [name, bytes] : this->files()) write_text(path_of(name), bytes);
    expected_ = replayed();
    if (expected_.rows.empty()) throw std::runtime_error("history: expected rows, got none");
  }

  Outcome read(std::size_t file, const std::string& bytes, std::string& why) override {
    const auto& [name, whole] = files()[file];
    write_text(path_of(name), bytes);
    Outcome outcome = Outcome::told;
    try {
      outcome = compared(replayed(), why);
    } catch (const livecca::Error& error) {
      why = error.what();
    }
    write_text(path_of(name), whole);
    return outcome;
  }

 private:
  struct Replayed {
    Lines rows;
    std::set<std::string> events;
  };

  std::filesystem::path path_of(const std::string& name) const {
    return folder_.path() / "history" / name;
  }

  Replayed replayed() const {
    livecca::ReplayOptions options;
    options.before = {1};
    options.threads = 1;
    const auto result = livecca::replay(folder_.path(), options);
    Replayed text;
    for (const auto& row : result.measures) text.rows.push_back(to_json(row, "", 0));
    for (const auto& event : result.events) text.events.insert(to_json(event, "", 0));
    return text;
  }

  Outcome compared(const Replayed& now, std::string& why) const {
    why = "other rows than of the whole history";
    if (!std::ranges::includes(expected_.events, now.events)) return Outcome::told;
    return now.rows == expected_.rows ? Outcome::same : Outcome::silent;
  }

  TemporaryFolder folder_;
  Replayed expected_;
};

}  // namespace

std::unique_ptr<FileKind> histories(const std::filesystem::path& valid) {
  return std::make_unique<Histories>(files_of(valid / "finished" / "run" / "history"));
}

}  // namespace livecca_tests
