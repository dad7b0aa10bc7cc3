#include "monitor/history/history.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string_view>
#include <system_error>
#include <utility>

#include "common/files/list_folder.hpp"
#include "common/files/spool_file.hpp"
#include "common/json_numbers.hpp"
#include "livecca/common/error.hpp"

namespace livecca {

History::History(const MonitorOptions& options, Report report)
    : options_(options),
      directory_(options.run_directory / "history"),
      report_(std::move(report)),
      is_recording_(options.keep_history) {}

std::filesystem::path History::file_of(std::uint64_t number) const {
  std::string digits = std::to_string(number);
  digits.insert(0, digits.size() < 4 ? 4 - digits.size() : 0, '0');
  return directory_ /
         (std::string(snapshot_file_prefix) + digits + std::string(snapshot_file_suffix));
}

PackWriter& History::writer() {
  if (!writer_) {
    std::error_code ignored;  // if the folder is not there, the first write says so
    std::filesystem::create_directories(directory_, ignored);
    writer_ = std::make_unique<PackWriter>(file_of(snapshots_),
                                           PackOptions{.precision = options_.history_precision,
                                                       .images = options_.history_images,
                                                       .images_seed = options_.history_seed});
  }
  return *writer_;
}

void History::fail(const std::string& layer, std::int64_t epoch, const std::string& why) {
  report_({.epoch = epoch, .what = "history_failed", .subject = layer, .message = why});
}

void History::append(const std::string& layer, const Reading& reading, const PackedRows& rows,
                     std::int64_t epoch) {
  if (!is_recording_ || is_spoiled_ || spoiled_.contains(layer)) return;
  const auto appended = writer().append(layer, reading, rows, options_.feature_seed);
  if (appended) {
    seen_.insert(layer);
    return;
  }
  spoil(layer);
  fail(layer, epoch, appended.why());
}

void History::spoil(const std::string& layer) {
  spoiled_.insert(layer);
  seen_.erase(layer);
  if (writer_) writer_->spoil(layer);
}

void History::spoil_all() noexcept {
  abandon();
  is_spoiled_ = true;
}

void History::abandon() noexcept {
  writer_.reset();
  seen_.clear();
  spoiled_.clear();
  is_spoiled_ = false;
}

std::shared_ptr<const RecordedPack> History::close(
    const PackFacts& facts, const std::function<const Moments*(const std::string&)>& moments_of) {
  const std::uint64_t number = snapshots_++;
  const std::unique_ptr<PackWriter> done = std::move(writer_);
  std::map<std::string, std::uint64_t> nonfinite_rows;
  for (const std::string& layer : seen_) nonfinite_rows[layer] = done->nonfinite_rows(layer);
  abandon();
  if (nonfinite_rows.empty()) return nullptr;  // what kept every layer out was told
  if (const auto written = done->finish(facts, moments_of); !written) {
    fail("history", facts.epoch, written.why());
    return nullptr;
  }
  for (const auto& [layer, line] : done->left_out()) fail(layer, facts.epoch, line);
  const std::filesystem::path file = file_of(number);
  const auto opened = RecordedPack::open(file);
  if (!opened) {
    fail("history", facts.epoch, opened.why());
    return nullptr;
  }
  const std::shared_ptr<const RecordedPack>& pack = *opened;
  if (!options_.keep_history) {
    for (const Kept& earlier : kept_) remove_file(earlier);
    kept_.clear();
  }
  kept_.push_back({.number = number, .epoch = facts.epoch, .file = file, .bytes = done->bytes()});
  if (!options_.keep_history) return pack;
  keep_as_start(pack, nonfinite_rows);
  thin(facts.epoch);
  return pack;
}

void History::keep_as_start(const std::shared_ptr<const RecordedPack>& pack,
                            const std::map<std::string, std::uint64_t>& nonfinite_rows) {
  for (const auto& [layer, rows] : nonfinite_rows) {
    if (has_start(layer) || pack->find(layer) == nullptr) continue;
    if (rows == 0) {
      starts_.push_back({layer, pack->path(), pack});
      continue;
    }
    report_({.epoch = pack->epoch(),
             .what = "nonfinite",
             .subject = "start/" + layer,
             .message = "expected finite activations to keep as the start, got " +
                        std::to_string(rows) +
                        " rows that are not; the next snapshot will be the start"});
  }
}

std::size_t History::most_recent_needed() const {
  std::size_t most = options_.verdicts.own_motion ? motion_lags.back() : 0;
  for (const std::size_t snapshots : options_.compare_before) most = std::max(most, snapshots);
  return most + 1;
}

bool History::has_start(const std::string& layer) const {
  return std::ranges::find(starts_, layer, &Start::layer) != starts_.end();
}

bool History::is_start(const Kept& kept) const {
  return std::ranges::find(starts_, kept.file, &Start::file) != starts_.end();
}

bool History::start_has_fingerprint() const {
  return std::ranges::any_of(
      starts_, [](const Start& start) { return start.pack && start.pack->fingerprint(); });
}

/// Tries those that could not be read, each file once.
void History::open_starts() {
  std::map<std::filesystem::path, std::shared_ptr<const RecordedPack>> opened;
  for (Start& start : starts_) {
    if (start.pack) continue;
    const auto [place, is_new] = opened.try_emplace(start.file);
    if (is_new) {
      const auto pack = RecordedPack::open(start.file);
      if (pack) {
        place->second = *pack;
      } else {
        report_({.epoch = kept_.empty() ? 0 : kept_.back().epoch,
                 .what = "missing",
                 .subject = start_reference,
                 .message = pack.why() + "; the next snapshot tries again"});
      }
    }
    start.pack = place->second;
  }
}

bool History::is_in_checkpoint(std::uint64_t number) const {
  return std::ranges::any_of(in_checkpoints_,
                             [&](const auto& numbers) { return numbers.contains(number); });
}

void History::remove_file(const Kept& kept) {
  if (is_in_checkpoint(kept.number)) {
    waiting_.insert(kept.number);
    return;
  }
  std::error_code ignored;  // a file that stays behind costs disk, not training
  std::filesystem::remove(kept.file, ignored);
}

void History::was_saved() {
  in_checkpoints_[0] = std::move(in_checkpoints_[1]);
  in_checkpoints_[1].clear();
  for (const Kept& kept : kept_) in_checkpoints_[1].insert(kept.number);
  std::erase_if(waiting_, [&](std::uint64_t number) {
    if (is_in_checkpoint(number)) return false;
    std::error_code ignored;
    std::filesystem::remove(file_of(number), ignored);
    return true;
  });
}

void History::thin(std::int64_t epoch) {
  const auto total = [this] {
    return std::accumulate(kept_.begin(), kept_.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const Kept& kept) { return sum + kept.bytes; });
  };
  const auto gap = [this](std::size_t i) {
    return std::log(static_cast<double>(kept_[i + 1].number + 1) /
                    static_cast<double>(kept_[i - 1].number + 1));
  };
  while (total() > options_.history_byte_limit) {
    // Between the first and the recent ones that comparisons need.
    const std::size_t end =
        kept_.size() - std::min(kept_.size(), std::max<std::size_t>(1, most_recent_needed()));
    if (end <= 1) return;
    std::size_t closest = 0;
    for (std::size_t i = 1; i < end; ++i) {
      if (!is_start(kept_[i]) && (closest == 0 || gap(i) < gap(closest))) closest = i;
    }
    if (closest == 0) return;
    report_({.epoch = epoch,
             .what = "history_thinned",
             .subject = "history",
             .message = "expected at most " + std::to_string(options_.history_byte_limit) +
                        " bytes, so the activations of epoch " +
                        std::to_string(kept_[closest].epoch) + " were removed"});
    remove_file(kept_[closest]);
    kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(closest));
  }
}

RecordedSide History::start() {
  open_starts();
  RecordedSide side{start_reference, ReferenceKind::start, {}};
  for (const Start& start : starts_) side.layers.set(start.layer, start.pack);
  return side;
}

std::shared_ptr<const RecordedPack> History::before(std::size_t snapshots,
                                                    bool is_latest_now) const {
  const std::size_t from_end = is_latest_now ? snapshots + 1 : snapshots;
  if (from_end > kept_.size()) return nullptr;
  return opened(kept_[kept_.size() - from_end], before_reference(snapshots));
}

std::shared_ptr<const RecordedPack> History::at_lag(std::uint64_t snapshots) const {
  if (snapshots >= snapshots_) return nullptr;
  const auto kept = std::ranges::find(kept_, snapshots_ - 1 - snapshots, &Kept::number);
  return kept == kept_.end() ? nullptr : opened(*kept, "own motion");
}

std::shared_ptr<const RecordedPack> History::opened(const Kept& kept,
                                                    const std::string& subject) const {
  const auto pack = RecordedPack::open(kept.file);
  if (pack) return *pack;
  report_({.epoch = kept_.back().epoch,
           .what = "missing",
           .subject = subject,
           .message = pack.why()});
  return nullptr;
}

nlohmann::json History::state() const {
  nlohmann::json state;
  state["snapshots"] = snapshots_;
  state["waiting"] = waiting_;
  state["kept"] = nlohmann::json::array();
  for (const Kept& kept : kept_) {
    state["kept"].push_back(
        {{"number", kept.number}, {"epoch", kept.epoch}, {"bytes", kept.bytes}});
  }
  state["start"] = nlohmann::json::object();
  for (const Start& start : starts_) {
    state["start"][start.layer] = start.file.filename().string();
  }
  return state;
}

void History::restore(const nlohmann::json& state) {
  snapshots_ = whole_number<std::uint64_t>(state.at("snapshots"));
  waiting_ = state.at("waiting").get<std::set<std::uint64_t>>();
  in_checkpoints_ = {waiting_, {}};
  kept_.clear();
  for (const auto& kept : state.at("kept")) {
    const auto number = whole_number<std::uint64_t>(kept.at("number"));
    kept_.push_back({.number = number,
                     .epoch = whole_number<std::int64_t>(kept.at("epoch")),
                     .file = file_of(number),
                     .bytes = whole_number<std::uint64_t>(kept.at("bytes"))});
    in_checkpoints_[1].insert(number);
  }
  starts_.clear();
  for (const auto& [layer, name] : state.at("start").items()) {
    starts_.push_back({layer, directory_ / name.get<std::string>(), nullptr});
  }
}

std::optional<Event> History::remove_later() const {
  const std::error_code failure = remove_later_files();
  if (!failure || failure == std::errc::no_such_file_or_directory) return std::nullopt;
  return Event{.epoch = 0,
               .what = "history_failed",
               .subject = "history",
               .message = directory_.string() +
                          ": expected to remove the snapshots after the checkpoint, got: " +
                          failure.message()};
}

std::error_code History::remove_later_files() const {
  std::vector<std::filesystem::path> files;
  if (const auto failure = list_folder(directory_, files)) return failure;
  // Snapshots that are to be made again, and what was being written when the run was killed.
  std::vector<std::filesystem::path> later;
  for (const std::filesystem::path& file : files) {
    const std::string name = file.filename().string();
    std::uint64_t number = 0;
    if (name.starts_with(SpoolFile::name_prefix)) later.push_back(file);
    if (!name.starts_with(snapshot_file_prefix)) continue;
    const char* const digits = name.data() + snapshot_file_prefix.size();
    const auto [end, error] = std::from_chars(digits, name.data() + name.size(), number);
    if (error != std::errc() || end == digits) continue;
    const std::string_view suffix(end);
    const bool is_part = suffix.starts_with(snapshot_file_suffix) && suffix.ends_with(".tmp");
    if (is_part || (suffix == snapshot_file_suffix && number >= snapshots_)) {
      later.push_back(file);
    }
  }
  std::error_code failure;
  for (const auto& file : later) {
    std::error_code its_failure;
    std::filesystem::remove(file, its_failure);
    if (its_failure) failure = its_failure;
  }
  return failure;
}

}  // namespace livecca
