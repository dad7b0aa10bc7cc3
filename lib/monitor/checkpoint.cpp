#include "monitor/checkpoint.hpp"

#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <variant>

#include "common/crc32c.hpp"
#include "common/enum_names.hpp"
#include "common/files/input_file.hpp"
#include "common/files/safetensors.hpp"
#include "common/hexadecimal.hpp"
#include "common/json_depth.hpp"
#include "common/json_numbers.hpp"
#include "livecca/common/error.hpp"
#include "livecca/sinks/rows_reader.hpp"

namespace livecca {
namespace {

using Json = nlohmann::json;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
  throw Error(path.string() + ": " + why);
}

template <typename Enum>
Enum named(const Json& json) {
  const auto name = json.get<std::string>();
  if (const auto value = enum_named<Enum>(name)) return *value;
  throw Error("expected a name that livecca gives, got " + in_quotes(name));
}

/// For a message: in ASCII, because a terminal acts on some other characters, and short.
std::string printed(const Json& json) { return json.dump(-1, ' ', true).substr(0, 200); }

// What a checkpoint begins with. The checksum is that of all bytes behind it.
constexpr std::string_view seal_begin = R"({"checksum":"crc32c:)";
constexpr std::string_view seal_end = R"(",)";
constexpr std::size_t seal_bytes = seal_begin.size() + 2 * sizeof(std::uint32_t) + seal_end.size();

std::string seal_of(std::string_view rest) {
  return std::string(seal_begin) + hexadecimal(crc32c(std::as_bytes(std::span(rest)))) +
         std::string(seal_end);
}

void expect_whole(const std::filesystem::path& path, std::string_view text) {
  if (seal_of(text.substr(seal_bytes)) == text.substr(0, seal_bytes)) return;
  refuse(path, "expected contents of the checksum that it begins with, got others: it was damaged");
}

Json shape_to_json(const std::optional<TapShape>& shape) {
  if (!shape) return {};
  return {{"features", shape->features},
          {"grid", {shape->grid.depth, shape->grid.height, shape->grid.width}},
          {"dtype", name_of(shape->dtype)}};
}

std::optional<TapShape> shape_from_json(const Json& json) {
  if (json.is_null()) return std::nullopt;
  const auto& grid = json.at("grid");
  return TapShape{.features = whole_number<std::size_t>(json.at("features")),
                  .grid = {.height = whole_number<std::size_t>(grid.at(1)),
                           .width = whole_number<std::size_t>(grid.at(2)),
                           .depth = whole_number<std::size_t>(grid.at(0))},
                  .dtype = named<DType>(json.at("dtype"))};
}

std::string read_text(const std::filesystem::path& path) {
  const auto file = InputFile::open(path);
  if (!file) throw Error(file.why());
  std::string text(file->size(), '\0');
  const auto read = file->read(0, std::as_writable_bytes(std::span(text)));
  if (!read) throw Error(read.why());
  return text;
}

}  // namespace

std::filesystem::path checkpoint_file(const std::filesystem::path& folder) {
  return folder / "monitor.json";
}

Json options_to_json(const MonitorOptions& options) {
  return {{"network", options.network},
          {"measures", options.measures},
          {"keep_variance", options.keep_variance},
          {"partial_whitening_alpha", options.partial_whitening_alpha},
          {"positions", {options.positions.per_image, options.positions.seed}},
          {"precision", name_of(options.precision)},
          {"max_features", options.max_features},
          {"feature_seed", options.feature_seed},
          {"error_blocks", options.error_blocks},
          {"pairing", options.pairing.text()},
          {"train_window",
           {name_of(options.train_window.kind), options.train_window.half_life,
            options.train_window.blocks, options.train_window.images_per_block}},
          {"history_images", options.history_images},
          {"history_seed", options.history_seed}};
}

std::string sealed_checkpoint(std::string_view json) {
  const std::string_view rest = json.substr(1);
  std::string text = seal_of(rest);
  text += rest;
  return text;
}

Json read_checkpoint(const std::filesystem::path& folder, const MonitorOptions& options) {
  if (const auto valid = options.check(); !valid) throw Error(valid.why());
  const std::filesystem::path path = checkpoint_file(folder);
  const std::string text = read_text(path);
  const bool is_sealed = text.size() > seal_bytes && text.starts_with(seal_begin);
  if (is_sealed) expect_whole(path, text);
  Json json = parse_json(text);
  // Comparing, not converting: of another type they are not equal.
  const auto holds = [&](const char* name, const Json& value) {
    return json.is_object() && json.contains(name) && json[name] == value;
  };
  if (!holds("format", checkpoint_format)) {
    refuse(path, "expected a checkpoint of a monitor, got another file or a part of one");
  }
  if (!holds("version", checkpoint_version)) {
    refuse(path, "expected a checkpoint of version " + std::to_string(checkpoint_version) +
                     ", got " + (json.contains("version") ? printed(json["version"]) : "none") +
                     "; resume with the livecca that wrote it, or begin a new run");
  }
  if (!is_sealed) refuse(path, "expected a checksum at its beginning, got none: it was damaged");
  if (!json.contains("rows_size") || !json["rows_size"].is_number_unsigned()) {
    refuse(path, "expected rows_size, the bytes that rows.jsonl had, got none");
  }
  for (const char* part :
       {"taps", "taps_in_run_row", "widths", "history", "events", "probe", "front", "train"}) {
    if (!json.contains(part) || !has_fraction(json[part])) continue;
    refuse(path, std::string("expected whole numbers in ") + part + ", got another number");
  }
  const Json expected = options_to_json(options);
  const Json saved = json.contains("options") ? json["options"] : Json::object();
  for (const auto& [name, value] : expected.items()) {
    if (saved.contains(name) && saved[name] == value) continue;
    refuse(path, "expected option " + name + " = " +
                     (saved.contains(name) ? printed(saved[name]) : "none") +
                     ", which this checkpoint was written with, got " + printed(value) +
                     " in the options of this run");
  }
  return json;
}

Json taps_to_json(const WatchedTaps& taps) {
  Json json = Json::array();
  for (std::size_t i = 0; i < taps.size(); ++i) {
    const WatchedTap& tap = taps.at(i);
    json.push_back({{"network", tap.network},
                    {"layer", tap.layer},
                    {"layout", name_of(tap.reading.layout)},
                    {"samples", name_of(tap.reading.samples)},
                    {"step", tap.reading.step},
                    {"shape", shape_to_json(tap.shape)}});
  }
  return json;
}

std::vector<WatchedTap> taps_from_json(const Json& json) {
  std::vector<WatchedTap> taps;
  for (const Json& tap : json) {
    Reading reading(named<Layout>(tap.at("layout")));
    reading.samples = named<Samples>(tap.at("samples"));
    reading.step = whole_number<std::size_t>(tap.at("step"));
    taps.push_back({tap.at("network").get<std::string>(), tap.at("layer").get<std::string>(),
                    reading, shape_from_json(tap.at("shape"))});
  }
  return taps;
}

Json progress_to_json(const PanelProgress& progress) {
  Json json{{"pairs_left", progress.pairs_left},
            {"block_clock", progress.block_clock},
            {"current_block", progress.current_block},
            {"turns", progress.turns},
            {"images", progress.images},
            {"clock", progress.clock},
            {"steps", progress.steps},
            {"taps", Json::array()}};
  for (const PanelProgress::Tap& tap : progress.taps) {
    json["taps"].push_back({{"shape", shape_to_json(tap.shape)},
                            {"shape_given", tap.shape_given},
                            {"shape_of_rows", tap.shape_of_rows},
                            {"left", tap.left},
                            {"fed", tap.fed}});
  }
  return json;
}

PanelProgress progress_from_json(const Json& json) {
  PanelProgress progress;
  progress.pairs_left = json.at("pairs_left").get<std::vector<bool>>();
  progress.block_clock = json.at("block_clock").get<std::vector<std::uint64_t>>();
  progress.current_block = whole_number<std::uint64_t>(json.at("current_block"));
  progress.turns = whole_number<std::uint64_t>(json.at("turns"));
  progress.images = whole_number<std::uint64_t>(json.at("images"));
  progress.clock = whole_number<std::uint64_t>(json.at("clock"));
  progress.steps = whole_number<std::uint64_t>(json.at("steps"));
  for (const Json& tap : json.at("taps")) {
    progress.taps.push_back({.shape = shape_from_json(tap.at("shape")),
                             .shape_given = tap.at("shape_given").get<bool>(),
                             .shape_of_rows = tap.at("shape_of_rows").get<bool>(),
                             .left = tap.at("left").get<bool>(),
                             .fed = tap.at("fed").get<bool>()});
  }
  return progress;
}

Json events_to_json(const std::vector<CountedEvent>& events) {
  Json json = Json::array();
  for (const auto& [event, written, reasons] : events) {
    json.push_back(
        {event.epoch, event.what, event.subject, event.message, event.count, written, reasons});
  }
  return json;
}

std::vector<CountedEvent> events_from_json(const Json& json) {
  std::vector<CountedEvent> events;
  for (const Json& event : json) {
    // A checkpoint of an earlier build does not know the reasons.
    const Json reasons = event.size() > 6 ? event.at(6) : Json::array();
    events.push_back({{whole_number<std::int64_t>(event.at(0)), event.at(1).get<std::string>(),
                       event.at(2).get<std::string>(), event.at(3).get<std::string>(),
                       whole_number<std::uint64_t>(event.at(4))},
                      whole_number<std::uint64_t>(event.at(5)),
                      reasons.get<std::vector<std::string>>()});
  }
  return events;
}

Json rows_to_json(const std::vector<MeasureRow>& rows) {
  Json json = Json::array();
  for (const MeasureRow& row : rows) json.push_back(Json::parse(to_json(row, "", 0)));
  return json;
}

std::vector<MeasureRow> rows_from_json(const Json& json) {
  std::vector<MeasureRow> rows;
  for (const Json& from : json) {
    auto line = row_from_json(from.dump());
    if (!line) throw std::runtime_error(line.why());
    rows.push_back(std::get<MeasureRow>(std::move(line->row)));
    // The reader forgives fields that older versions did not write; a checkpoint has them all.
    if (Json::parse(to_json(rows.back(), "", 0)) != from) {
      throw std::runtime_error("expected all fields of a row, got " + printed(from));
    }
  }
  return rows;
}

}  // namespace livecca
