#include "runs/run_rows.hpp"

#include <algorithm>

#include "inputs/input_error.hpp"
#include "runs/row_fields.hpp"

namespace livecca::tool {
namespace {

using Json = nlohmann::json;

CurveKey key_of(const Json& row) {
  return {text_field(row, "stream"), text_field(row, "reference"), text_field(row, "layer"),
          text_field(row, "reference_layer"), text_field(row, "measure")};
}

RunRow run_row(const Json& row) {
  RunRow facts;
  facts.network = text_field(row, "network");
  facts.measures = row.value("measures", std::vector<std::string>());
  return facts;
}

LayerRow layer_row(const Json& row) {
  LayerRow layer;
  layer.epoch = epoch_field(row);
  layer.step = count_field(row, "step");
  layer.stream = text_field(row, "stream");
  layer.network = text_field(row, "network");
  layer.layer = text_field(row, "layer");
  layer.features = count_field(row, "features");
  layer.dead = count_field(row, "dead");
  return layer;
}

VerdictRow verdict_row(const Json& row) {
  VerdictRow verdict;
  verdict.epoch = epoch_field(row);
  verdict.step = count_field(row, "step");
  verdict.stream = text_field(row, "stream");
  verdict.layer = text_field(row, "layer");
  verdict.verdict = text_field(row, "verdict");
  verdict.reference = text_field(row, "reference");
  verdict.reference_layer = text_field(row, "reference_layer");
  verdict.measure = text_field(row, "measure");
  if (number_field(row, "since_epoch")) verdict.since_epoch = epoch_field(row, "since_epoch");
  verdict.message = text_field(row, "message");
  return verdict;
}

DriftRow drift_row(const Json& row) {
  DriftRow drift;
  drift.epoch = epoch_field(row);
  drift.step = count_field(row, "step");
  drift.probe = row.at("probe").get<double>();
  drift.train = row.at("train").get<double>();
  return drift;
}

OverheadRow overhead_row(const Json& row) {
  OverheadRow overhead;
  overhead.epoch = epoch_field(row);
  overhead.observe_seconds = number_field(row, "observe_seconds").value_or(0);
  overhead.wait_seconds = number_field(row, "wait_seconds").value_or(0);
  overhead.share = number_field(row, "share");
  overhead.train_steps_dropped = count_field(row, "train_steps_dropped");
  overhead.lines_lost = count_field(row, "lines_lost");
  overhead.resumes = count_field(row, "resumes");
  return overhead;
}

Event event_row(const Json& row) {
  return {epoch_field(row), text_field(row, "what"), text_field(row, "subject"),
          text_field(row, "message"), std::max<std::uint64_t>(1, count_field(row, "count"))};
}

/// The entry of this key, made if there is none.
template <typename Entry, typename Key>
Entry& entry_of(std::vector<Entry>& entries, std::map<Key, std::size_t>& places, const Key& key) {
  const auto [place, is_new] = places.try_emplace(key, entries.size());
  if (is_new) entries.emplace_back();
  return entries[place->second];
}

bool is_about_a_curve(const VerdictRow& verdict) {
  return verdict.verdict == "moving" || verdict.verdict == "settled" ||
         verdict.verdict == "undecided";
}

}  // namespace

/// Takes one row into the whole. Fields are read before anything is changed, so that a row of wrong
/// types leaves no trace.
class RunRows::Reading {
 public:
  explicit Reading(RunRows& rows) : rows_(rows) {}

  void add(const Json& row) {
    const std::string kind = row.at("kind").get<std::string>();
    const std::string run = text_field(row, "run");
    const double wall_time = number_field(row, "wall_time").value_or(0);
    if (kind == "run") rows_.facts = run_row(row);
    if (kind == "measure") add_measure(row);
    if (kind == "layer") add_layer(layer_row(row));
    if (kind == "verdict") add_verdict(verdict_row(row));
    if (kind == "drift") add_drift(row);
    if (kind == "log") add_log(row);
    if (kind == "event") add_event(row);
    rows_.run = run;
    rows_.wall_time = wall_time;
  }

 private:
  void add_measure(const Json& row) {
    const CurveKey key = key_of(row);
    const Point point{epoch_field(row), count_field(row, "step"), number_field(row, "value")};
    const auto floor = number_field(row, "noise_floor");
    const auto error = number_field(row, "standard_error");
    const std::string status = text_field(row, "status");
    Curve& curve = entry_of(rows_.curves, rows_.curve_of_, key);
    curve.key = key;
    curve.points.push_back(point);
    curve.noise_floor = floor;
    curve.standard_error = error;
    curve.status = status;
    rows_.epochs.insert(point.epoch);
  }

  void add_layer(LayerRow layer) {
    rows_.epochs.insert(layer.epoch);
    entry_of(rows_.layers, rows_.layer_of_, {layer.stream, layer.network, layer.layer}) =
        std::move(layer);
  }

  void add_verdict(VerdictRow verdict) {
    const std::pair snapshot(verdict.epoch, verdict.step);
    if (std::exchange(rows_.last_verdicts_[verdict.stream], snapshot) != snapshot) {
      std::erase_if(rows_.alarms,
                    [&](const VerdictRow& alarm) { return alarm.stream == verdict.stream; });
    }
    if (!is_about_a_curve(verdict)) {
      rows_.alarms.push_back(std::move(verdict));
      return;
    }
    const CurveKey key{verdict.stream, verdict.reference, verdict.layer, verdict.reference_layer,
                       verdict.measure};
    rows_.verdicts[key] = std::move(verdict);
  }

  void add_drift(const Json& row) {
    CurveKey key = key_of(row);
    key.stream = "train";
    const DriftRow drift = drift_row(row);
    rows_.drifts[key] = drift;
  }

  void add_log(const Json& row) {
    const std::string name = text_field(row, "name");
    const Point point{epoch_field(row), 0, number_field(row, "value")};
    LogCurve& log = entry_of(rows_.logs, rows_.log_of_, name);
    log.name = name;
    log.points.push_back(point);
    rows_.epochs.insert(point.epoch);
  }

  void add_event(const Json& row) {
    if (text_field(row, "what") == "overhead") {
      rows_.overhead = overhead_row(row);
      rows_.train_steps_dropped += rows_.overhead->train_steps_dropped;
      return;
    }
    Event event = event_row(row);
    if (event.what == "finished") rows_.finished = true;
    if (event.what == "resumed") rows_.finished = false;
    entry_of(rows_.events, rows_.event_of_, {event.what, event.subject}) = std::move(event);
  }

  RunRows& rows_;
};

void RunRows::add(std::string_view line) {
  ++lines;
  // The longest lines, and nothing of them is kept. Rows begin this way (see to_json()).
  if (line.starts_with(R"({"schema":1,"kind":"spectrum")")) return;
  try {
    if (const auto row = parse_row(line)) return Reading(*this).add(*row);
  } catch (const Json::exception&) {
    // A field of another type: counted below.
  }
  if (foreign_lines++ == 0) first_foreign_line = lines;
}

RunReader::RunReader(const std::filesystem::path& run) : file_(run) {
  update();
  if (rows_.lines > rows_.foreign_lines) return;
  const std::string got =
      rows_.lines == 0 ? "no whole line" : "none in " + std::to_string(rows_.lines) + " lines";
  throw InputError(file_.path().string() + ": expected rows of a run, got " + got);
}

bool RunReader::update() {
  return file_.read([this](std::string_view line) { rows_.add(line); },
                    [this] { rows_ = RunRows(); });
}

}  // namespace livecca::tool
