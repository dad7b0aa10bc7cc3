#pragma once

#include <cstddef>
#include <vector>

#include "livecca/moments/panel.hpp"

namespace livecca_bench {

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
