#pragma once

#include <memory>
#include <string>

#include "compare/compare_options.hpp"
#include "inputs/activation_tensor.hpp"
#include "inputs/held_mask.hpp"
#include "livecca/activations/reading.hpp"
#include "livecca/moments/panel_moments.hpp"

namespace livecca::tool {

/// A file that feeds one tap of a panel, or as a Fourier layer one a frequency.
struct FileTap {
  TapName name;
  std::shared_ptr<ActivationTensor> tensor;
  Reading reading;
  bool fourier = false;
  ActivationShape shape;                 ///< images and grid of recorded rows, not their number
  std::shared_ptr<const HeldMask> mask;  ///< null: every step is valid

  bool is_recorded() const { return tensor->recorded().has_value(); }
  /// Images first … first + count − 1. Valid until the tensor is read again or released.
  ActivationView images(std::size_t first, std::size_t count) const;
  /// Elements of one image in memory: all positions are read, whichever are chosen.
  std::size_t values_of_image() const;
  /// Features that its moments have, or would have if none were cut.
  std::size_t features() const { return reading.features(shape.features, shape.grid); }
};

/// What the axes mean is as the options say; but recorded rows and, where layers have names,
/// tensors of 2 axes are samples × features whatever the images' layout. Throws InputError where
/// the tensor does not fit it.
FileTap tap_of(TapName name, std::shared_ptr<ActivationTensor> tensor, bool is_named,
               const CompareOptions& options);

/// A tap for each step of a tap of sequences, called name@0, name@1, …
std::vector<FileTap> taps_of_steps(const FileTap& tap);

/// How many rows an image gives.
std::size_t rows_of_image(const FileTap& tap, const CompareOptions& options);

}  // namespace livecca::tool
