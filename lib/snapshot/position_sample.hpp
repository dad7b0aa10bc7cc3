#pragma once

#include <Eigen/Core>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "livecca/moments/panel_moments.hpp"

namespace livecca {

struct WhitenedTap;

/// How a measure weighs the directions of a side.
enum class Weighing : std::uint8_t {
  alike,     ///< whitened: CCA
  leading,   ///< whitened, and only those that SVCCA keeps
  variance,  ///< as they are: CKA
  partly     ///< partly whitened
};
inline constexpr std::size_t weighing_count = 4;

/// What the rows of up to 256 images, 16 of each, say about the positions of a tap. Everything is
/// there for each weighing, and for two halves of the images.
struct PositionSample {
  struct Half {
    Eigen::VectorXd counts;                               ///< of rows, by cell
    std::array<Eigen::MatrixXd, weighing_count> means{};  ///< cells × directions
    std::vector<double> pair_counts;  ///< of two rows of an image, by entry_of()
    /// The mean product of two rows of an image, less that of their cells' means. In units of the
    /// mean square of all rows.
    std::array<std::vector<double>, weighing_count> common{};
    std::array<Eigen::VectorXd, weighing_count> squares{};  ///< of rows, by cell, in these units
  };

  Grid grid;
  std::uint64_t images = 0;       ///< of the window
  std::uint64_t images_read = 0;  ///< of them
  double rows_per_image = 1;
  /// How many other rows its image has, in the mean over rows.
  double others_of_row = 0;
  std::array<Half, 2> halves{};
  /// mᵀ S m' of any two of both halves' means, one half's cells after the other's, with S the
  /// covariance of rows about their positions' means. Of Weighing::variance in units of tr S². Not
  /// of Weighing::partly.
  std::array<Eigen::MatrixXd, weighing_count> spread{};
};

/// Whether there is something to sample: an image gives several rows, which can be read again.
bool has_positions(const TapMoments& tap);

/// Null if there are none, or if what is read is not as it should be.
/// Cost: reading 256 images, and products of 4,096 of their rows with 64 directions and of 128
/// means with the covariance.
std::shared_ptr<const PositionSample> sample_positions(const TapMoments& tap,
                                                       const WhitenedTap& whitened);

}  // namespace livecca
