#include "monitor/history.hpp"

#include <algorithm>
#include <numeric>

namespace livecca {
namespace {

/// Layer names are the user's: what is not a letter, digit, dash or underscore becomes %XX, so
/// that no name leaves the folder and no two share a file.
std::string file_name_of(const std::string& layer) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string name;
  for (const char c : layer) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || (c == '.' && !name.empty());
    if (plain) {
      name += c;
    } else {
      name += '%';
      name += digits[byte >> 4U];
      name += digits[byte & 15U];
    }
  }
  return name + ".safetensors";
}

}  // namespace

History::History(std::filesystem::path directory, std::uint64_t byte_limit,
                 std::function<void(const Event&)> report)
    : directory_(std::move(directory)), byte_limit_(byte_limit), report_(std::move(report)) {}

std::filesystem::path History::folder_of_open() const {
  std::string number = std::to_string(snapshots_);
  number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
  return directory_ / ("snapshot-" + number);
}

std::filesystem::path History::file_of(const Kept& kept, const std::string& layer) {
  return kept.folder / file_name_of(layer);
}

void History::append(const std::string& layer, const PackedRows& rows, std::int64_t epoch) {
  Open& open = open_[layer];
  if (open.spoiled) return;
  if (!open.writer) {
    open.writer = std::make_unique<RecordedRowsWriter>(folder_of_open() / file_name_of(layer));
  }
  open.nonfinite_rows +=
      static_cast<std::uint64_t>(std::ranges::count(rows.finite(), std::uint8_t{0}));
  std::string why;
  if (open.writer->append(rows, why)) return;
  spoil(layer);
  report_({.epoch = epoch, .what = "history_failed", .subject = layer, .message = why});
}

void History::spoil(const std::string& layer) {
  Open& open = open_[layer];
  open.spoiled = true;
  open.writer.reset();
}

void History::close(std::int64_t epoch) {
  Kept kept{epoch, folder_of_open(), 0};
  for (auto& [layer, open] : open_) {
    if (!open.writer) continue;
    std::string why;
    if (open.writer->finish(why)) {
      kept.bytes += open.writer->bytes();
    } else {
      report_({.epoch = epoch, .what = "history_failed", .subject = layer, .message = why});
      continue;
    }
    if (start_.contains(layer)) continue;
    if (open.nonfinite_rows > 0) {
      report_({.epoch = epoch,
               .what = "nonfinite",
               .subject = "start/" + layer,
               .message = "expected finite activations to keep as the start, got " +
                          std::to_string(open.nonfinite_rows) +
                          " rows that are not; the next snapshot will be the start"});
      continue;
    }
    if (auto rows = RecordedRows::open(file_of(kept, layer), why)) {
      start_.emplace(layer, std::move(rows));
    } else {
      report_({.epoch = epoch, .what = "history_failed", .subject = layer, .message = why});
    }
  }
  open_.clear();
  ++snapshots_;
  if (kept.bytes == 0) return;
  kept_.push_back(std::move(kept));
  thin(epoch);
}

void History::thin(std::int64_t epoch) {
  const auto total = [this] {
    return std::accumulate(kept_.begin(), kept_.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const Kept& kept) { return sum + kept.bytes; });
  };
  while (kept_.size() > 2 && total() > byte_limit_) {
    std::size_t closest = 1;
    const auto gap = [this](std::size_t i) { return kept_[i + 1].epoch - kept_[i - 1].epoch; };
    for (std::size_t i = 2; i + 1 < kept_.size(); ++i) {
      if (gap(i) < gap(closest)) closest = i;
    }
    report_({.epoch = epoch,
             .what = "history_thinned",
             .subject = "history",
             .message = "expected at most " + std::to_string(byte_limit_) +
                        " bytes, so the activations of epoch " +
                        std::to_string(kept_[closest].epoch) + " were removed"});
    std::error_code ignored;  // a file that stays behind costs disk, not training
    std::filesystem::remove_all(kept_[closest].folder, ignored);
    kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(closest));
  }
}

std::shared_ptr<RecordedRows> History::start(const std::string& layer) const {
  const auto found = start_.find(layer);
  return found == start_.end() ? nullptr : found->second;
}

}  // namespace livecca
