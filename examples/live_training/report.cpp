#include "report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "text_table.hpp"

namespace live_training {
namespace {

using livecca::MeasureRow;
using livecca::SnapshotReport;

constexpr std::size_t bar_cells = 30;
constexpr std::string_view erase_line = "\r\033[K";

std::string repeated(std::string_view text, std::size_t count) {
  std::string result;
  for (std::size_t i = 0; i < count; ++i) result += text;
  return result;
}

std::string heading(const EpochFacts& facts) {
  const std::string accuracy = "test accuracy " + percent(facts.test_accuracy);
  if (!facts.loss) return "Before training: " + accuracy;
  return "After epoch " + std::to_string(facts.epoch) + " of " + std::to_string(facts.epochs) +
         ": loss " + decimals(*facts.loss, 3) + ", " + accuracy;
}

std::string value_cell(const MeasureRow* row, MarkedCells& cells) {
  if (row == nullptr) return cells.absent();
  return cells.cell(row->value, row->status,
                    livecca::is_like_unrelated(row->direction, row->value, row->noise_floor));
}

/// The floor is on the row's own scale, a distance; people know it as a mean correlation.
std::string floor_cell(const MeasureRow* row) {
  if (row == nullptr || !row->noise_floor) return "–";
  return decimals(1.0 - *row->noise_floor, 3);
}

std::string ranks_cell(const MeasureRow* row) {
  if (row == nullptr) return "–";
  return std::to_string(row->ranks[0]) + ", " + std::to_string(row->ranks[1]);
}

/// By layer, how far the train stream's distance to the reference is from the probe's.
std::map<std::string, std::string> drifts_of(const SnapshotReport& report,
                                             const std::string& reference, MarkedCells& marks) {
  std::map<std::string, std::string> cells;
  for (const livecca::DriftRow& row : report.drifts) {
    if (row.reference != reference || row.reference_layer != row.layer) continue;
    if (row.measure != "pwcca_distance") continue;
    // Minibatches are few: often that alone explains it.
    const MeasureRow* train = report.find({.layer = row.layer,
                                           .reference = reference,
                                           .measure = "pwcca_distance",
                                           .stream = livecca::Stream::train});
    const livecca::Status status = train == nullptr ? livecca::Status::ok : train->status;
    cells[row.layer] = (row.drift() < 0 ? "−" : "+") + marks.cell(std::abs(row.drift()), status);
  }
  return cells;
}

/// By layer, what it does; empty while that is undecided of all.
std::map<std::string, std::string> verdicts_of(const SnapshotReport& report) {
  std::map<std::string, std::string> cells;
  bool is_any_decided = false;
  for (const livecca::VerdictRow& row : report.verdicts) {
    if (livecca::is_alarm(row)) continue;
    is_any_decided |= row.verdict != "undecided";
    cells[row.layer] = row.verdict;
    if (row.since_epoch) cells[row.layer] += " since " + std::to_string(*row.since_epoch);
  }
  if (!is_any_decided) cells.clear();
  return cells;
}

std::string cell_of(const std::map<std::string, std::string>& cells, const std::string& layer) {
  const auto found = cells.find(layer);
  return found == cells.end() ? "–" : found->second;
}

void add_column(std::vector<std::string>& titles, std::vector<std::string>& header,
                const std::map<std::string, std::string>& cells, const char* name) {
  if (cells.empty()) return;
  titles.emplace_back("");
  header.emplace_back(name);
}

/// The first of them is the one that floors, drifts and verdicts are about.
std::string first_reference(const EpochFacts& facts) {
  return facts.references.empty() ? livecca::start_reference : facts.references.front();
}

/// By layer, what only some tables have.
struct EpochColumns {
  EpochColumns(const EpochFacts& facts, const SnapshotReport& report, MarkedCells& cells)
      : drifts(drifts_of(report, first_reference(facts), cells)), verdicts(verdicts_of(report)) {}

  std::map<std::string, std::string> drifts;
  std::map<std::string, std::string> verdicts;
};

std::vector<std::string> row_of(const std::string& layer, const EpochColumns& columns,
                                const EpochFacts& facts, const SnapshotReport& report,
                                MarkedCells& cells) {
  std::vector<std::string> row = {layer};
  for (const std::string& reference : facts.references) {
    row.push_back(value_cell(report.find({layer, reference, "pwcca_distance"}), cells));
  }
  const MeasureRow* mean = report.find({layer, first_reference(facts), "mean_cca_distance"});
  row.insert(
      row.end(),
      {value_cell(report.find({layer, livecca::start_reference, "pwcca_distance"}), cells),
       floor_cell(mean), mean == nullptr ? "–" : std::to_string(mean->samples), ranks_cell(mean)});
  if (!columns.drifts.empty()) row.push_back(cell_of(columns.drifts, layer));
  if (!columns.verdicts.empty()) row.push_back(cell_of(columns.verdicts, layer));
  return row;
}

/// Why a layer has no distance to its start.
void print_notes(std::ostream& out, const std::vector<std::string>& layers, const EpochFacts& facts,
                 const SnapshotReport& report) {
  const bool all_have_start = std::ranges::all_of(layers, [&](const std::string& layer) {
    return report.find({layer, livecca::start_reference, "pwcca_distance"}) != nullptr;
  });
  if (all_have_start) return;
  out << "  – = no number: "
      << (facts.epoch == 0 ? "this pass recorded the start itself" : "no start was recorded")
      << '\n';
}

/// Layers that are dead, collapsing, exploding, or more like another layer of a reference.
void print_alarms(std::ostream& out, const SnapshotReport& report) {
  for (const livecca::VerdictRow& row : report.verdicts) {
    if (!livecca::is_alarm(row)) continue;
    out << "  alarm: " << row.layer << " (" << livecca::name_of(row.stream) << "): " << row.message
        << '\n';
  }
}

std::vector<Curve> curves_of(const std::vector<std::string>& layers, const SnapshotReport& report) {
  std::vector<Curve> curves;
  for (const std::string& layer : layers) {
    Curve curve{layer, {}, {}};
    for (const MeasureRow& row : report.measures) {
      if (row.layer != layer || row.reference_kind != livecca::ReferenceKind::final ||
          row.measure != "pwcca_distance")
        continue;
      curve.epochs.push_back(row.epoch);
      curve.distances.push_back(row.value);
    }
    curves.push_back(std::move(curve));
  }
  return curves;
}

/// One block per epoch, its height the distance; full height is the largest of all curves.
std::string draw(const Curve& curve, double largest) {
  static constexpr std::array<std::string_view, 9> blocks = {" ", "▁", "▂", "▃", "▄",
                                                             "▅", "▆", "▇", "█"};
  std::string bars;
  for (const std::optional<double>& distance : curve.distances) {
    const double share = std::clamp(distance.value_or(0.0) / largest, 0.0, 1.0);
    const auto eighths = static_cast<std::size_t>(std::lround(8.0 * share));
    bars += distance ? repeated(blocks[std::max<std::size_t>(eighths, 1)], 2) : "··";
    bars += ' ';
  }
  return bars;
}

void print_drawing(std::ostream& out, const std::vector<Curve>& curves) {
  double largest = 0.01;  // rounding errors are no full height
  std::size_t longest = 0;
  for (const Curve& curve : curves) {
    longest = std::max(longest, curve.layer.size());
    for (const auto& distance : curve.distances) largest = std::max(largest, distance.value_or(0));
  }
  for (auto curve = curves.rbegin(); curve != curves.rend(); ++curve) {
    out << "  " << curve->layer << std::string(longest - curve->layer.size() + 2, ' ')
        << draw(*curve, largest) << '\n';
  }
  out << "  " << std::string(longest + 2, ' ')
      << "epoch 0 on the left, the last on the right; full height = " << decimals(largest, 2)
      << "\n\n";
}

void print_numbers(std::ostream& out, const std::vector<Curve>& curves,
                   const SnapshotReport& report) {
  std::vector<std::string> header = {"epoch"};
  std::set<std::int64_t> epochs;
  for (const Curve& curve : curves) {
    header.push_back(curve.layer + "  ");
    epochs.insert(curve.epochs.begin(), curve.epochs.end());
  }
  TextTable table(std::move(header));
  MarkedCells cells;
  for (const std::int64_t epoch : epochs) {
    std::vector<std::string> row = {std::to_string(epoch)};
    for (const Curve& curve : curves) {
      row.push_back(value_cell(report.find({.layer = curve.layer,
                                            .reference = livecca::final_reference,
                                            .measure = "pwcca_distance",
                                            .epoch = epoch}),
                               cells));
    }
    table.add(std::move(row));
  }
  table.print(out);
  cells.print_legend(out);
}

/// Of layers that all settled, those that came close to their final state before some layer below
/// them did.
std::vector<std::string> ahead_of_a_lower_layer(const std::vector<Curve>& curves) {
  std::vector<std::string> layers;
  std::int64_t latest = 0;
  for (const Curve& curve : curves) {
    const std::int64_t epoch = settled(curve).value_or(0);
    if (epoch < latest) layers.push_back(curve.layer);
    latest = std::max(latest, epoch);
  }
  return layers;
}

void print_settling(std::ostream& out, const std::vector<Curve>& curves) {
  out << "\nFirst epoch closer than " << decimals(settled_distance, 2) << " to the final state:";
  std::set<std::int64_t> epochs;
  for (const Curve& curve : curves) {
    const std::optional<std::int64_t> epoch = settled(curve);
    out << "  " << curve.layer << ' ' << (epoch ? std::to_string(*epoch) : "–");
    epochs.insert(epoch.value_or(-1));
  }
  out << '\n';
  if (curves.empty() || epochs.contains(-1)) {
    out << "– = none before the end, or no curve: without it this run shows no order of layers.\n";
    return;
  }
  const std::vector<std::string> ahead = ahead_of_a_lower_layer(curves);
  if (epochs.size() < 2) {
    out << "All layers in the same epoch: this run shows no order.\n";
  } else if (ahead.empty()) {
    out << "No layer got there before one below it: this run converged from the bottom up.\n";
  } else {
    out << "Not strictly from the bottom up in this run. Ahead of a layer below it:";
    for (const std::string& layer : ahead) out << ' ' << layer;
    out << '\n';
  }
}

}  // namespace

ProgressBar::ProgressBar(std::ostream& out, bool is_terminal, std::string label)
    : out_(out),
      is_terminal_(is_terminal),
      label_(std::move(label)),
      begin_(std::chrono::steady_clock::now()) {}

void ProgressBar::update(std::size_t done, std::size_t total, double loss) {
  const auto now = std::chrono::steady_clock::now();
  const bool ended = done == total;
  // Ten times a second is smooth enough and costs nothing.
  if (!ended && (!is_terminal_ || now - last_drawn_ < std::chrono::milliseconds(100))) return;
  last_drawn_ = now;
  const std::size_t filled = bar_cells * done / std::max<std::size_t>(total, 1);
  if (is_terminal_) out_ << erase_line;
  out_ << label_ << " ▕" << repeated("█", filled) << repeated("░", bar_cells - filled) << "▏ loss "
       << decimals(loss, 3) << "  "
       << decimals(std::chrono::duration<double>(now - begin_).count(), 1) << " s";
  if (ended) out_ << '\n';
  out_.flush();
}

void ProgressBar::clear() {
  if (is_terminal_) out_ << erase_line;
  last_drawn_ = {};
}

void print_how_to_read(std::ostream& out) {
  out << "How to read the tables. Each layer is compared over the probe, a fixed set of test "
         "images.\n"
         "A PWCCA distance of 0 means: the same representation, up to an invertible linear map.\n"
         "It weighs directions as the watched network does, so it is not quite symmetric.\n"
         "The floor of mean ρ is the mean correlation that layers with nothing in common would "
         "show\n"
         "with this many images: a distance near 1 − floor tells nothing from chance.\n"
         "Tables appear when they are solved; training goes on meanwhile.\n";
}

void print_epoch_table(std::ostream& out, const std::vector<std::string>& layers,
                       const EpochFacts& facts, const SnapshotReport& report) {
  out << '\n' << heading(facts) << "\n";
  MarkedCells cells;
  const EpochColumns columns(facts, report, cells);
  std::vector<std::string> titles = {""};
  std::vector<std::string> header = {"layer"};
  for (const std::string& reference : facts.references) {
    titles.emplace_back("PWCCA distance  ");
    header.push_back("to " + reference + "  ");
  }
  titles.insert(titles.end(), {"PWCCA distance  ", "", "", ""});
  header.insert(header.end(), {"to own start  ", "floor of mean ρ", "samples", "ranks"});
  add_column(titles, header, columns.drifts, "in training  ");
  add_column(titles, header, columns.verdicts, "verdict");
  TextTable table(std::move(titles));
  table.add(std::move(header));
  for (const std::string& layer : layers) table.add(row_of(layer, columns, facts, report, cells));
  table.print(out);
  cells.print_legend(out);
  print_notes(out, layers, facts, report);
  if (!columns.drifts.empty()) {
    out << "  in training: by how much minibatches of training show more (+) than the probe\n";
  }
  print_alarms(out, report);
  out << "  probe of " << facts.probe_images << " images: " << decimals(facts.probe_seconds, 2)
      << " s, of which livecca " << decimals(report.observe_seconds, 2) << " s; solved in "
      << decimals(report.solve_seconds, 2) << " s beside training\n";
}

void print_final_curves(std::ostream& out, const std::vector<std::string>& layers,
                        const SnapshotReport& report) {
  const std::vector<Curve> curves = curves_of(layers, report);
  out << "\nFrom the bottom up: PWCCA distance of each epoch to the final state\n\n";
  print_drawing(out, curves);
  print_numbers(out, curves, report);
  print_settling(out, curves);
}

std::optional<std::int64_t> settled(const Curve& curve) {
  for (std::size_t i = 0; i < curve.distances.size(); ++i) {
    const std::optional<double>& distance = curve.distances[i];
    if (distance && *distance < settled_distance) return curve.epochs[i];
  }
  return std::nullopt;
}

}  // namespace live_training
