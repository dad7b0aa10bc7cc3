#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "compare/compare_options.hpp"
#include "compare/file_tap.hpp"
#include "livecca/common/executor.hpp"
#include "livecca/moments/panel_moments.hpp"

namespace livecca::tool {

/// What goes through one panel: files of the same images, and which are compared with which.
struct PanelInput {
  std::vector<FileTap> taps;
  std::vector<std::array<std::size_t, 2>> pairs;  ///< x and y
};

/// Checks that all taps see the same images. Throws InputError.
void expect_same_images(const PanelInput& input);

/// Checks that all taps whose samples are positions see the same ones, so that every pair has a
/// number. Throws InputError.
void expect_same_positions(const PanelInput& input, const CompareOptions& options);

/// The system would kill a process that asks for more memory than there is: better to say so first.
/// `kept` is what is held beside this panel. Returns the bytes of its moments. Throws InputError.
double expect_memory(const PanelInput& input, const CompareOptions& options, double kept);

/// Checks that there are images enough for the standard errors. Throws InputError.
void expect_images_for_blocks(const PanelInput& input, const CompareOptions& options);

/// Streams the files through a panel. Memory: the moments and one batch; pages of the files are
/// given back as it goes. The input was checked before.
PanelMoments gather(const PanelInput& input, const CompareOptions& options, Executor& executor);

}  // namespace livecca::tool
