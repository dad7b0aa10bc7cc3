#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/layout.hpp"
#include "livecca/activations/row_source.hpp"
#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"
#include "livecca/packs/probe_fingerprint.hpp"

namespace livecca {

/// One layer of a pack: what its rows are.
struct RecordedLayer {
  std::string name;
  std::string reading;  ///< Reading::text() of the tap that was observed: "nchw", "ntc pooled", …
  std::uint64_t rows = 0;
  std::size_t features = 0;
  /// What the tap had; if it is more than `features`, those are the seeded choice of
  /// choose_features(features_of_tap, features, feature_seed).
  std::size_t features_of_tap = 0;
  std::uint64_t feature_seed = 0;
  std::size_t rows_per_image = 1;
  Grid grid;
  DType stored = DType::float32;    ///< in the file: float16, float32 or float64
  DType observed = DType::float32;  ///< of the activations; float64 of means over positions
  /// What rounding may have changed the values by, see ActivationView::roundoff(): before they were
  /// observed, or by keeping them in half precision.
  double roundoff = 0;
  /// By how much keeping the rows in half precision lowers the mean canonical correlation with
  /// anything, as the writer estimated; 0 if they are kept as they were.
  double estimated_loss = 0;
};

/// A network's activations on a probe, one safetensors file, to compare other networks with. Only
/// reading; any reader of safetensors can, too:
///
///     tensor "<layer>"        samples × features; F16, F32 or F64
///     tensor "<layer>/scale"  features; F32 or F64, beside F16 rows that were scaled:
///     tensor "<layer>/shift"  features; value = row · scale + shift
///     tensor "<layer>/valid"  samples; U8, where a mask left rows out: 0 for those
///
/// The metadata's "layers" names the layers and their tensors, so that no name of a layer can be
/// mistaken for another's scale; how they are laid out stands in lib/packs/pack_header.hpp.
///
/// Rows are decoded a block at a time: memory holds a block and O(features + samples) numbers of
/// the layers, not the activations.
///
/// Thread safety: const members may be called from many threads. A source from rows() is one
/// thread's; it stays good when the pack is gone.
class LIVECCA_EXPORT RecordedPack {
 public:
  /// Never null. Fails with "PATH: expected …, got …" if it is not a whole pack of version 1. Holds
  /// against any file.
  static Result<std::shared_ptr<const RecordedPack>> open(const std::filesystem::path& path);
  ~RecordedPack();
  RecordedPack(const RecordedPack&) = delete;
  RecordedPack& operator=(const RecordedPack&) = delete;

  const std::filesystem::path& path() const;
  const std::string& network() const;
  std::int64_t epoch() const;
  std::uint64_t step() const;
  /// Which positions of an image are its rows.
  const Positions& positions() const;
  /// Of the whole probe, also where only some of its images are kept.
  const std::optional<ProbeFingerprint>& fingerprint() const;
  /// In the order of their rows in the file; at least one.
  const std::vector<RecordedLayer>& layers() const;
  /// Null if there is none of that name.
  const RecordedLayer* find(std::string_view layer) const;
  /// Images that every layer has rows of.
  std::uint64_t images() const;
  /// Which images of the probe these are, ascending; empty: all of them.
  const std::vector<std::size_t>& kept_images() const;

  /// The rows of a layer, each call its own source. Decoded to float32, or to float64 if they were
  /// observed as that; float16 activations stay what they are. What lies in a row that is not
  /// valid() means nothing. Never null. Fails if there is no such layer.
  Result<std::shared_ptr<RowSource>> rows(std::string_view layer) const;

 private:
  struct State;
  class Rows;

  explicit RecordedPack(std::shared_ptr<const State> state);

  std::shared_ptr<const State> state_;
};

}  // namespace livecca
