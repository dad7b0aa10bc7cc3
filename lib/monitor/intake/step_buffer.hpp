#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/packed_rows.hpp"
#include "livecca/activations/sequence_mask.hpp"
#include "livecca/moments/panel.hpp"
#include "livecca/packs/probe_fingerprint.hpp"
#include "livecca/sinks/stream.hpp"
#include "monitor/comparison/training_modes.hpp"
#include "monitor/intake/watched_taps.hpp"

namespace livecca {

/// How views become rows.
struct PackingOptions {
  Positions positions;
  std::size_t max_features = 0;
  std::uint64_t feature_seed = 0;
};

/// What one step saw of one tap.
struct TapBuffer {
  bool observed = false;
  std::size_t steps_unseen = 0;  ///< of this buffer, in a row
  std::string refused;           ///< why the view did not fit; empty if it did
  PackedRows rows;
  TapShape shape;  ///< of the view

  // Features that a wider tap is cut to; of the width that they were chosen for.
  std::size_t width = 0;
  std::vector<std::size_t> chosen;
};

/// A step on its way from the training thread to livecca's own: rows packed, nothing multiplied.
/// Its memory is used again by later steps.
///
/// Thread safety: none; handed over whole.
struct StepBuffer {
  Stream stream = Stream::probe;
  std::int64_t epoch = 0;
  std::uint64_t first_image = 0;  ///< its place in the stream, on which seeded positions depend
  double images_share = 1;        ///< of the batch that is looked at: its first images
  std::uint64_t images = 0;       ///< the most that a tap saw
  double observe_seconds = 0;     ///< the training thread's, for this step
  double reference_seconds = 0;   ///< the same in a reference's pass, where it was told
  std::vector<TapBuffer> taps;    ///< by the tap's index
  std::unique_ptr<const PanelMoments> moments;  ///< instead of rows; usually null
  std::optional<ProbeFingerprint> inputs;       ///< of a probe step that told them
  TrainingModes training_modes;                 ///< of the networks that the step was told of

  void begin(Stream the_stream, std::int64_t the_epoch, std::uint64_t the_first_image,
             double the_images_share);
  /// Packs a view. Throws Error on wrong use, naming the tap, and std::bad_alloc or
  /// std::length_error if the rows do not fit the memory.
  void observe(std::size_t index, const WatchedTap& tap, const ActivationView& view,
               const SequenceMask& mask, const PackingOptions& options);
  /// The same of rows that were gathered already, as choice() says.
  void observe(std::size_t index, const WatchedTap& tap, const GatheredRows& rows,
               const SequenceMask& mask, const PackingOptions& options);
  RowChoice choice(const PackingOptions& options) const;
  /// Lets go all that is not memory for later steps.
  void release();
  /// Of the training thread, in all.
  double cost_seconds() const { return observe_seconds + reference_seconds; }

 private:
  TapBuffer& open(std::size_t index, const WatchedTap& tap, const SequenceMask& mask);
  bool read(TapBuffer& buffer, const WatchedTap& tap, const ActivationView& view);
  std::size_t wanted_images(std::size_t all) const;
  void saw(TapBuffer& buffer, const ActivationShape& shape, DType dtype);
  void pack(TapBuffer& buffer, const WatchedTap& tap, const ActivationView& view,
            const SequenceMask& mask, const PackingOptions& options) const;
};

/// Buffers that wait to be used again. Thread safe.
class StepBufferPool {
 public:
  std::unique_ptr<StepBuffer> take();
  void give_back(std::unique_ptr<StepBuffer> buffer);

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<StepBuffer>> free_;
  std::size_t made_ = 0;
};

}  // namespace livecca
