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
  /// The files of one run go to folder/probe, folder/train and folder/run, and to a folder for each
  /// layer within the first two. Nothing else may write there. Empty: RUN/tensorboard.
  std::filesystem::path folder{};
  TensorBoardAxis axis = TensorBoardAxis::step;
};

/// Makes a sink that writes TensorBoard's event files during the run. A layer is a run of
/// TensorBoard's, so that one chart for each measure and reference has all layers as lines with
/// names and colours, and the noise floor beside them. The health of layers is charts, too;
/// canonical correlations are histograms; layers over time are a picture, with marks where they are
/// settled; verdicts and events are text. docs/tensorboard.md explains each tag.
///
/// When a call returns, its snapshot is written to the operating system. A call throws Error with
/// the path and the reason if the disk is full or a folder cannot be made. Each file is then as
/// before or has all of the call, and the same call can be repeated: it writes what is missing, and
/// nothing twice.
///
/// Cost per snapshot: 10 to 20 ms and 5 to 15 KB for each picture, of which a reference has one;
/// 0.2 ms and 1.5 KB for each layer. Files are open only while they are written. Memory: at most
/// 120 columns of numbers per picture.
///
/// Thread safety: as Sink.
LIVECCA_EXPORT std::shared_ptr<Sink> tensorboard_sink(TensorBoardOptions options = {});

}  // namespace livecca
