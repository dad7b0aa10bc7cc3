#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "file_kind.hpp"
#include "livecca/sinks/rows_reader.hpp"
#include "sinks/full_rows.hpp"
#include "support/file_text.hpp"
#include "support/temporary_folder.hpp"

namespace livecca_tests {
namespace {

/// A run's rows.jsonl. Nothing tells that whole lines are gone, repeated or elsewhere: the file is
/// then like another one. So each line is compared by itself. One that is as it was must give its
/// row; another one must be told to be foreign, or be a row that was written.
class RowsFiles : public FileKind {
 public:
  explicit RowsFiles(Files files) : FileKind(std::move(files)) {
    const std::string& text = this->files().front().second;
    const Read whole = read_file(text);
    const std::vector<std::string> lines = lines_in(text);
    if (whole.rows.empty() || whole.foreign > 0 || whole.rows.size() != lines.size()) {
      throw std::runtime_error("rows: expected each line to be a row");
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
      row_of_line_[lines[i]] = whole.rows[i];
      rows_.insert(whole.rows[i]);
    }
  }

  Outcome read(std::size_t, const std::string& bytes, std::string& why) override {
    const Read now = read_file(bytes);
    for (const std::string& row : now.rows) {
      why = "a row that was never written: " + row;
      if (!rows_.contains(row)) return Outcome::silent;
    }
    const auto lines = lines_in(bytes);
    auto row = now.rows.begin();
    for (const std::string& line : lines) {
      const auto known = row_of_line_.find(line);
      if (known == row_of_line_.end()) continue;
      row = std::find(row, now.rows.end(), known->second);
      why = "no row of a line that is whole: " + line;
      if (row == now.rows.end()) return Outcome::silent;
      ++row;
    }
    why = "lines that are no rows, which nobody told";
    if (now.rows.size() + now.foreign != lines.size()) return Outcome::silent;
    return now.foreign > 0 ? Outcome::told : Outcome::same;
  }

 private:
  struct Read {
    std::vector<std::string> rows;
    std::uint64_t foreign = 0;
  };

  /// Those that end.
  static std::vector<std::string> lines_in(const std::string& text) {
    std::vector<std::string> lines;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      lines.push_back(text.substr(begin, end - begin));
    }
    return lines;
  }

  Read read_file(const std::string& bytes) const {
    write_text(folder_.path() / "rows.jsonl", bytes);
    auto reader = livecca::RowsReader::open(folder_.path());
    if (!reader) throw std::runtime_error(reader.why());
    Read result;
    const auto take = [&](livecca::RowLine&& line) {
      result.rows.push_back(text_of(line.row, line.run, line.wall_time));
    };
    const auto read = reader->read(take, [] {});
    if (!read) throw std::runtime_error(read.why());
    result.foreign = reader->foreign_lines().count;
    return result;
  }

  TemporaryFolder folder_;
  std::map<std::string, std::string> row_of_line_;
  std::set<std::string> rows_;
};

}  // namespace

std::unique_ptr<FileKind> rows_files(const std::filesystem::path& valid) {
  return std::make_unique<RowsFiles>(
      FileKind::Files{{"rows.jsonl", text_of(valid / "finished" / "run" / "rows.jsonl")}});
}

}  // namespace livecca_tests
