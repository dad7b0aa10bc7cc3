#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/files/safetensors.hpp"
#include "livecca/activations/layout.hpp"
#include "livecca/common/result.hpp"
#include "livecca/packs/probe_fingerprint.hpp"
#include "livecca/packs/recorded_pack.hpp"

namespace livecca {

/// Some of a probe's images: `count` of `total`, chosen by a seed.
struct KeptImages {
  std::size_t count = 0;
  std::size_t total = 0;
  std::uint64_t seed = 0;

  /// "500 of 2000 seed 7".
  std::string text() const;
  /// Nothing if it is not what text() writes, or if it keeps none or all.
  static std::optional<KeptImages> parse(std::string_view text);
  /// Ascending. Depends on the three numbers alone.
  std::vector<std::size_t> images() const;
};

/// The tensors that a layer consists of; without a dtype where there is none.
struct LayerTensors {
  struct Tensor {
    std::string name;
    std::string dtype;
    std::uint64_t begin = 0;  ///< counted from where the data begin

    bool is_there() const { return !dtype.empty(); }
  };

  Tensor rows;
  Tensor scale;
  Tensor shift;
  Tensor valid;
  Tensor steps;
};

/// What the header of a pack says. In the metadata of the safetensors file:
///
///     format       "livecca.pack"
///     version      "2"; packs of version 1 have no checksum and no steps
///     checksum     see safetensors_checksum.hpp
///     network, epoch, step, positions_per_image, positions_seed
///     fingerprint  ProbeFingerprint::text(), if it is known
///     mode         "train", if the network ran in training mode; otherwise there is no entry
///     kept         "k of n seed s", if not every image of the probe is there
///     layers       JSON, an object by layer:
///                  {"rows": tensor, "scale": tensor, "shift": tensor, "valid": tensor,
///                   "steps": tensor,
///                   "reading": "nchw", "rows_per_image": 16, "grid": [h, w] or [d, h, w],
///                   "features_of_tap": 64, "feature_seed": 0, "observed": "float32",
///                   "roundoff": 6e-8, "estimated_loss": 1e-7, "place": 0}
///                  The place is among the layers, in the order of watching; older files lack it
///
/// `rows` and `features` of a layer are its tensor's shape, `stored` its type. If there are steps,
/// `rows` is the number of their entries. scale, shift, valid and steps are there only if their
/// tensor is; estimated_loss only beside a scale.
struct PackHeader {
  struct Layer {
    RecordedLayer facts;
    LayerTensors tensors;
    std::uint64_t stored_rows = 0;  ///< in the file: fewer than facts.rows if there are steps
  };

  /// Whether the file has a checksum, or must have one.
  bool has_checksum = true;
  std::string network;
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  Positions positions;
  std::optional<ProbeFingerprint> fingerprint;
  bool is_of_training_mode = false;
  std::optional<KeptImages> kept;
  std::vector<Layer> layers;

  std::uint64_t images() const {
    return layers.empty() ? 0 : layers[0].facts.rows / layers[0].facts.rows_per_image;
  }
};

/// Gives the tensors that are there names: "<layer>", "<layer>/scale", …, with a "+" behind what
/// another tensor is called already.
void name_tensors(std::vector<PackHeader::Layer>& layers);

/// The metadata in the order of above. Fails if names are not UTF-8 or the layers' facts are longer
/// than parse_pack_header() takes.
Result<SafetensorsMetadata> pack_metadata(const PackHeader& header);

/// Takes a checked safetensors header apart. Every tensor belongs to one layer, types and shapes
/// fit each other, and all layers have rows of the same images. A failure reads "expected …, got …"
/// without a path.
Result<PackHeader> parse_pack_header(const SafetensorsHeader& header);

}  // namespace livecca
