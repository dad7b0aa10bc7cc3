#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "livecca/moments/panel.hpp"

namespace livecca_bench {

/// Features of the eight layers of a step.
inline constexpr std::array<std::size_t, 8> layer_widths{64, 64, 128, 128, 256, 256, 512, 512};

/// As many as the machine of the table has.
livecca::Executor& two_threads();

/// Row-major rows of so many features.
livecca::ActivationView view_of(const std::vector<float>& rows, std::size_t features);

/// samples × features numbers with a normal distribution; the same for the same seed.
std::vector<float> normal_rows(std::size_t samples, std::size_t features, unsigned seed);

/// Rows that share a part with others, more in some features than in others, and whose features
/// have unequal scales.
std::vector<float> related_rows(const std::vector<float>& others, std::size_t features,
                                unsigned seed);

/// The moments of a pair: x and y of so many features.
livecca::PanelMoments moments_of_pair(std::size_t features, std::size_t samples,
                                      livecca::Executor& executor);

/// Of the first window with the x of another one: the y is the same, and known as such.
livecca::PanelMoments with_other_x(const livecca::PanelMoments& window, std::size_t samples,
                                   livecca::Executor& executor);

/// All pairs of different networks' layers: `networks` networks of `layers` taps each.
livecca::PanelMoments moments_of_networks(std::size_t networks, std::size_t layers,
                                          std::size_t features, std::size_t samples,
                                          livecca::Executor& executor);

/// A square matrix, column by column, with entries of size 1; symmetric and positive if asked for.
std::vector<double> square_matrix(std::size_t size, bool symmetric);

}  // namespace livecca_bench
