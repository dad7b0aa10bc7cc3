#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sinks/tensorboard/picture/png_image.hpp"
#include "sinks/tensorboard/protobuf_writer.hpp"

namespace livecca {

/// A table of short texts, row by row; the first row names the columns.
using TableCells = std::vector<std::vector<std::string>>;

/// The values of one event, TensorBoard's message Summary (tensorboard/compat/proto/summary.proto).
class SummaryMessage {
 public:
  /// Kept as float32, which is all that TensorBoard has.
  void scalar(std::string_view tag, double value);
  /// Numbers of [0, 1], at least one, counted in 20 bins that are the same for every histogram.
  void correlations(std::string_view tag, std::span<const double> values);
  void image(std::string_view tag, const PngImage& image);
  /// All rows have as many cells as the first. Cells are Markdown.
  void table(std::string_view tag, const TableCells& rows);

  bool empty() const { return message_.bytes().empty(); }
  const ProtobufWriter& message() const { return message_; }

 private:
  ProtobufWriter message_;
};

/// Messages Event (tensorboard/compat/proto/event.proto). Wall times are Unix seconds and finite:
/// a reader gives a file up at one that is not.
std::string file_version_event(double wall_time);
/// Tells TensorBoard to forget what the folder's files have of `step` and later ones.
std::string session_start_event(double wall_time, std::int64_t step);
std::string summary_event(double wall_time, std::int64_t step, const SummaryMessage& summary);
/// Of an event that one of these made; 0 of another.
double wall_time_of(std::string_view event);

}  // namespace livecca
