#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/layout.hpp"
#include "livecca/activations/sample_weights.hpp"
#include "livecca/activations/shifted_mean.hpp"
#include "livecca/common/export.hpp"

namespace livecca {

/// The samples × features rows of one tap in one step, packed so that a sample's features lie
/// together, in their own element type: half precision takes half the memory and is converted a
/// block at a time, where it is used. Rows pair by index with those of another tap of equal images
/// and grid.
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

  /// Copies the chosen positions of every image, and of each the chosen features (ascending
  /// indices; none named: all). `first_image` is the place of the view's first image in its stream:
  /// seeded positions depend on it. Returns false and says why if the view does not fit the layout;
  /// the rows are then empty. Throws std::bad_alloc or std::length_error if the rows do not fit the
  /// memory.
  bool pack(const ActivationView& view, Layout layout, const Positions& positions,
            std::uint64_t first_image, std::string& why,
            std::span<const std::size_t> features = {});

  /// Takes rows that were packed before (a recording): `view` is rows × features, with
  /// rows_per_image consecutive rows an image, taken from a grid of positions.
  bool pack_recorded(const ActivationView& view, std::size_t rows_per_image, Grid grid,
                     std::string& why);

  /// Holds no rows.
  void clear() { set_shape({}, 1, dtype_); }

  /// Leaves out the rows whose `keep` is 0 (one entry a row) and finds the weighted mean of the
  /// others. `image_weights` has one entry an image, 0 or more; none: all weigh 1. Rows that weigh
  /// 0 are counted in weights() and then left out too. Cost: O(rows · features).
  void center(std::span<const std::uint8_t> keep, std::span<const double> image_weights = {});

  std::size_t images() const { return images_; }
  std::size_t features() const { return features_; }
  /// The features that the tap has, before any were chosen.
  std::size_t features_of_tap() const { return features_of_tap_; }
  std::size_t rows_per_image() const { return rows_per_image_; }
  Grid grid() const { return grid_; }
  DType dtype() const { return dtype_; }
  /// Rows held now: images × rows_per_image, and after center() the rows kept that weigh anything.
  std::size_t rows() const { return rows_; }
  /// One entry a packed row: 1 if all its features are finite. Not changed by center().
  std::span<const std::uint8_t> finite() const { return finite_; }
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
  void set_shape(const ActivationShape& shape, std::size_t rows_per_image, DType dtype);
  void compact(std::span<const std::uint8_t> keep, std::span<const double> image_weights);
  void find_mean();

  std::size_t images_ = 0;
  std::size_t features_ = 0;
  std::size_t features_of_tap_ = 0;
  std::size_t rows_per_image_ = 0;
  std::size_t rows_ = 0;
  Grid grid_;
  DType dtype_ = DType::float64;
  std::vector<std::byte> elements_;
  std::vector<std::uint8_t> finite_;
  std::vector<double> root_weights_;
  SampleWeights weights_;
  ShiftedMean mean_;
  std::vector<std::size_t> chosen_;
};

}  // namespace livecca
