#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "livecca/common/export.hpp"
#include "livecca/sinks/sink.hpp"

namespace livecca {

/// What TensorBoard draws a run over.
enum class TensorBoardAxis : std::uint8_t {
  step,  ///< training steps, as the rows have them
  epoch  ///< for runs with one snapshot an epoch; further ones take the next free number
};

/// Where TensorBoard's event files go.
struct TensorBoardOptions {
  /// Files lie in folder/probe, folder/train and folder/run, of one run alone. Empty:
  /// RUN/tensorboard.
  std::filesystem::path folder{};
  TensorBoardAxis axis = TensorBoardAxis::step;
};

/// A sink that writes TensorBoard's event files while the run goes on: measures, noise floors and
/// the health of layers as scalars, canonical correlations as histograms, a picture of layers over
/// time, events and alarms as text. docs/tensorboard.md says what each tag means.
///
/// Every snapshot is in the operating system's hands when its call returns. Calls throw Error with
/// the path and the reason when the disk is full or the folder cannot be made; the file then ends
/// where it did before, and the same call made again writes what is missing, nothing twice.
///
/// Cost: a snapshot takes 10 to 30 ms a reference, nearly all for the picture, and 10 KB on disk
/// with 5 layers, 70 KB with 50; at most 120 columns of numbers are kept in memory for each
/// picture.
///
/// Thread safety: as Sink says.
LIVECCA_EXPORT std::shared_ptr<Sink> tensorboard_sink(TensorBoardOptions options = {});

}  // namespace livecca
