#include "index/growing_run.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <system_error>
#include <utility>
#include <variant>

#include "common/hexadecimal.hpp"
#include "common/json_depth.hpp"

namespace livecca::tool {
namespace {

constexpr std::uint64_t bytes_in_turn = std::uint64_t{4} << 20U;
constexpr std::size_t rows_in_turn = 256;  // that are added while nobody may look
constexpr std::size_t longest_line = std::size_t{16} << 20U;

constexpr std::uint64_t bytes_of_beginning = std::uint64_t{16} << 10U;
constexpr std::uint64_t bytes_of_end = std::uint64_t{256} << 10U;

constexpr double least_silence = 60;  // seconds
constexpr double pauses_of_silence = 5;

}  // namespace

const char* name_of(RunState state) {
  switch (state) {
    case RunState::live:
      return "live";
    case RunState::finished:
      return "finished";
    case RunState::silent:
      return "silent";
  }
  return nullptr;
}

/// By FNV-1a with 64 bits, of which 48 are kept.
std::string id_of_folder(const std::filesystem::path& canonical_folder) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char letter : canonical_folder.native()) {
    hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3U;
  }
  return hexadecimal(hash ^ (hash >> 48U)).substr(4);
}

double unix_now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since_epoch).count();
}

GrowingRun::GrowingRun(std::filesystem::path folder, std::string shown_folder)
    : folder_(std::move(folder)),
      shown_folder_(std::move(shown_folder)),
      id_(id_of_folder(folder_)) {}

namespace {

/// The lines of a part of a file that are whole; all of them of a part that begins the file.
void add_lines(std::ifstream& file, std::uint64_t begin, std::uint64_t bytes, RunIndex& to) {
  std::string text(bytes, '\0');
  file.clear();
  file.seekg(static_cast<std::streamoff>(begin));
  file.read(text.data(), static_cast<std::streamsize>(bytes));
  text.resize(static_cast<std::size_t>(file.gcount()));
  std::size_t at = begin == 0 ? 0 : text.find('\n') + 1;
  if (begin > 0 && at == 0) return;
  for (std::size_t end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    auto row = row_from_json(std::string_view(text).substr(at, end - at));
    if (!row || std::holds_alternative<SpectrumRow>(row->row)) continue;
    to.add(*std::move(row));
  }
}

}  // namespace

void GrowingRun::read_ends() {
  std::error_code failure;
  const std::uint64_t size = std::filesystem::file_size(rows_path(), failure);
  if (failure || size < 4 * bytes_of_end) return;  // it is read soon
  std::ifstream file(rows_path(), std::ios::binary);
  auto ends = std::make_unique<RunIndex>();
  add_lines(file, 0, bytes_of_beginning, *ends);
  add_lines(file, size - bytes_of_end, bytes_of_end, *ends);
  ends->forget_since_when();
  const std::lock_guard lock(mutex_);
  ends_ = std::move(ends);
}

void GrowingRun::read_latest() {
  read_ends();
  if (ends_ != nullptr) return;
  while (read_part().is_read) {
  }
}

GrowingRun::News GrowingRun::read_part() {
  News news;
  std::error_code failure;
  const std::uint64_t size = std::filesystem::file_size(rows_path(), failure);
  if (failure) return news;
  const auto changed = std::filesystem::last_write_time(rows_path(), failure);
  if (failure || (size == size_read_ && changed == changed_)) return news;
  if (!reader_) {
    auto opened = RowsReader::open(folder_, {.with_correlations = false});
    if (!opened) return news;
    reader_ = *std::move(opened);
  }
  std::vector<RowLine> rows;
  const auto on_row = [&](RowLine&& row) {
    rows.push_back(std::move(row));
    if (rows.size() >= rows_in_turn) take(rows);
  };
  const auto on_start_over = [&] {
    rows.clear();
    const std::lock_guard lock(mutex_);
    index_ = RunIndex();
    ends_.reset();
    lines_ = 0;
    news.is_anew = true;
  };
  const auto read = reader_->read(on_row, on_start_over, bytes_in_turn);
  take(rows);
  lines_ = reader_->lines();
  if (!read) {  // it is tried again when the file has changed
    size_read_ = size;
    changed_ = changed;
    return news;
  }
  news.is_read = *read;
  // Only a read that found nothing more has come to the end.
  if (!*read) {
    size_read_ = size;
    changed_ = changed;
    const std::lock_guard lock(mutex_);
    if (ends_ != nullptr) news.is_read = true;  // the summary changes
    ends_.reset();
  }
  return news;
}

/// They were parsed before, so that nobody waits for that.
void GrowingRun::take(std::vector<RowLine>& rows) {
  {
    const std::lock_guard lock(mutex_);
    for (RowLine& row : rows) {
      lines_ = row.number;
      index_.add(std::move(row));
    }
  }
  rows.clear();
}

void GrowingRun::look_at_writer() {
  const Writer writer = writer_of(rows_path());
  // A file that cannot be opened for now says nothing new.
  if (writer != Writer::unknown || writer_ == Writer::unknown) writer_ = writer;
}

void GrowingRun::look(
    const std::function<void(const RunIndex& index, std::uint64_t lines)>& function) const {
  const std::lock_guard lock(mutex_);
  function(index_, lines_);
}

void GrowingRun::look_at_latest(
    const std::function<void(const RunIndex& index, std::uint64_t lines)>& function) const {
  const std::lock_guard lock(mutex_);
  function(ends_ == nullptr ? index_ : *ends_, lines_);
}

RunState GrowingRun::state(const RunIndex& index) const {
  if (index.rows().finished) return RunState::finished;
  switch (writer_.load()) {
    case Writer::there:
      return RunState::live;
    case Writer::gone:
      return RunState::silent;
    case Writer::unknown:
      break;
  }
  const double pause = index.usual_pause().value_or(0);
  const double age = unix_now() - index.rows().wall_time;
  const bool is_long = age > std::max(least_silence, pauses_of_silence * pause);
  return is_long ? RunState::silent : RunState::live;
}

std::string GrowingRun::line_text(std::uint64_t offset) const {
  std::ifstream file(rows_path(), std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  std::string text;
  std::string block(std::size_t{1} << 16U, '\0');
  while (text.size() < longest_line) {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    const auto count = static_cast<std::size_t>(file.gcount());
    if (count == 0) return "";
    const std::size_t end = std::string_view(block.data(), count).find('\n');
    text.append(block, 0, std::min(count, end));
    if (end != std::string::npos) return row_from_json(text) ? text : "";
  }
  return "";
}

}  // namespace livecca::tool
