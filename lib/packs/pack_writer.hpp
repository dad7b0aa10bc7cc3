#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/files/atomic_file.hpp"
#include "common/files/spool_file.hpp"
#include "livecca/activations/packed_rows.hpp"
#include "livecca/activations/reading.hpp"
#include "livecca/common/result.hpp"
#include "livecca/moments/moments.hpp"
#include "livecca/packs/pack_precision.hpp"
#include "livecca/packs/probe_fingerprint.hpp"
#include "livecca/packs/recorded_pack.hpp"
#include "packs/layer_spool.hpp"
#include "packs/pack_header.hpp"

namespace livecca {

/// How a pack is written.
struct PackOptions {
  PackPrecision precision = PackPrecision::half;
  /// Images kept, a seeded choice of the probe's, the same for every layer; 0: all.
  std::size_t images = 0;
  std::uint64_t images_seed = 0;
};

/// What a pack says of all its layers.
struct PackFacts {
  std::string network;
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  Positions positions;
  std::optional<ProbeFingerprint> fingerprint;
  bool is_of_training_mode = false;
};

/// Some images that follow one another.
struct ImageRun {
  std::uint64_t first;
  std::uint64_t count;
};

/// Writes a RecordedPack. Rows are spooled, as they were, to a file without a name beside the path
/// while the probe passes; finish() then knows how many images there are and each layer's moments,
/// chooses images and precision, and converts a block of rows at a time.
///
/// A layer is kept in half precision where half_scaling() finds that it would not lose, all its
/// rows are finite and its moments are known; float16 activations are kept as float16, which is
/// exact; all else as it was.
///
/// Memory: a block of rows and what LayerSpool holds. Disk: the rows as they were until finish() or
/// the end of this object, beside the pack. The folder of the path has to be there.
///
/// Thread safety: none.
class PackWriter {
 public:
  PackWriter(std::filesystem::path path, PackOptions options);
  ~PackWriter();
  PackWriter(const PackWriter&) = delete;
  PackWriter& operator=(const PackWriter&) = delete;

  /// Appends a step's packed rows (before centring) of a layer; `feature_seed` chose its features,
  /// if they are not all. Fails if they are not like those before or the disk failed; the layer is
  /// then spoiled, and what comes of it later is ignored.
  Result<void> append(const std::string& layer, const Reading& reading, const PackedRows& rows,
                      std::uint64_t feature_seed);
  /// The layer will not be in the pack, whatever came or comes of it.
  void spoil(const std::string& layer);

  /// Of a layer that is not spoiled; otherwise 0.
  std::uint64_t rows(const std::string& layer) const;
  /// Rows that hold a NaN or an infinity, the same way.
  std::uint64_t nonfinite_rows(const std::string& layer) const;

  /// Writes the file whole or not at all, without waiting for the disk; call it once. `moments_of`
  /// gives the moments of a layer's rows, or null. A layer that lacks images which another has is
  /// left out. Fails if there is no layer with rows or the disk failed.
  ///
  /// Cost: reading and writing all rows, and O(features³) a layer for half precision.
  Result<void> finish(const PackFacts& facts,
                      const std::function<const Moments*(const std::string& layer)>& moments_of);

  // After finish():

  /// Of the file.
  std::uint64_t bytes() const { return bytes_; }
  /// What was written, in the order in which layers were appended first.
  const std::vector<RecordedLayer>& layers() const { return written_; }
  /// Layers that lacked images, and a line that says so.
  const std::vector<std::pair<std::string, std::string>>& left_out() const { return left_out_; }

 private:
  struct Layer {
    std::string name;
    std::unique_ptr<LayerSpool> spool;  ///< null once it is spoiled
  };
  /// A layer at finish(), and how its rows are written.
  struct Output;
  class SummedFile;

  Layer* find(const std::string& layer);
  const LayerSpool* spool_of(const std::string& layer) const;
  std::uint64_t most_images() const;
  std::vector<const LayerSpool*> whole_layers(std::uint64_t images, std::span<const ImageRun> runs);
  Output output_of(const LayerSpool& spool, const Moments* moments,
                   std::span<const ImageRun> runs) const;
  Result<void> write(const PackHeader& header, const std::vector<Output>& outputs,
                     std::span<const ImageRun> runs);

  std::filesystem::path path_;
  PackOptions options_;
  SpoolFile spool_;
  std::vector<Layer> layers_;
  std::uint64_t bytes_ = 0;
  std::vector<RecordedLayer> written_;
  std::vector<std::pair<std::string, std::string>> left_out_;
};

}  // namespace livecca
