#include "index/run_ends.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace livecca::tool {
namespace {

constexpr std::uint64_t bytes_of_beginning = std::uint64_t{16} << 10U;
constexpr std::uint64_t bytes_of_end = std::uint64_t{256} << 10U;
constexpr std::uint64_t longest_part = std::uint64_t{4} << 20U;
constexpr std::size_t most_bytes_of_rows = std::size_t{64} << 20U;

/// Of rows that are seen from the last one back: whether they hold the last whole snapshot of each
/// stream. It is whole if something ends it, and if a row of the snapshot before was seen.
class LastSnapshots {
 public:
  /// A row of the file's beginning: the run has its stream.
  void expect(const AnyRow& row) {
    const auto place = place_of(row);
    if (place && place->first == Stream::probe) streams_[Stream::probe];
  }

  void see(const AnyRow& row) {
    if (const auto place = place_of(row)) return see(place->first, place->second);
    if (std::holds_alternative<OverheadRow>(row)) has_end_ = true;
    const auto* event = std::get_if<Event>(&row);
    if (event == nullptr) return;
    if (event->what == "finished") has_end_ = true;
    if (event->what == "resumed") has_end_ = false;  // what was begun before it did not end
  }

  bool are_seen() const {
    return !streams_.empty() &&
           std::ranges::all_of(streams_, [](const auto& entry) { return entry.second.is_whole; });
  }

 private:
  using Snapshot = std::pair<std::int64_t, std::uint64_t>;

  struct Last {
    std::optional<Snapshot> snapshot;
    bool is_ended = false;
    bool is_whole = false;
  };

  /// Rows to the final state stand behind all snapshots, and are of earlier ones.
  static std::optional<std::pair<Stream, Snapshot>> place_of(const AnyRow& any) {
    const auto place = [](const auto& row) {
      return std::pair(row.stream, Snapshot(row.epoch, row.step));
    };
    if (const auto* number = std::get_if<MeasureRow>(&any)) {
      if (number->reference_kind == ReferenceKind::final) return std::nullopt;
      return place(*number);
    }
    if (const auto* layer = std::get_if<LayerRow>(&any)) return place(*layer);
    if (const auto* verdict = std::get_if<VerdictRow>(&any)) return place(*verdict);
    if (const auto* direction = std::get_if<DirectionRow>(&any)) return place(*direction);
    return std::nullopt;
  }

  void see(Stream stream, Snapshot snapshot) {
    Last& last = streams_[stream];
    if (last.snapshot == snapshot) return;
    if (last.snapshot && last.is_ended) {
      last.is_whole = true;
      return;
    }
    // A snapshot that goes on ends the one before.
    last.is_ended = has_end_ || last.snapshot.has_value();
    last.snapshot = snapshot;
  }

  std::map<Stream, Last> streams_;
  bool has_end_ = false;
};

/// Empty if the file was cut back meanwhile.
std::string part_of(std::ifstream& file, std::uint64_t begin, std::uint64_t bytes) {
  std::string text(bytes, '\0');
  file.clear();
  file.seekg(static_cast<std::streamoff>(begin));
  file.read(text.data(), static_cast<std::streamsize>(bytes));
  return static_cast<std::uint64_t>(file.gcount()) == bytes ? text : "";
}

/// The first rows, and the run's description, if that is no longer than longest_part. Empty if the
/// file was cut back.
std::string beginning_of(std::ifstream& file, std::uint64_t size) {
  for (std::uint64_t bytes = bytes_of_beginning;; bytes = std::min(2 * bytes, size)) {
    std::string text = part_of(file, 0, bytes);
    const std::size_t end = text.rfind('\n') + 1;
    // A tail that is too short to say its kind may be a run's row, too.
    constexpr std::size_t enough_for_kind = 64;
    const bool is_torn = text.find("\"kind\":\"run\"", end) != std::string::npos ||
                         text.size() - end < enough_for_kind;
    text.resize(end);
    if (!is_torn || bytes == size || bytes >= longest_part) return text;
  }
}

bool is_spectrum(std::string_view line) {
  return line.find("\"kind\":\"spectrum\"") != std::string_view::npos;
}

bool is_to_final(std::string_view line) {
  return line.find("\"reference_kind\":\"final\"") != std::string_view::npos;
}

/// The whole lines of a text, the last one first.
std::vector<std::string_view> lines_from_the_end(std::string_view text) {
  std::vector<std::string_view> lines;
  std::size_t end = text.rfind('\n');
  while (end != std::string_view::npos) {
    const std::size_t before = end == 0 ? std::string_view::npos : text.rfind('\n', end - 1);
    const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
    lines.push_back(text.substr(begin, end - begin));
    end = before;
  }
  return lines;
}

/// The last rows, the last one first; nothing if they are too many, or the file changes.
std::optional<std::vector<RowLine>> last_rows(std::ifstream& file, std::uint64_t first,
                                              std::uint64_t size, LastSnapshots& snapshots) {
  std::vector<RowLine> rows;
  std::size_t bytes_of_rows = 0;
  std::string torn;  // of a line that begins in the part before
  std::uint64_t bytes = bytes_of_end;
  for (std::uint64_t end = size; end > first && !snapshots.are_seen();) {
    const std::uint64_t begin = end - std::min(end - first, bytes);
    std::string text = part_of(file, begin, end - begin);
    if (text.empty()) return std::nullopt;
    text += torn;
    const std::size_t line_feed = begin == first ? 0 : text.find('\n');
    const std::size_t at =
        begin == first ? 0 : (line_feed == std::string::npos ? text.size() : line_feed + 1);
    for (const std::string_view line : lines_from_the_end(std::string_view(text).substr(at))) {
      if (is_spectrum(line) || (end < size && is_to_final(line))) continue;
      auto row = row_from_json(line);
      if (!row) continue;
      snapshots.see(row->row);
      row->text = {};
      rows.push_back(*std::move(row));
      bytes_of_rows += line.size();
    }
    if (bytes_of_rows > most_bytes_of_rows) return std::nullopt;
    text.resize(at);
    torn = std::move(text);
    end = begin;
    bytes = std::min(2 * bytes, longest_part);
  }
  return rows;
}

}  // namespace

std::unique_ptr<RunIndex> ends_of(const std::filesystem::path& rows_file, std::uint64_t size) {
  if (size < 4 * bytes_of_end) return nullptr;
  std::ifstream file(rows_file, std::ios::binary);
  const std::string beginning = beginning_of(file, size);
  auto index = std::make_unique<RunIndex>();
  LastSnapshots snapshots;
  const std::vector<std::string_view> lines = lines_from_the_end(beginning);
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    auto row = row_from_json(*line);
    if (!row || std::holds_alternative<SpectrumRow>(row->row)) continue;
    snapshots.expect(row->row);
    index->add(*std::move(row));
  }
  auto rows = last_rows(file, beginning.size(), size, snapshots);
  if (!rows) return nullptr;
  index->leave_out();
  std::ranges::for_each(rows->rbegin(), rows->rend(),
                        [&](RowLine& row) { index->add(std::move(row)); });
  index->forget_since_when();
  return index;
}

}  // namespace livecca::tool
