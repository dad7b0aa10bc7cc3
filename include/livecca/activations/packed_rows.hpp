#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/layout.hpp"
#include "livecca/activations/reading.hpp"
#include "livecca/activations/sample_weights.hpp"
#include "livecca/activations/sequence_mask.hpp"
#include "livecca/activations/shifted_mean.hpp"
#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

/// The samples × features rows of one tap in one step, packed so that a sample's features lie
/// together, in their own element type: half precision takes half the memory and is converted a
/// block at a time, where it is used. Only pooled rows, which are computed, are float64. Rows pair
/// by index with those of another tap, see pairs_with().
///
/// A mask leaves rows out in one of two ways. Of a reading of positions the masked steps give no
/// rows at all, so that sequences have rows of different number. Of a reading with one row an image
/// the row is there, zeros that are not valid(): it must not be kept.
///
/// Two states: after pack() the rows are the activations; after center() they are what the mask
/// kept, with weights and a mean, ready for an accumulator. Memory is reused from step to step:
/// rows × features × the element's bytes.
///
/// Thread safety: none; const members may be called from many threads.
class LIVECCA_EXPORT PackedRows {
 public:
  /// Values beyond this magnitude count as non-finite: their squares would overflow float64.
  static constexpr double largest_magnitude = 1e150;

  /// Takes every image's rows as the reading says, and of each the chosen features (ascending
  /// indices; none named: all). `positions` chooses among the positions, or the valid steps, of a
  /// reading of positions; `first_image` is the place of the view's first image in its stream:
  /// seeded positions depend on it. Where `mask` leaves a step out, its values are not looked at.
  /// Flattened sequences are valid only whole. Fails if the reading, the view and the mask do not
  /// fit each other; the rows are then empty. Throws std::bad_alloc or std::length_error if the
  /// rows do not fit the memory.
  Result<void> pack(const ActivationView& view, const Reading& reading, const Positions& positions,
                    std::uint64_t first_image, std::span<const std::size_t> features = {},
                    const SequenceMask& mask = {});

  /// Takes rows that were packed before (a recording): `view` is rows × features, with
  /// rows_per_image consecutive rows an image, taken from a grid of positions. `valid` has one
  /// entry a row, see valid(); none: all are. Fails if these do not fit each other; the rows are
  /// then empty.
  Result<void> pack_recorded(const ActivationView& view, std::size_t rows_per_image, Grid grid,
                             std::span<const std::uint8_t> valid = {});

  /// Holds no rows.
  void clear() { set_shape({}, 1, dtype_); }

  /// Whether rows pair by index with the other's: as many images, over the same positions, and of
  /// sequences the same steps. Not changed by center(). Cost: constant; O(steps) behind a mask.
  bool pairs_with(const PackedRows& other) const;

  /// Leaves out the rows whose `keep` is 0 (one entry a row) or that are not valid, and finds the
  /// weighted mean of the others. `image_weights` has one entry an image, 0 or more; none: all
  /// weigh
  /// 1. Rows that weigh 0 are counted in weights() and then left out too. Cost: O(rows · features).
  void center(std::span<const std::uint8_t> keep, std::span<const double> image_weights = {});

  std::size_t images() const { return images_; }
  std::size_t features() const { return features_; }
  /// The features that the tap has, before any were chosen.
  std::size_t features_of_tap() const { return features_of_tap_; }
  /// The most that an image gives: behind a mask a sequence may give fewer.
  std::size_t rows_per_image() const { return rows_per_image_; }
  /// Whether every image gives as many rows.
  bool is_even() const { return first_rows_.empty(); }
  /// The first packed row of an image, not changed by center(); of images() the number of them all.
  std::size_t first_row(std::size_t image) const {
    return is_even() ? image * rows_per_image_ : first_rows_[image];
  }
  /// The most rows that this many images give under any mask: what to keep memory for.
  std::size_t most_rows() const { return most_rows_; }
  /// Of sequences whose steps are the rows, as wide as the longest of them has valid steps.
  Grid grid() const { return grid_; }
  DType dtype() const { return dtype_; }
  /// What rounding may have changed the values by, see ActivationView::roundoff(); of means over
  /// positions less, as it averages out.
  double roundoff() const { return roundoff_; }
  /// Rows held now: images × rows_per_image, and after center() the rows kept that weigh anything.
  std::size_t rows() const { return rows_; }
  /// One entry a packed row: 1 if all its features are finite. Not changed by center().
  std::span<const std::uint8_t> finite() const { return finite_; }
  /// Of readings with one row a sequence, and recordings of them, one entry a packed row: 0 if a
  /// mask leaves it out or the sequence has no such step. Of others empty: all rows are valid. Not
  /// changed by center().
  std::span<const std::uint8_t> valid() const { return valid_; }
  /// Bytes of memory held, for this step or for later ones.
  std::size_t bytes() const;

  /// Rows first … first + count − 1 as they are, row-major count × features.
  void read(std::size_t first, std::size_t count, std::span<double> into) const;
  void read(std::size_t first, std::size_t count, std::span<float> into) const;

  // After center():

  const SampleWeights& weights() const { return weights_; }
  /// The weighted mean of the rows kept; one entry a feature.
  const ShiftedMean& mean() const { return mean_; }
  /// The same rows as read(), less mean() and times √w: products of these are weighted sums. A
  /// constant feature is exactly 0.
  void read_centered(std::size_t first, std::size_t count, std::span<double> into) const;
  /// √w of the same rows.
  std::span<const double> root_weights() const { return {root_weights_.data(), rows_}; }

 private:
  struct Source;

  void set_shape(const ActivationShape& shape, std::size_t rows_per_image, DType dtype);
  void pack_positions(const Source& source, const Positions& positions, std::uint64_t first_image,
                      const SequenceMask& mask);
  void take_steps(const Source& source, const Positions& positions, const SequenceMask& mask);
  void choose_rows(std::size_t image, const Positions& positions, std::uint64_t first_image);
  void pack_images(const Source& source, const Reading& reading, const SequenceMask& mask);
  void pool(const Source& source, std::size_t image, const SequenceMask& mask);
  void flatten(const Source& source, std::size_t image);
  void copy_position(const Source& source, std::size_t image, std::size_t position,
                     std::size_t row);
  void compact(std::span<const std::uint8_t> keep, std::span<const double> image_weights);
  void find_mean();

  std::size_t images_ = 0;
  std::size_t features_ = 0;
  std::size_t features_of_tap_ = 0;
  std::size_t rows_per_image_ = 0;
  std::size_t rows_ = 0;
  std::size_t most_rows_ = 0;
  Grid grid_;
  DType dtype_ = DType::float64;
  double roundoff_ = 0;
  std::vector<std::byte> elements_;
  std::vector<std::uint8_t> finite_;
  std::vector<std::uint8_t> valid_;
  // Of sequences of which a mask leaves steps out; empty otherwise.
  std::vector<std::size_t> first_rows_;  ///< images + 1
  std::vector<std::uint8_t> steps_;      ///< images × grid width: which steps are valid
  std::vector<double> root_weights_;
  SampleWeights weights_;
  ShiftedMean mean_;
  std::vector<std::size_t> chosen_;
  std::vector<double> sums_;
};

}  // namespace livecca
