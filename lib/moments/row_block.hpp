#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "livecca/activations/packed_rows.hpp"
#include "livecca/moments/precision.hpp"
#include "moments/products/rows_to_read.hpp"
#include "moments/products/tile_product.hpp"

namespace livecca {

/// A tap's rows of one step, a block at a time, centred and weighted as the products read them. A
/// block is packed once and read by every product that the tap takes part in. If the rows' mean is
/// not known yet, reading the first block finds it.
class RowBlock {
 public:
  /// Rows in a block: two slices of a product.
  static constexpr std::size_t most_rows = 256;

  /// `rows` were centred, and must stay until the step ends.
  void bind(const PackedRows& rows, Precision precision);
  /// The same with rows whose mean is not known yet; see PackedRows::keep().
  void bind_without_mean(PackedRows& rows, Precision precision);
  std::size_t block_count() const { return (rows_->rows() + most_rows - 1) / most_rows; }
  /// Asks for values() of this step, too.
  void need_values() { needs_values_ = true; }
  bool needs_values() const { return needs_values_; }
  /// Of finding the mean, and how large the values are, before the first block is read: values()
  /// need it then. Parts may run side by side.
  std::size_t mean_parts() const;
  void find_mean(std::size_t part);
  /// Goes on to block number `block`, whose rows are read next; beyond the last one it has none.
  void go_to(std::size_t block);
  /// Reading is cut into parts that may run side by side.
  std::size_t parts() const;
  void read(std::size_t part);
  /// For any number of rows.
  std::size_t most_parts() const;

  const PackedRows& rows() const { return *rows_; }
  Precision precision() const { return precision_; }
  /// Rows of the loaded block.
  std::size_t count() const { return count_; }
  /// Row-major count() × features, if they were asked for.
  std::span<const double> values() const { return values_; }
  /// One of panel_count() panels. Two taps with equally many features have the same layout. Only
  /// with Precision::exact.
  std::span<const double> panel(std::size_t number) const;
  std::size_t panel_count() const;
  /// The features from `first` on, which begins a panel or a tile.
  TileOperand<double> exact(std::size_t first) const;
  /// The same in float32, divided by powers of two, one a feature: values lie in [−1, 1] then, so
  /// that no scale of the neurons is too large or too small. Only with Precision::fast.
  TileOperand<float> fast(std::size_t first) const;

  /// Bytes of memory that taps of this width take.
  static std::size_t bytes(std::size_t features, Precision precision, bool needs_values);

 private:
  static constexpr std::size_t rows_of_part = 64;

  struct Features {
    std::size_t begin;
    std::size_t end;
  };

  Features features_of(std::size_t part) const;
  std::size_t panel_parts() const;
  std::size_t value_parts() const { return (count_ + rows_of_part - 1) / rows_of_part; }
  void pack(Features features);
  RowsToRead rows_to_read(std::size_t first, std::size_t count) const;
  void set_scale(Features features);

  const PackedRows* rows_ = nullptr;
  PackedRows* without_mean_ = nullptr;  ///< the same, if their mean is to be found
  bool needs_means_ = false;            ///< in the first block
  Precision precision_ = Precision::exact;
  std::size_t first_row_ = 0;
  std::size_t count_ = 0;
  bool needs_values_ = false;
  std::vector<double> values_;
  std::vector<double> panels_;
  std::vector<float> fast_panels_;
  std::vector<double> largest_;  ///< of each feature, centred and weighted
  std::vector<double> known_;    ///< where a mean that was known before is written to
  std::vector<double> scale_;
  std::vector<double> inverse_scale_;
};

}  // namespace livecca
