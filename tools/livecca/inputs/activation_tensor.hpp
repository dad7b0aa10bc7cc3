#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/image_rows.hpp"
#include "livecca/activations/layout.hpp"
#include "livecca/packs/recorded_pack.hpp"

namespace livecca::tool {

/// Where livecca's own recorded rows come from: some positions of every image, one image's rows
/// together.
struct RecordedPositions {
  std::size_t rows_per_image = 1;
  Grid grid;
};

/// One layer's activations in a file, read in pieces along the first axis: memory holds one piece,
/// however large the file.
///
/// Thread safety: none; one object per thread.
class ActivationTensor {
 public:
  ActivationTensor() = default;
  virtual ~ActivationTensor() = default;
  ActivationTensor(const ActivationTensor&) = delete;
  ActivationTensor& operator=(const ActivationTensor&) = delete;

  /// The file, and the tensor where it has names: what messages begin with.
  virtual const std::string& name() const = 0;
  /// Every extent is 1 or more.
  virtual std::span<const std::int64_t> shape() const = 0;
  /// The element type as it stands in the file, and what else is odd about it.
  virtual std::string element_text() const = 0;
  /// Nothing for what any other program wrote: its first axis counts images.
  virtual std::optional<RecordedPositions> recorded() const { return std::nullopt; }

  /// The pack that it is a layer of, or null.
  virtual const RecordedPack* pack() const { return nullptr; }
  /// Of recorded rows, one entry for each of these: 0 if a mask left it out. Empty: all are valid.
  virtual std::span<const std::uint8_t> valid(std::size_t /*first*/, std::size_t /*count*/) {
    return {};
  }

  /// Of recorded rows, the images one by one.
  virtual ImagesAgain images_again() const { return {}; }

  /// `count` entries of the first axis from `first` on. Valid until the next call of entries() or
  /// release(). Needs 1 to 8 axes.
  virtual ActivationView entries(std::size_t first, std::size_t count) = 0;
  /// Gives the file's pages back to the system.
  virtual void release() const = 0;

  std::size_t rows_per_image() const { return recorded() ? recorded()->rows_per_image : 1; }
  std::size_t images() const { return static_cast<std::size_t>(shape()[0]) / rows_per_image(); }
};

/// "(3, 4)", as Python writes it; at most a few axes, then "...".
std::string shape_text(std::span<const std::int64_t> shape);

}  // namespace livecca::tool
