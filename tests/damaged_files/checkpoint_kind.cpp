#include <set>
#include <stdexcept>
#include <variant>

#include "file_kind.hpp"
#include "livecca/common/error.hpp"
#include "livecca/sinks/rows_reader.hpp"
#include "sinks/full_rows.hpp"
#include "support/file_text.hpp"
#include "support/temporary_folder.hpp"
#include "valid_files/saved_run.hpp"

namespace livecca_tests {
namespace {

/// The files of a checkpoint: a run is resumed from it and goes on to its end.
class Checkpoints : public FileKind {
 public:
  explicit Checkpoints(const SavedRun& run) : FileKind(files_of_checkpoint(run)), run_(run) {
    expected_ = rows_to_the_end("", "");
  }

  Outcome read(std::size_t file, const std::string& bytes, std::string& why) override {
    try {
      return compared(rows_to_the_end(files()[file].first, bytes), why);
    } catch (const livecca::Error& error) {
      why = error.what();
      return Outcome::told;
    }
  }

 private:
  struct Rows {
    std::vector<std::string> all;
    std::set<std::string> events;
  };

  static Files files_of_checkpoint(const SavedRun& run) {
    const std::string facts = "checkpoint/monitor.json";
    const std::string moments = run.moments_file();
    return {{facts, run.file(facts)}, {moments, run.file(moments)}};
  }

  /// All rows but what watching cost, without their times.
  Rows rows_to_the_end(const std::string& damaged_file, const std::string& bytes) const {
    run_.put_into(folder_.path());
    if (!damaged_file.empty()) write_text(folder_.path() / damaged_file, bytes);
    SavedRun::go_on_in(folder_.path(), [] {});
    auto reader = livecca::RowsReader::open(folder_.path() / "run");
    if (!reader) throw std::runtime_error(reader.why());
    Rows rows;
    const auto take = [&](livecca::RowLine&& line) {
      if (std::holds_alternative<livecca::OverheadRow>(line.row)) return;
      rows.all.push_back(text_of(line.row, line.run, 0));
      const bool is_event = std::holds_alternative<livecca::Event>(line.row);
      if (is_event) rows.events.insert(rows.all.back());
    };
    const auto read = reader->read(take, [] {});
    if (!read) throw std::runtime_error(read.why());
    return rows;
  }

  Outcome compared(const Rows& now, std::string& why) const {
    if (now.all == expected_.all) return Outcome::same;
    why = "other rows after the run was resumed";
    for (const std::string& event : now.events) {
      if (!expected_.events.contains(event)) return Outcome::told;
    }
    return Outcome::silent;
  }

  TemporaryFolder folder_;
  SavedRun run_;
  Rows expected_;
};

}  // namespace

std::unique_ptr<FileKind> checkpoints(const std::filesystem::path& valid) {
  return std::make_unique<Checkpoints>(SavedRun::read_from(valid / "left"));
}

}  // namespace livecca_tests
