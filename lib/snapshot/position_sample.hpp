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
  alike,    ///< whitened: CCA
  leading,  ///< whitened, and only those that SVCCA keeps
  variance  ///< as they are: CKA
};
inline constexpr std::size_t weighing_count = 3;

/// What the rows of up to 256 images, 16 of each, say about the positions of a tap. Everything is
/// there for each weighing, and for two halves of the images.
struct PositionSample {
  struct Half {
    Eigen::VectorXd counts;                               ///< of rows, by cell
    std::array<Eigen::MatrixXd, weighing_count> means{};  ///< cells × directions
    std::vector<double> pair_counts;  ///< of two rows of an image, by entry_of()
    /// The mean of z_p · z_q over these, where z are the rows less their cells' means, scaled so
    /// that rows with their cells' means have z_p · z_p = 1 in the mean.
    std::array<std::vector<double>, weighing_count> common{};
  };

  Grid grid;
  std::uint64_t images = 0;       ///< of the window
  std::uint64_t images_read = 0;  ///< of them
  double rows_per_image = 1;
  std::array<Half, 2> halves{};
};

/// Null if an image gives one row, if the rows cannot be read again, or if the tap is complex or
/// was not whitened. Cost: products of 4,096 rows with 64 directions, and reading them.
std::shared_ptr<const PositionSample> sample_positions(const TapMoments& tap,
                                                       const WhitenedTap& whitened);

}  // namespace livecca
