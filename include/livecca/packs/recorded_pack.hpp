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
#include "livecca/activations/image_rows.hpp"
#include "livecca/activations/layout.hpp"
#include "livecca/activations/row_source.hpp"
#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"
#include "livecca/packs/probe_fingerprint.hpp"

namespace livecca {

/// Describes the rows of one layer of a pack.
struct RecordedLayer {
  std::string name;
  std::string reading;  ///< Reading::text() of the tap: "nchw", "ntc pooled", …
  /// Every step of a sequence has a row, whether it is there or not: some sequences are shorter, or
  /// a mask leaves steps out. The file has the rows that are there.
  bool is_by_step = false;
  std::uint64_t rows = 0;
  std::size_t features = 0;
  /// The features of the tap. If this is more than `features`, the pack has the features that
  /// choose_features(features_of_tap, features, feature_seed) gives.
  std::size_t features_of_tap = 0;
  std::uint64_t feature_seed = 0;
  std::size_t rows_per_image = 1;
  Grid grid;
  DType stored = DType::float32;    ///< type in the file: float16, float32 or float64
  DType observed = DType::float32;  ///< type of the activations; float64 for pooled rows
  /// The rounding error of the values, see ActivationView::roundoff(). It includes rounding before
  /// the rows were observed and rounding to half precision.
  double roundoff = 0;
  /// The writer's estimate of how much half precision lowers the mean canonical correlation with
  /// any other layer. 0 if the rows are stored without loss.
  double estimated_loss = 0;

  /// Whether the rows are steps of sequences.
  LIVECCA_EXPORT bool is_of_steps() const;
};

/// A network's activations on a probe, in one safetensors file, for comparison with other networks.
/// Read-only. Any reader of safetensors can read the file, too:
///
///     tensor "<layer>"        samples × features; F16, F32 or F64
///     tensor "<layer>/scale"  features; F32 or F64, beside F16 rows that were scaled:
///     tensor "<layer>/shift"  features; value = row · scale + shift
///     tensor "<layer>/valid"  samples; U8, if a mask left rows out: 0 for those rows
///     tensor "<layer>/steps"  sequences × steps; U8, if sequences have other steps than one
///                             another: 1 for the steps that "<layer>" has rows of, in this order
///
/// The metadata entry "layers" lists the layers and the names of their tensors. So a layer's name
/// is never mistaken for the scale of another layer. The format of the metadata is described in
/// lib/packs/pack_header.hpp.
///
/// Rows are decoded one block at a time. Memory: one block, and O(features + samples) numbers for
/// each layer.
///
/// Thread safety: const members may be called from many threads. A source from rows() may be used
/// by one thread at a time. It stays valid after the pack is destroyed.
class LIVECCA_EXPORT RecordedPack {
 public:
  /// Opens a pack. The result is never null. Fails with "PATH: expected …, got …" if the file is
  /// not a complete pack of version 1 or 2, or if it was damaged. Safe with any file. Cost: reads
  /// the whole file once, for its checksum, which version 1 lacks.
  static Result<std::shared_ptr<const RecordedPack>> open(const std::filesystem::path& path);
  ~RecordedPack();
  RecordedPack(const RecordedPack&) = delete;
  RecordedPack& operator=(const RecordedPack&) = delete;

  const std::filesystem::path& path() const;
  const std::string& network() const;
  std::int64_t epoch() const;
  std::uint64_t step() const;
  /// Whether the network was recorded in training mode, as far as that was told.
  bool is_of_training_mode() const;
  /// The positions of an image that became rows.
  const Positions& positions() const;
  /// The fingerprint of the whole probe, even if the pack keeps only some of its images. Empty if
  /// it is not known.
  const std::optional<ProbeFingerprint>& fingerprint() const;
  /// The layers in the order of their rows in the file; at least one.
  const std::vector<RecordedLayer>& layers() const;
  /// Null if there is no layer of that name.
  const RecordedLayer* find(std::string_view layer) const;
  /// The number of images in the pack; every layer has rows of all of them.
  std::uint64_t images() const;
  /// The images of the probe that are in the pack, ascending. Empty if all of them are.
  const std::vector<std::size_t>& kept_images() const;

  /// A new source for the rows of a layer; never null. Scaled rows are decoded to float64 if
  /// float64 was observed, otherwise to float32. Rows that were not scaled keep their stored type.
  /// Ignore the values of rows that are not valid(). Fails if there is no such layer.
  Result<std::shared_ptr<RowSource>> rows(std::string_view layer) const;
  /// The same rows, with one row for every step of every sequence, and at least `steps` steps. Rows
  /// of two packs that have the same number of steps then pair by index: both are the same step of
  /// the same sequence. Rows that are not in the pack are not valid(). Fails also if the layer's
  /// rows are not steps of sequences, if a sequence has more than 2^24 steps or if all have more
  /// than 2^30. Memory: one byte a step.
  Result<std::shared_ptr<RowSource>> rows_by_step(std::string_view layer,
                                                  std::size_t steps = 0) const;
  /// The images of a layer one by one, and which of their positions the rows are. `steps`: 0, or as
  /// in rows_by_step(), if those rows are used. Reads nothing if the layer has no such rows.
  ImagesAgain images_again(std::string_view layer, std::size_t steps = 0) const;

 private:
  struct State;
  class Rows;

  explicit RecordedPack(std::shared_ptr<const State> state);
  Result<std::size_t> index_of(std::string_view layer) const;

  std::shared_ptr<const State> state_;
};

}  // namespace livecca
