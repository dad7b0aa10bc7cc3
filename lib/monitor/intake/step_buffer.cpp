#include "monitor/intake/step_buffer.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "activations/layout_axes.hpp"
#include "livecca/common/error.hpp"

namespace livecca {
namespace {

constexpr std::size_t steps_before_memory_goes = 16;

std::size_t images_of(const ActivationView& view, Layout layout) {
  const std::size_t axis = axes_of(layout).image;
  return axis < view.rank() ? static_cast<std::size_t>(view.shape()[axis]) : 0;
}

/// The first images of a view.
ActivationView first_images(const ActivationView& view, Layout layout, std::size_t count) {
  std::array<std::int64_t, ActivationView::max_rank> shape{};
  std::ranges::copy(view.shape(), shape.begin());
  shape[axes_of(layout).image] = static_cast<std::int64_t>(count);
  return ActivationView(view.data(), view.dtype(), std::span(shape).first(view.rank()),
                        view.strides())
      .with_roundoff(view.roundoff());
}

/// Chooses the features of a tap that is too wide, once for a width.
void choose_features_of(TapBuffer& buffer, const WatchedTap& tap, const PackingOptions& options) {
  const std::size_t width = tap.reading.features(buffer.shape.features, buffer.shape.grid);
  if (width == buffer.width) return;
  buffer.width = 0;  // until they are chosen: memory may run out
  buffer.chosen.clear();
  if (options.max_features > 0 && width > options.max_features) {
    choose_features(width, options.max_features, options.feature_seed, buffer.chosen);
  }
  buffer.width = width;
}

}  // namespace

void StepBuffer::begin(Stream the_stream, std::int64_t the_epoch, std::uint64_t the_first_image,
                       double the_images_share) {
  stream = the_stream;
  epoch = the_epoch;
  first_image = the_first_image;
  images_share = the_images_share;
  images = 0;
  observe_seconds = reference_seconds = 0;
  for (TapBuffer& tap : taps) {
    tap.steps_unseen = tap.observed ? 0 : tap.steps_unseen + 1;
    // A tap that does not come any more must not keep its rows' memory.
    if (tap.steps_unseen == steps_before_memory_goes) {
      tap.rows = PackedRows();
      tap.chosen = {};
      tap.width = 0;
    }
    tap.observed = false;
    tap.refused.clear();
  }
}

TapBuffer& StepBuffer::open(std::size_t index, const WatchedTap& tap, const SequenceMask& mask) {
  if (mask.is_given() && !is_sequence(tap.reading.layout)) {
    throw Error(tap.text() + ": expected no mask for layout " + name_of(tap.reading.layout) +
                ", which has no steps");
  }
  if (index >= taps.size()) taps.resize(index + 1);
  TapBuffer& buffer = taps[index];
  if (moments) throw Error(tap.text() + ": expected no observation beside merged moments");
  if (buffer.observed) {
    throw Error(tap.text() +
                ": expected one observation in a step, got a second one; the first one counts");
  }
  buffer.observed = true;
  return buffer;
}

std::size_t StepBuffer::wanted_images(std::size_t all) const {
  return RowChoice{.images_share = images_share, .positions = {}}.images(all);
}

RowChoice StepBuffer::choice(const PackingOptions& options) const {
  return {.first_image = first_image,
          .images_share = images_share,
          .positions = options.positions,
          .max_features = options.max_features,
          .feature_seed = options.feature_seed};
}

void StepBuffer::saw(TapBuffer& buffer, const ActivationShape& shape, DType dtype) {
  buffer.shape = {.features = shape.features, .grid = shape.grid, .dtype = dtype};
  images = std::max<std::uint64_t>(images, shape.images);
}

bool StepBuffer::read(TapBuffer& buffer, const WatchedTap& tap, const ActivationView& view) {
  const auto seen = read_shape(view, tap.reading.layout);
  if (!seen) {
    buffer.refused = seen.why();
    return false;
  }
  saw(buffer, {wanted_images(seen->images), seen->features, seen->grid}, view.dtype());
  return true;
}

void StepBuffer::pack(TapBuffer& buffer, const WatchedTap& tap, const ActivationView& view,
                      const SequenceMask& mask, const PackingOptions& options) const {
  choose_features_of(buffer, tap, options);
  const std::size_t all = images_of(view, tap.reading.layout);
  const std::size_t wanted = wanted_images(all);
  const bool whole = wanted == all;
  buffer.rows.check_later(true);  // elsewhere than in the training thread
  const auto packed = buffer.rows.pack(
      whole ? view : first_images(view, tap.reading.layout, wanted), tap.reading, options.positions,
      first_image, buffer.chosen, whole ? mask : mask.first(wanted));
  if (!packed) buffer.refused = packed.why();
}

void StepBuffer::observe(std::size_t index, const WatchedTap& tap, const ActivationView& view,
                         const SequenceMask& mask, const PackingOptions& options) {
  TapBuffer& buffer = open(index, tap, mask);
  if (read(buffer, tap, view)) pack(buffer, tap, view, mask, options);
}

void StepBuffer::observe(std::size_t index, const WatchedTap& tap, const GatheredRows& rows,
                         const SequenceMask& mask, const PackingOptions& options) {
  TapBuffer& buffer = open(index, tap, mask);
  saw(buffer, rows.shape, rows.values.dtype());
  choose_features_of(buffer, tap, options);
  buffer.rows.check_later(true);
  const auto packed = buffer.rows.pack_gathered(rows, tap.reading, options.positions, first_image,
                                                buffer.chosen, mask);
  if (!packed) buffer.refused = packed.why();
}

void StepBuffer::release() {
  moments.reset();
  inputs.reset();
  training_modes.clear();
}

std::unique_ptr<StepBuffer> StepBufferPool::take() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) {
    free_.reserve(++made_);  // giving back must not fail
    return std::make_unique<StepBuffer>();
  }
  auto buffer = std::move(free_.back());
  free_.pop_back();
  return buffer;
}

void StepBufferPool::give_back(std::unique_ptr<StepBuffer> buffer) {
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(buffer));
}

}  // namespace livecca
