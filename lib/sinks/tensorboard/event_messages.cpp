#include "sinks/tensorboard/event_messages.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace livecca {
namespace {

constexpr unsigned summary_value = 1;
constexpr std::int64_t data_class_tensor = 2;
constexpr std::int64_t data_type_string = 7;
constexpr std::size_t bins = 20;

float nearest_float(double value) {
  constexpr double most = std::numeric_limits<float>::max();
  return static_cast<float>(std::clamp(value, -most, most));
}

ProtobufWriter event_at(double wall_time, std::int64_t step) {
  ProtobufWriter event;
  if (wall_time != 0) event.float64(1, wall_time);
  if (step != 0) event.integer(2, step);
  return event;
}

ProtobufWriter metadata_of(std::string_view plugin) {
  ProtobufWriter plugin_data;
  plugin_data.text(1, plugin);
  ProtobufWriter metadata;
  metadata.message(1, plugin_data);
  metadata.integer(4, data_class_tensor);
  return metadata;
}

/// A value that one of TensorBoard's plugins reads from a tensor of strings.
ProtobufWriter tensor_value(std::string_view tag, std::string_view plugin,
                            const ProtobufWriter& tensor) {
  ProtobufWriter value;
  value.text(1, tag);
  value.message(8, tensor);
  value.message(9, metadata_of(plugin));
  return value;
}

ProtobufWriter shape_of(std::initializer_list<std::size_t> sizes) {
  ProtobufWriter shape;
  for (const std::size_t size : sizes) {
    ProtobufWriter dimension;
    dimension.integer(1, static_cast<std::int64_t>(size));
    shape.message(2, dimension);
  }
  return shape;
}

}  // namespace

void SummaryMessage::scalar(std::string_view tag, double number) {
  ProtobufWriter value;
  value.text(1, tag);
  value.float32(2, nearest_float(number));
  message_.message(summary_value, value);
}

void SummaryMessage::correlations(std::string_view tag, std::span<const double> values) {
  std::array<double, bins> counts{};
  std::array<double, bins> right_edges{};
  for (std::size_t i = 0; i < bins; ++i) {
    right_edges[i] = static_cast<double>(i + 1) / static_cast<double>(bins);
  }
  double sum = 0;
  double sum_of_squares = 0;
  for (const double number : values) {
    const double place = std::clamp(number, 0.0, 1.0) * static_cast<double>(bins);
    counts[std::min(static_cast<std::size_t>(place), bins - 1)] += 1;
    sum += number;
    sum_of_squares += number * number;
  }
  // Some readers leave out empty bins at both ends, others do not, and all take min and max for the
  // outer edges: without such bins, and with their own edges there, all agree and bins align.
  const auto is_taken = [](double count) { return count > 0; };
  const auto first =
      static_cast<std::size_t>(std::ranges::find_if(counts, is_taken) - counts.begin());
  const auto after_last = static_cast<std::size_t>(
      counts.rend() - std::find_if(counts.rbegin(), counts.rend(), is_taken));
  ProtobufWriter histogram;
  if (first != 0) histogram.float64(1, right_edges[first - 1]);
  histogram.float64(2, right_edges[after_last - 1]);
  histogram.float64(3, static_cast<double>(values.size()));
  if (sum != 0) histogram.float64(4, sum);
  if (sum_of_squares != 0) histogram.float64(5, sum_of_squares);
  histogram.float64s(6, std::span(right_edges).subspan(first, after_last - first));
  histogram.float64s(7, std::span(counts).subspan(first, after_last - first));
  ProtobufWriter value;
  value.text(1, tag);
  value.message(5, histogram);
  message_.message(summary_value, value);
}

void SummaryMessage::image(std::string_view tag, const PngImage& picture) {
  ProtobufWriter image;
  image.integer(1, picture.height);
  image.integer(2, picture.width);
  image.integer(3, 3);  // RGB
  image.text(4, picture.bytes);
  ProtobufWriter value;
  value.text(1, tag);
  value.message(4, image);
  message_.message(summary_value, value);
}

void SummaryMessage::table(std::string_view tag, const TableCells& rows) {
  ProtobufWriter tensor;
  tensor.integer(1, data_type_string);
  tensor.message(2, shape_of({rows.size(), rows.front().size()}));
  for (const auto& row : rows) {
    for (const std::string& cell : row) tensor.text(8, cell);
  }
  message_.message(summary_value, tensor_value(tag, "text", tensor));
}

std::string file_version_event(double wall_time) {
  ProtobufWriter event = event_at(wall_time, 0);
  event.text(3, "brain.Event:2");
  return event.bytes();
}

std::string session_start_event(double wall_time, std::int64_t step) {
  constexpr std::int64_t start = 1;
  ProtobufWriter session_log;
  session_log.integer(1, start);
  ProtobufWriter event = event_at(wall_time, step);
  event.message(7, session_log);
  return event.bytes();
}

std::string summary_event(double wall_time, std::int64_t step, const SummaryMessage& summary) {
  ProtobufWriter event = event_at(wall_time, step);
  event.message(5, summary.message());
  return event.bytes();
}

double wall_time_of(std::string_view event) {
  constexpr char wall_time_field = 0x09;  // field 1, 64 bits
  if (event.size() < 9 || event[0] != wall_time_field) return 0;
  std::uint64_t bits = 0;
  for (unsigned i = 0; i < 8; ++i) {
    bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(event[i + 1])) << (8 * i);
  }
  return std::bit_cast<double>(bits);
}

}  // namespace livecca
