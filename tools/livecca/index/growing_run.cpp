#include "index/growing_run.hpp"

#include <algorithm>
#include <fstream>
#include <system_error>
#include <utility>

#include "common/fnv1a.hpp"
#include "common/hexadecimal.hpp"
#include "index/run_ends.hpp"

namespace livecca::tool {
namespace {

constexpr std::uint64_t bytes_in_turn = std::uint64_t{4} << 20U;
constexpr std::size_t rows_in_turn = 256;  // that are added while nobody may look
constexpr std::size_t longest_line = std::size_t{16} << 20U;

}  // namespace

/// 48 bits of the hash are kept.
std::string id_of_folder(const std::filesystem::path& canonical_folder) {
  const std::uint64_t hash = fnv1a(canonical_folder.native());
  return hexadecimal(hash ^ (hash >> 48U)).substr(4);
}

GrowingRun::GrowingRun(std::filesystem::path folder, std::string shown_folder)
    : folder_(std::move(folder)),
      shown_folder_(std::move(shown_folder)),
      id_(id_of_folder(folder_)) {}

bool GrowingRun::read_ends() {
  std::error_code failure;
  const std::uint64_t size = std::filesystem::file_size(rows_path(), failure);
  if (failure) return false;
  auto ends = ends_of(rows_path(), size);
  if (ends == nullptr) return false;  // all is read soon
  const std::lock_guard lock(mutex_);
  ends_ = std::move(ends);
  return true;
}

void GrowingRun::read_latest() {
  if (read_ends()) return;
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
    share_read_ = 0;
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
  see_read(!*read, size);
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
      offset_ = row.offset;
      index_.add(std::move(row));
    }
  }
  rows.clear();
}

void GrowingRun::see_read(bool is_all, std::uint64_t size) {
  if (share_read_ == 1) return;
  const double share =
      static_cast<double>(offset_) / static_cast<double>(std::max(size, offset_ + 1));
  share_read_ = is_all ? 1 : share;
}

void GrowingRun::ask() {
  static std::atomic<std::uint64_t> times{0};
  asked_ = ++times;
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
