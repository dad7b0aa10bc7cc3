#include <algorithm>

#include "livecca/common/error.hpp"
#include "moments/panel/panel_state.hpp"

namespace livecca {
namespace {

constexpr std::uint64_t number = sizeof(double);

/// Means of two numbers a feature, and the products.
std::uint64_t moments_numbers(std::uint64_t features_x, std::uint64_t features_y, bool is_tap,
                              bool norm_sums) {
  const std::uint64_t sides = is_tap ? features_x : features_x + features_y;
  return features_x * features_y + 2 * sides + (norm_sums ? sides : 0);
}

}  // namespace

void Panel::State::set_shape(PanelTap& tap, const TapShape& shape) const {
  const std::size_t width_before = tap.shape ? tap.features_of_tap() : 0;
  tap.shape = shape;
  tap.shape_of_rows = false;
  if (width_before != tap.features_of_tap()) choose(tap);
}

void Panel::State::choose(PanelTap& tap) const {
  tap.chosen.clear();
  const std::size_t width = tap.features_of_tap();
  if (options.max_features == 0) return;
  if (!tap.frequency) {
    if (width <= options.max_features) return;
    choose_features(width, options.max_features, options.feature_seed, tap.chosen);
    return;
  }
  const std::size_t channels = width / 2;
  const std::size_t count = options.max_features;
  if (count >= channels) return;
  choose_features(channels, count, options.feature_seed, tap.chosen);
  for (std::size_t i = 0; i < count; ++i) tap.chosen.push_back(channels + tap.chosen[i]);
}

bool Panel::State::set_shape_within_limit(PanelTap& tap, const TapShape& shape) {
  const std::optional<TapShape> before = tap.shape;
  set_shape(tap, shape);
  std::uint64_t bytes = 0;
  if (!over_limit(bytes)) return true;
  if (before) {
    set_shape(tap, *before);
  } else {
    tap.shape.reset();
  }
  leave(tap, FaultKind::over_limit,
        "expected moments within the memory limit of " + std::to_string(options.memory_limit) +
            " bytes, with its " + std::to_string(shape.features) + " features they would take " +
            std::to_string(bytes));
  return false;
}

std::uint64_t Panel::State::moments_bytes() const {
  std::uint64_t numbers = 0;
  for (const PanelTap& tap : taps) {
    if (!tap.shape) continue;
    numbers += moments_numbers(tap.features(), tap.features(), true, options.norm_sums);
  }
  for (const PanelPair& pair : pairs) {
    if (!taps[pair.x].shape || !taps[pair.y].shape) continue;
    numbers +=
        moments_numbers(taps[pair.x].features(), taps[pair.y].features(), false, options.norm_sums);
  }
  return number * numbers * blocks.size();
}

bool Panel::State::over_limit(std::uint64_t& bytes) const {
  bytes = moments_bytes();
  return options.memory_limit > 0 && bytes > options.memory_limit;
}

PanelPlan Panel::State::plan(std::size_t images_per_step) const {
  PanelPlan plan;
  plan.moments_bytes = moments_bytes();
  const auto rows_of = [&](const PanelTap& tap) -> std::uint64_t {
    if (tap.source) return images_per_step * tap.source->rows_per_image();
    return images_per_step * rows_per_image(tap.reading, options.positions, tap.shape->grid);
  };
  for (const PanelTap& tap : taps) {
    if (!tap.shape) {
      throw Error(tap.name.text() + ": expected a known shape to plan with, got none");
    }
    const std::uint64_t rows = rows_of(tap);
    const std::size_t features = tap.frequency ? tap.features() / 2 : tap.features();
    plan.widest_features = std::max(plan.widest_features, features);
    const bool computed = tap.reading.samples == Samples::pooled;
    const std::size_t element = computed ? number : size_of(tap.shape->dtype);
    const bool are_steps =
        is_sequence(tap.reading.layout) && tap.reading.samples == Samples::positions;
    // Rows as they came, one byte that says whether they are finite, their weight, and which step
    // of a sequence each one is.
    plan.step_bytes +=
        rows * (tap.features() * element + 1 + number + (are_steps ? sizeof(std::uint32_t) : 0));
    plan.step_bytes += RowBlock::bytes(tap.features(), options.precision,
                                       options.norm_sums || options.precision == Precision::fast);
    if (tap.recording) plan.step_bytes += tap.recording->bytes(tap.shape->dtype);
    // A recorded tap's own products are not made anew in a step.
    if (!tap.recording) plan.flops += 2 * rows * StepUpdate::tap_products(tap.features());
  }
  for (const PanelPair& pair : pairs) {
    plan.flops += 2 * rows_of(taps[pair.x]) * taps[pair.x].features() * taps[pair.y].features();
  }
  plan.images_needed = samples_per_feature * plan.widest_features;
  return plan;
}

}  // namespace livecca
