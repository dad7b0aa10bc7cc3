#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "livecca/sinks/row.hpp"
#include "sinks/conditions.hpp"
#include "sinks/tensorboard/picture/png_image.hpp"

namespace livecca {

/// What a heatmap shows.
struct HeatmapTitle {
  std::string run;
  Stream stream = Stream::probe;
  std::string measure;  ///< with its direction
  Direction direction = Direction::similarity;
  std::string reference;

  bool is_similarity() const { return direction == Direction::similarity; }
};

/// What verdicts say of a layer, as far as a picture shows it.
struct LayerMark {
  bool is_settled = false;
  bool has_alarm = false;

  bool operator==(const LayerMark&) const = default;
};

/// One measure of every layer at every snapshot. Memory is bounded: where there are more than 120
/// snapshots, neighbouring columns are merged into their means.
class Heatmap {
 public:
  /// The mean of the numbers that a layer had in a column's snapshots; empty where there was none.
  /// Of numbers that are not alike (see conditions.hpp) a mean would be of nothing, so it begins
  /// anew with the later ones.
  struct Cell {
    std::optional<double> value() const { return mean(sum, values); }
    std::optional<double> floor() const { return mean(floor_sum, floors); }
    void add(const Cell& later);

    std::optional<Conditions> conditions;  ///< of the first number in the mean
    double sum = 0;
    unsigned values = 0;
    double floor_sum = 0;
    unsigned floors = 0;
    LayerMark mark;  ///< settled at the column's last snapshot; an alarm at any of them

   private:
    static std::optional<double> mean(double sum, unsigned count) {
      return count == 0 ? std::nullopt : std::optional(sum / count);
    }
  };
  struct Column {
    std::int64_t epoch = 0;  ///< of its first snapshot
    std::int64_t last_epoch = 0;
    std::vector<Cell> cells;  ///< in the order of layers()
  };

  /// Begins a snapshot.
  void begin(std::int64_t epoch);
  /// A row of the snapshot. Of a layer's rows with several reference layers that of its own name
  /// counts, or else the first.
  void add(const MeasureRow& row);
  /// What is said of a layer at this snapshot. Layers that have no row so far are left out.
  void mark(const std::string& layer, LayerMark mark);

  /// In the order in which they came.
  const std::vector<std::string>& layers() const { return layers_; }
  const std::vector<Column>& columns() const { return columns_; }
  std::uint64_t snapshots_a_column() const { return snapshots_a_column_; }
  /// Whether the last snapshot filled its column: only then is the picture another one.
  bool is_column_full() const { return snapshots_in_last_ == snapshots_a_column_; }

 private:
  void merge_columns();

  std::vector<std::string> layers_;
  std::map<std::string, std::size_t> places_;  // of layers
  std::vector<Column> columns_;
  std::vector<std::string> partners_;  // of the snapshot's layers; empty: none so far
  std::vector<Cell> before_;           // the last column without the snapshot
  std::uint64_t snapshots_a_column_ = 1;
  std::uint64_t snapshots_in_last_ = 1;
};

/// Layers downwards in the order of `layers`, then those that it lacks; time to the right. A line
/// runs through the cells of a layer while it is settled, and below them while it has an alarm.
PngImage draw(const Heatmap& heatmap, const HeatmapTitle& title,
              const std::vector<std::string>& layers);

}  // namespace livecca
