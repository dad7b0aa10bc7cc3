#include "livecca/activations/reading.hpp"

#include "common/enum_names.hpp"

namespace livecca {

const char* name_of(Samples samples) {
  switch (samples) {
    case Samples::positions:
      return "positions";
    case Samples::pooled:
      return "pooled";
    case Samples::flattened:
      return "flattened";
    case Samples::last:
      return "last";
    case Samples::step:
      return "step";
  }
  return nullptr;
}

Result<void> Reading::check() const {
  // Numbers that are no enumerator come from other languages.
  if (name_of(layout) == nullptr) {
    return Failure{"expected a layout, got the number " + std::to_string(static_cast<int>(layout))};
  }
  if (name_of(samples) == nullptr) {
    return Failure{"expected samples of a reading, got the number " +
                   std::to_string(static_cast<int>(samples))};
  }
  const bool of_sequences = samples == Samples::last || samples == Samples::step;
  if (of_sequences && !is_sequence(layout)) {
    return Failure{"expected a layout of sequences (" + enum_names<Layout>(is_sequence, ", ") +
                   ") to take a step of, got " + name_of(layout)};
  }
  if (one_row_per_image() && !has_positions(layout) && !is_sequence(layout)) {
    return Failure{std::string("expected a layout with positions or steps for ") +
                   name_of(samples) + " samples, got " + name_of(layout)};
  }
  return {};
}

std::string Reading::text() const {
  std::string text = name_of(layout);
  if (samples == Samples::positions) return text;
  text += std::string(" ") + name_of(samples);
  return samples == Samples::step ? text + " " + std::to_string(step) : text;
}

std::size_t rows_per_image(const Reading& reading, const Positions& positions, Grid grid) {
  return reading.one_row_per_image() ? 1 : rows_per_image(positions, grid);
}

}  // namespace livecca
