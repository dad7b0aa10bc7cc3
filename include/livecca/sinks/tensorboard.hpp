#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "livecca/common/export.hpp"
#include "livecca/sinks/sink.hpp"

namespace livecca {

/// The horizontal axis of TensorBoard's charts.
enum class TensorBoardAxis : std::uint8_t {
  step,  ///< training steps, as in the rows
  epoch  ///< for runs with one snapshot per epoch; a second one takes the next free number
};

/// The place of TensorBoard's event files.
struct TensorBoardOptions {
  /// The files of one run go to folder/probe, folder/train and folder/run. Empty: RUN/tensorboard.
  std::filesystem::path folder{};
  TensorBoardAxis axis = TensorBoardAxis::step;
};

/// Makes a sink that writes TensorBoard's event files during the run. Measures, noise floors and
/// the health of layers are scalars; canonical correlations are histograms; layers over time are a
/// picture, with marks where they are settled; verdicts and events are text. docs/tensorboard.md
/// explains each tag.
///
/// When a call returns, its snapshot is written to the operating system. A call throws Error with
/// the path and the reason if the disk is full or the folder cannot be made. The file is then as
/// before, and the same call can be repeated: it writes what is missing, and nothing twice.
///
/// Cost per snapshot and reference: 10 to 30 ms, nearly all for the picture, and 10 KB on disk with
/// 5 layers or 70 KB with 50. Memory: at most 120 columns of numbers per picture.
///
/// Thread safety: as Sink.
LIVECCA_EXPORT std::shared_ptr<Sink> tensorboard_sink(TensorBoardOptions options = {});

}  // namespace livecca
