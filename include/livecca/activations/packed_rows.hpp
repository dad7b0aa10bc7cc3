#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/layout.hpp"
#include "livecca/activations/shifted_mean.hpp"
#include "livecca/common/export.hpp"

namespace livecca {

/// The samples × features rows of one tap in one step, as float64, packed so that a sample's
/// features lie together. Rows pair by index with those of another tap of equal images and grid.
///
/// Two states: after pack() the rows are the activations; after center() they are what the mask
/// kept, less their own mean, ready for an accumulator. Memory is reused from step to step:
/// rows × features × 8 bytes.
///
/// Thread safety: none; one object per thread.
class LIVECCA_EXPORT PackedRows {
 public:
  /// Values beyond this magnitude count as non-finite: their squares would overflow float64.
  static constexpr double largest_magnitude = 1e150;

  /// Copies the chosen positions of every image. `first_image` is the place of the view's first
  /// image in its stream: seeded positions depend on it. Returns false and says why if the view
  /// does not fit the layout; the rows are then empty. Throws std::bad_alloc or std::length_error
  /// if the rows do not fit the memory.
  bool pack(const ActivationView& view, Layout layout, const Positions& positions,
            std::uint64_t first_image, std::string& why);

  /// Takes rows that were packed before (a recording): `view` is rows × features, with
  /// rows_per_image consecutive rows an image, taken from a grid of positions.
  bool pack_recorded(const ActivationView& view, std::size_t rows_per_image, Grid grid,
                     std::string& why);

  /// Leaves out the rows whose `keep` is 0, then subtracts the mean of the others. `keep` has one
  /// entry a row. A constant feature becomes exactly 0. Cost: O(rows · features).
  void center(std::span<const std::uint8_t> keep);

  std::size_t images() const { return images_; }
  std::size_t features() const { return features_; }
  std::size_t rows_per_image() const { return rows_per_image_; }
  Grid grid() const { return grid_; }
  /// The element type that the rows were packed from.
  DType source_dtype() const { return source_dtype_; }
  /// Rows held now: images × rows_per_image, and after center() the rows kept.
  std::size_t rows() const { return rows_; }
  /// Images that gave at least one of the rows held now.
  std::size_t effective_rows() const { return effective_rows_; }

  /// Row-major rows() × features().
  std::span<const double> values() const { return {values_.data(), rows_ * features_}; }
  /// One entry a packed row: 1 if all its features are finite. Not changed by center().
  std::span<const std::uint8_t> finite() const { return finite_; }
  /// The mean subtracted by center(); one entry a feature.
  const ShiftedMean& mean() const { return mean_; }

 private:
  void set_shape(const ActivationShape& shape, std::size_t rows_per_image);
  void find_nonfinite();
  void compact(std::span<const std::uint8_t> keep);

  std::size_t images_ = 0;
  std::size_t features_ = 0;
  std::size_t rows_per_image_ = 0;
  std::size_t rows_ = 0;
  std::size_t effective_rows_ = 0;
  Grid grid_;
  DType source_dtype_ = DType::float64;
  std::vector<double> values_;
  std::vector<std::uint8_t> finite_;
  ShiftedMean mean_;
  std::vector<std::size_t> chosen_;
};

}  // namespace livecca
