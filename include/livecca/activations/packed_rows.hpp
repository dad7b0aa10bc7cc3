#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/gathered_rows.hpp"
#include "livecca/activations/layout.hpp"
#include "livecca/activations/reading.hpp"
#include "livecca/activations/sample_weights.hpp"
#include "livecca/activations/sequence_mask.hpp"
#include "livecca/activations/shifted_mean.hpp"
#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

/// What the rows of one image in several taps come to, to find images that come again.
struct ImageHash {
  std::uint64_t value = 0;
  bool has_rows = false;
  bool has_fractions = false;  ///< some number is not whole
};

/// The rows (samples × features) of one tap in one step. The features of a sample lie together.
/// Elements keep their type and are converted to float64 one block at a time, so half precision
/// takes half the memory of float32. Pooled rows are computed, so only they are stored as float64.
/// Rows of two taps pair by index; see pairs_with().
///
/// A mask leaves rows out in one of two ways. If every position is a sample, a masked step gives no
/// row. So sequences may have different numbers of rows. If an image gives one row, the row is
/// there even if it is masked, but it is zero and not valid(). It must not be kept as a sample.
///
/// There are two states. After pack(), the rows are the activations. After center(), the rows left
/// out are gone, and the others have weights and a mean, ready for an accumulator. Memory: rows ×
/// features × the size of an element. The next step reuses it.
///
/// Thread safety: none; const members may be called from many threads.
class LIVECCA_EXPORT PackedRows {
 public:
  /// Larger magnitudes count as non-finite, because their squares would overflow float64.
  static constexpr double largest_magnitude = 1e150;

  /// Packs the rows of every image as the reading says, with the chosen features only. `features`
  /// are ascending indices; if empty, all features are packed. If every position is a sample,
  /// `positions` chooses among the positions or the valid steps. `first_image` is the number of the
  /// view's first image in its stream; seeded positions depend on it. Values of steps that `mask`
  /// leaves out are not read. A flattened sequence is valid only if all its steps are.
  ///
  /// Fails if the reading, the view and the mask do not fit each other. The rows are then empty.
  /// Throws std::bad_alloc or std::length_error if memory is too small for the rows.
  Result<void> pack(const ActivationView& view, const Reading& reading, const Positions& positions,
                    std::uint64_t first_image, std::span<const std::size_t> features = {},
                    const SequenceMask& mask = {});

  /// Packs rows that were gathered already. They are the rows that pack() would take of the whole
  /// activation, bit for bit. Fails as pack() does, if the rows are not those that it would choose,
  /// or if the reading is pooled, which needs the whole activation. The rows are then empty.
  Result<void> pack_gathered(const GatheredRows& rows, const Reading& reading,
                             const Positions& positions, std::uint64_t first_image,
                             std::span<const std::size_t> features = {},
                             const SequenceMask& mask = {});

  /// Packs rows of a recording. They were already packed when they were recorded. `view` is rows ×
  /// features. Each image has rows_per_image consecutive rows, taken from `grid`. `valid` has one
  /// entry per row, see valid(); if empty, all rows are valid. Fails if these do not fit each
  /// other. The rows are then empty.
  Result<void> pack_recorded(const ActivationView& view, std::size_t rows_per_image, Grid grid,
                             std::span<const std::uint8_t> valid = {});

  /// Whether pack() only copies. Then nobody knows which rows are finite until check_rows() is
  /// called, which another thread may do. Holds for all later calls of pack(). For a caller whose
  /// thread should not wait.
  void check_later(bool later) { checks_later_ = later; }
  /// Finds out which rows are finite, if that was put off. Cost: one pass over the rows.
  void check_rows();

  /// Removes all rows.
  void clear() { set_shape({}, 1, dtype_); }

  /// Whether the rows pair by index with those of `other`: both have the same number of images, the
  /// same positions and, for sequences, the same valid steps. center() does not change the answer.
  /// Cost: constant; O(images · steps) with a mask.
  bool pairs_with(const PackedRows& other) const;

  /// Removes the rows that are not valid or whose `keep` is 0 (one entry per row), and computes the
  /// weighted mean of the others. `image_weights` has one entry per image, 0 or more; if empty, all
  /// weights are 1. Rows of weight 0 are also removed, but they count in weights().samples. Cost:
  /// O(rows · features).
  void center(std::span<const std::uint8_t> keep, std::span<const double> image_weights = {});

  /// The first half of center(): removes rows. The mean is 0 then.
  void keep(std::span<const std::uint8_t> keep, std::span<const double> image_weights = {});
  /// For a caller that computes the mean of the kept rows itself. Several threads may write to it,
  /// each to other features, if nobody reads them meanwhile.
  ShiftedMean& mean_to_set() { return mean_; }

  /// Adds the bytes of the packed rows of images first … last − 1 to their hashes, one entry an
  /// image. To be called before rows are removed. Cost: one pass over the rows.
  void add_to(std::span<ImageHash> hashes, std::size_t first, std::size_t last) const;

  std::size_t images() const { return images_; }
  std::size_t features() const { return features_; }
  /// The number of features of the tap, before some of them were chosen.
  std::size_t features_of_tap() const { return features_of_tap_; }
  /// The most rows that one image gives. With a mask, a sequence may give fewer.
  std::size_t rows_per_image() const { return rows_per_image_; }
  /// Whether every image gives the same number of rows.
  bool is_even() const { return first_rows_.empty(); }
  /// The index of an image's first packed row. first_row(images()) is the number of all packed
  /// rows. center() does not change it.
  std::size_t first_row(std::size_t image) const {
    return is_even() ? image * rows_per_image_ : first_rows_[image];
  }
  /// The most rows that images() images can give, whatever the mask is. Reserve memory for this
  /// number.
  std::size_t most_rows() const { return most_rows_; }
  /// The grid that the rows come from. If the rows are the steps of masked sequences, its width
  /// ends at the last step that is valid in at least one sequence.
  Grid grid() const { return grid_; }
  DType dtype() const { return dtype_; }
  /// The rounding error of the values, see ActivationView::roundoff(). For means over the positions
  /// of an image it is smaller, because errors average out.
  double roundoff() const { return roundoff_; }
  /// The rows held now: all packed rows, or after center() the remaining ones.
  std::size_t rows() const { return rows_; }
  /// One entry per packed row: 1 if all its features are finite. center() does not change it. Rows
  /// that are not valid() count as finite. Before check_rows() all rows count as
  /// finite, if the check was put off.
  std::span<const std::uint8_t> finite() const { return finite_; }
  /// One entry per packed row: 0 if a mask leaves the row out or if the sequence does not have the
  /// step. Empty if all rows are valid. It can have entries only for sequences that give one row
  /// each, and for recordings of them. center() does not change it.
  std::span<const std::uint8_t> valid() const { return valid_; }
  /// If the rows are steps of sequences: the number of the step that each packed row was. Empty for
  /// all other rows, and for recordings. center() does not change it.
  std::span<const std::uint32_t> steps() const { return row_steps_; }
  /// The bytes of memory held, including memory reserved for later steps.
  std::size_t bytes() const;

  /// Copies rows first … first + count − 1, row-major count × features. Throws std::length_error if
  /// `into` is too small.
  void read(std::size_t first, std::size_t count, std::span<double> into) const;
  void read(std::size_t first, std::size_t count, std::span<float> into) const;

  // After center():

  const SampleWeights& weights() const { return weights_; }
  /// The weighted mean of the remaining rows, with one entry per feature.
  const ShiftedMean& mean() const { return mean_; }
  /// The roots of the remaining rows' weights.
  std::span<const double> root_weights() const { return {root_weights_.data(), rows_}; }
  /// The remaining rows, row-major, of the type dtype().
  const std::byte* elements() const { return elements_.data(); }
  /// Like read(), but subtracts mean() and multiplies by √w. Products of these rows are weighted
  /// sums. A constant feature is exactly 0.
  void read_centered(std::size_t first, std::size_t count, std::span<double> into) const;

 private:
  struct Source;

  void find_mean();
  void set_shape(const ActivationShape& shape, std::size_t rows_per_image, DType dtype);
  Result<void> check(const ActivationShape& shape, const Reading& reading,
                     std::span<const std::size_t> features, const SequenceMask& mask);
  Result<void> pack(const Source& source, const Reading& reading, const Positions& positions,
                    std::uint64_t first_image, const SequenceMask& mask);
  bool pack_positions(const Source& source, const Positions& positions, std::uint64_t first_image,
                      const SequenceMask& mask, bool are_steps);
  void take_steps(const Source& source, const Positions& positions, const SequenceMask& mask);
  void choose_rows(std::size_t image, const Positions& positions, std::uint64_t first_image);
  bool pack_images(const Source& source, const Reading& reading, const SequenceMask& mask);
  bool pack_step(const Source& source, std::size_t image, std::size_t step);
  void pool(const Source& source, std::size_t image, const SequenceMask& mask);
  void flatten(const Source& source, std::size_t image);
  void copy_position(const Source& source, std::size_t image, std::size_t position,
                     std::size_t row);
  void copy_images(const Source& source);

  std::size_t images_ = 0;
  std::size_t features_ = 0;
  std::size_t features_of_tap_ = 0;
  std::size_t rows_per_image_ = 0;
  std::size_t rows_ = 0;
  std::size_t most_rows_ = 0;
  Grid grid_;
  DType dtype_ = DType::float64;
  double roundoff_ = 0;
  bool checks_later_ = false;
  bool is_checked_ = true;
  std::vector<std::byte> elements_;
  std::vector<std::uint8_t> finite_;
  std::vector<std::uint8_t> valid_;
  // Only used if a mask leaves steps of sequences out; empty otherwise.
  std::vector<std::size_t> first_rows_;   ///< images + 1
  std::vector<std::uint8_t> steps_;       ///< images × grid width: 1 if the step is valid
  std::vector<std::uint32_t> row_steps_;  ///< of rows that are steps of sequences
  std::vector<double> root_weights_;
  SampleWeights weights_;
  ShiftedMean mean_;
  std::vector<std::size_t> chosen_;
  std::vector<double> sums_;
};

}  // namespace livecca
