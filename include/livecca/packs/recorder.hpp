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
#include "livecca/activations/gathered_rows.hpp"
#include "livecca/activations/reading.hpp"
#include "livecca/activations/sequence_mask.hpp"
#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"
#include "livecca/packs/pack_precision.hpp"

namespace livecca {

/// How a network's activations are recorded. Positions and features must be the same as in the
/// monitors that will compare with the pack.
struct RecorderOptions {
  std::string network = "net";
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  Positions positions = Positions::sampled(16);
  std::size_t max_features = 2048;
  std::uint64_t feature_seed = 0;
  PackPrecision precision = PackPrecision::half;
  std::size_t images = 0;  ///< keep a seeded choice of this many images; 0: all
  std::uint64_t images_seed = 0;

  /// Fails if the options make no sense.
  LIVECCA_EXPORT Result<void> check() const;
};

/// Records a network's activations on a probe into a pack. Monitors can then compare with it
/// (Monitor::add_reference). For each batch, pass the inputs to set_inputs(), pass each layer to
/// observe(), and call end_batch(). The pack contains the fingerprint of the inputs. The pack does
/// not depend on the size of the batches.
///
/// Memory: O(features²) for each layer, and one batch. Thread safety: none.
class LIVECCA_EXPORT Recorder {
 public:
  /// Creates the path's folder if it does not exist. Throws Error on invalid options, or if the
  /// folder cannot be created.
  Recorder(std::filesystem::path path, RecorderOptions options);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// Sets the inputs of this batch. The length of the first axis is their number. See
  /// Monitor::Step::set_inputs(). If the inputs do not fit those of earlier batches, finish()
  /// fails.
  void set_inputs(const ActivationView& view);
  void set_inputs(const void* data, std::string_view element_type, std::size_t element_bytes,
                  std::span<const std::int64_t> shape, std::span<const std::int64_t> strides);
  /// Tells whether the network runs in training mode in this batch. A pack is of training mode if
  /// any of its batches is; without this call it is of evaluation mode. Rows of comparisons with it
  /// say so (MeasureRow::modes).
  void set_training_mode(bool is_training);
  /// Records a layer's activations of this batch. If the view does not fit, recording goes on, but
  /// finish() fails and says so. Throws Error if the layer was already observed in this batch, or
  /// in an earlier batch with another reading.
  void observe(std::string_view layer, const Reading& reading, const ActivationView& view,
               const SequenceMask& mask = {});
  /// The same of rows that a hook gathered where the activation lies, e.g. in a GPU's memory: those
  /// that choice() says. If they are others, finish() fails.
  void observe(std::string_view layer, const Reading& reading, const GatheredRows& rows,
               const SequenceMask& mask = {});
  /// Which rows this batch takes. Its images_share is 1.
  RowChoice choice() const;
  /// Ends a batch.
  void end_batch();
  /// Writes the complete file or nothing. Fails if the file cannot be written, if there is no
  /// layer, if a layer is missing or incomplete in some batch, or if set_inputs() got the inputs of
  /// only some images.
  Result<void> finish();

  const RecorderOptions& options() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Records a network. `run_probe` runs it on the probe and feeds the recorder. Fails in the same
/// cases as Recorder::finish(). Throws Error in the same cases as the recorder. Passes on whatever
/// run_probe throws.
LIVECCA_EXPORT Result<void> record(const std::filesystem::path& path,
                                   const RecorderOptions& options,
                                   const std::function<void(Recorder&)>& run_probe);

}  // namespace livecca
