#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "livecca/moments/panel.hpp"
#include "livecca/monitor/options.hpp"
#include "livecca/sinks/row.hpp"
#include "monitor/intake/watched_taps.hpp"
#include "sinks/run_writer.hpp"

namespace livecca {

// A checkpoint is a folder:
//
//     monitor.json      everything but the train stream's moments; names the file that holds them.
//                       Begins with a checksum of all that follows it
//     train-N.moments   see moments_file.hpp; only if the train stream has a window
//
// monitor.json is replaced last and whole, so that a checkpoint is the earlier or the later one.

inline constexpr const char* checkpoint_format = "livecca.checkpoint";
/// Checkpoints of other versions are refused.
inline constexpr int checkpoint_version = 4;

/// The file within a checkpoint.
std::filesystem::path checkpoint_file(const std::filesystem::path& folder);

/// What must be the same in the run that goes on, by name.
nlohmann::json options_to_json(const MonitorOptions& options);

/// A checkpoint's JSON object with its checksum: {"checksum":"crc32c:01234567", and the rest.
std::string sealed_checkpoint(std::string_view json);

/// A checkpoint of these options. Throws Error that says what is wrong with it.
nlohmann::json read_checkpoint(const std::filesystem::path& folder, const MonitorOptions& options);

// Its parts. Those from JSON throw std::exception on anything else.

nlohmann::json taps_to_json(const WatchedTaps& taps);
std::vector<WatchedTap> taps_from_json(const nlohmann::json& json);

nlohmann::json progress_to_json(const PanelProgress& progress);
PanelProgress progress_from_json(const nlohmann::json& json);

nlohmann::json events_to_json(const std::vector<CountedEvent>& events);
std::vector<CountedEvent> events_from_json(const nlohmann::json& json);

nlohmann::json rows_to_json(const std::vector<MeasureRow>& rows);
std::vector<MeasureRow> rows_from_json(const nlohmann::json& json);

}  // namespace livecca
