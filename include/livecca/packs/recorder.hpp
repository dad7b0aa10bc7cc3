#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/reading.hpp"
#include "livecca/activations/sequence_mask.hpp"
#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"
#include "livecca/packs/pack_precision.hpp"

namespace livecca {

/// How a network's activations are recorded; positions and features are to be those of the monitors
/// that will compare with it.
struct RecorderOptions {
  std::string network = "net";
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  Positions positions = Positions::sampled(16);
  std::size_t max_features = 2048;
  std::uint64_t feature_seed = 0;
  PackPrecision precision = PackPrecision::half;
  std::size_t images = 0;  ///< a seeded choice of the probe's images; 0: all
  std::uint64_t images_seed = 0;

  /// Fails if the options make no sense.
  LIVECCA_EXPORT Result<void> check() const;
};

/// Records a network's activations over a probe into a pack that monitors compare with
/// (Monitor::add_reference): batch by batch the inputs, whose fingerprint goes into the pack, and
/// each layer. What is recorded does not depend on the size of the batches.
///
/// Memory: O(features²) a layer, and a batch. Thread safety: none.
class LIVECCA_EXPORT Recorder {
 public:
  /// Throws Error on invalid options, or if the path's folder cannot be made.
  Recorder(std::filesystem::path path, RecorderOptions options);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// The inputs of this batch, first axis the inputs. See Monitor::Step::set_inputs().
  void set_inputs(const ActivationView& view);
  void set_inputs(const void* data, std::string_view element_type, std::size_t element_bytes,
                  std::span<const std::int64_t> shape, std::span<const std::int64_t> strides);
  /// A layer's activations of this batch. Throws Error if it was observed in this batch already, or
  /// is read otherwise than before. A view that does not fit costs the layer: finish() says so.
  void observe(std::string_view layer, const Reading& reading, const ActivationView& view,
               const SequenceMask& mask = {});
  /// Ends a batch.
  void end_batch();
  /// Writes the file, whole or not at all. Fails if it cannot be written, or if a layer was not
  /// seen whole; nothing is then written.
  Result<void> finish();

  const RecorderOptions& options() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Records a network: `run_probe` runs it over the probe and tells the recorder. Fails as
/// Recorder::finish() does. Throws what run_probe throws.
LIVECCA_EXPORT Result<void> record(const std::filesystem::path& path,
                                   const RecorderOptions& options,
                                   const std::function<void(Recorder&)>& run_probe);

}  // namespace livecca
