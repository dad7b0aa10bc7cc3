#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>

#include "livecca/common/error.hpp"
#include "moments/panel/panel_state.hpp"
#include "moments/panel/step_rows.hpp"

namespace livecca {
namespace {

std::string text_of(const PackedRows& rows) {
  std::string text = std::to_string(rows.images()) + " images";
  if (rows.grid().size() == 1) return text;
  return text + " of " + rows.grid().text() + " positions";
}

std::string expected_pairing(const PackedRows& x, const PackedRows& y) {
  if (x.images() == y.images() && !(x.is_even() && y.is_even())) {
    return "expected the same mask for both, got other valid steps";
  }
  return "expected rows that pair, got " + text_of(x) + " and " + text_of(y);
}

std::string percent(double share) { return std::to_string(std::lround(share * 100)) + " %"; }

}  // namespace

PanelTap& Panel::State::tap_to_observe(std::size_t index, bool recorded, bool masked) {
  if (index >= taps.size()) {
    throw Error("panel step: expected a tap below " + std::to_string(taps.size()) + ", got " +
                std::to_string(index));
  }
  PanelTap& tap = taps[index];
  if (tap.observed) {
    throw Error(tap.name.text() +
                ": expected one observation in a step, got a second one; the first one counts");
  }
  if (recorded && !tap.source) throw Error(tap.name.text() + ": expected a recorded tap");
  if (!recorded && tap.source) {
    throw Error(tap.name.text() + ": expected rows of its recording, got a view");
  }
  if (masked && !is_sequence(tap.reading.layout)) {
    throw Error(tap.name.text() + ": expected no mask for layout " + name_of(tap.reading.layout) +
                ", which has no steps");
  }
  tap.observed = true;
  return tap;
}

Result<void> Panel::State::check_fits(const PanelTap& tap, const ActivationShape& seen) {
  const auto text = [](std::size_t features, const Grid& grid) {
    return std::to_string(features) + " features on " + grid.text() + " positions";
  };
  if (tap.frequency && seen.features % 2 != 0) {
    return Failure{"expected as many real as imaginary parts, got " +
                   text(seen.features, seen.grid)};
  }
  if (!tap.fed && !tap.shape_given) return {};
  const TapShape& expected = *tap.shape;
  const std::size_t seen_width = tap.reading.features(seen.features, seen.grid);
  if (tap.shape_of_rows) {
    const Grid rows = tap.reading.grid_of_rows(seen.grid);
    if (expected.features == seen_width && expected.grid == rows) return {};
    return Failure{"expected " + text(expected.features, expected.grid) + " as before, got " +
                   text(seen_width, rows)};
  }
  const bool same_grid = tap.reading.grid_may_vary() || expected.grid == seen.grid;
  if (expected.features == seen.features && same_grid) return {};
  return Failure{"expected " + text(expected.features, expected.grid) +
                 (tap.fed ? " as before, got " : " as declared, got ") +
                 text(seen.features, seen.grid)};
}

bool Panel::State::fit_shape(PanelTap& tap, const ActivationView& view) {
  const auto seen = read_shape(view, tap.reading.layout);
  if (!seen) {
    leave(tap, FaultKind::shape_changed, seen.why());
    return false;
  }
  return fit_shape(tap, {.features = seen->features, .grid = seen->grid, .dtype = view.dtype()});
}

bool Panel::State::fit_shape(PanelTap& tap, const TapShape& shape) {
  const auto fits = check_fits(tap, {.images = 0, .features = shape.features, .grid = shape.grid});
  if (!fits) {
    leave(tap, FaultKind::shape_changed, fits.why());
    return false;
  }
  if (!tap.fed && !tap.shape_given) return set_shape_within_limit(tap, shape);
  set_shape(tap, shape);
  return true;
}

const PackedRows* Panel::State::accept(PanelTap& tap, const Result<void>& packed) {
  if (packed) return &tap.rows;
  leave(tap, FaultKind::shape_changed, packed.why());
  return nullptr;
}

void Panel::State::commit() {
  std::size_t step_images = 0;
  for (const PanelTap& tap : taps) {
    if (tap.observed) step_images = std::max(step_images, tap.rows.images());
  }
  drop_unfit_taps();
  drop_unpaired_rows();
  find_live_taps();
  weigh_images(step_images);
  masks.make(live_rows, live_pairs);
  const std::size_t hash_parts = keep_live_rows(step_images);
  accumulate(step_images, hash_parts);
  images += step_images;
  clock += step_images;
  ++steps;
  close_step();
}

void Panel::State::drop_unfit_taps() {
  for (PanelTap& tap : taps) {
    if (tap.left) continue;
    if (!tap.observed) {
      leave(tap, FaultKind::missing,
            "expected activations in every step of a window, got none in step " +
                std::to_string(steps + 1) +
                " of this one, so it has no numbers in it: layers are compared over the same rows");
    } else if (const double share = nonfinite_share(tap.rows); share > options.nonfinite_limit) {
      leave(tap, FaultKind::nonfinite,
            "expected at most " + percent(options.nonfinite_limit) +
                " non-finite rows in a step, got " + percent(share));
    }
  }
}

void Panel::State::find_live_taps() {
  live.clear();
  live_rows.clear();
  live_pairs.clear();
  for (PanelTap& tap : taps) {
    if (tap.left) continue;
    tap.place_among_live = live.size();
    live.push_back(&tap);
    live_rows.push_back(&tap.rows);
  }
  for (const PanelPair& pair : pairs) {
    const PanelTap& x = taps[pair.x];
    const PanelTap& y = taps[pair.y];
    if (pair.left || x.left || y.left) continue;
    live_pairs.push_back({x.place_among_live, y.place_among_live});
  }
}

void Panel::State::weigh_images(std::size_t step_images) {
  image_weights.clear();
  if (options.window.kind != Window::Kind::exponential) return;
  image_weights.resize(step_images);
  for (std::size_t i = 0; i < step_images; ++i) {
    image_weights[i] =
        std::exp2(-static_cast<double>(step_images - 1 - i) / options.window.half_life);
  }
}

bool Panel::State::keeps_all_rows() const {
  const auto has_no_zero = [](std::span<const std::uint8_t> of_rows) {
    return std::ranges::find(of_rows, std::uint8_t{0}) == of_rows.end();
  };
  for (std::size_t i = 0; i < live.size(); ++i) {
    if (!has_no_zero(masks.of(i)) || !has_no_zero(live[i]->rows.valid())) return false;
  }
  return true;
}

/// Hashes are of all rows. If some rows leave, the others move, so all hashes come before.
std::size_t Panel::State::keep_live_rows(std::size_t step_images) {
  image_hashes.assign(step_images, {});
  const std::size_t hash_parts = (step_images + images_at_once - 1) / images_at_once;
  // By reference, as a std::function that holds a large lambda would allocate.
  const auto hash = [this](std::size_t part) { hash_images(part); };
  const auto keep = [this](std::size_t i) { live[i]->rows.keep(masks.of(i), image_weights); };
  if (keeps_all_rows() && image_weights.empty()) {
    for (std::size_t i = 0; i < live.size(); ++i) keep(i);
    return hash_parts;
  }
  executor.parallel_for(Lane::training, hash_parts, std::ref(hash));
  executor.parallel_for(Lane::training, live.size(), std::ref(keep));
  return 0;
}

void Panel::State::hash_images(std::size_t part) {
  const std::size_t first = part * images_at_once;
  const std::size_t last = std::min(image_hashes.size(), first + images_at_once);
  for (const PackedRows* rows : live_rows) {
    if (rows->images() == image_hashes.size()) rows->add_to(image_hashes, first, last);
  }
}

void Panel::State::count_different(PanelMoments& block) const {
  for (const ImageHash& image : image_hashes) {
    if (!image.has_rows) continue;
    if (image.has_fractions) {
      block.different.add(image.value);
    } else {
      block.different.add_unlike();
    }
  }
}

void Panel::State::drop_unpaired_rows() {
  for (PanelPair& pair : pairs) {
    const PanelTap& x = taps[pair.x];
    const PanelTap& y = taps[pair.y];
    if (pair.left || x.left || y.left || x.rows.pairs_with(y.rows)) continue;
    pair.left = true;
    for (PanelMoments& block : blocks) {
      block.pairs[static_cast<std::size_t>(&pair - pairs.data())].moments.reset();
    }
    faults.push_back({FaultKind::rows_differ, x.name.text() + " with " + y.name.text(),
                      expected_pairing(x.rows, y.rows)});
  }
}

MomentsOptions Panel::State::moments_options() const {
  return {.precision = options.precision, .norm_sums = options.norm_sums};
}

void Panel::State::make_moments(std::size_t index) {
  const PanelTap& tap = taps[index];
  for (PanelMoments& block : blocks) {
    TapMoments& kept = block.taps[index];
    kept.grid = tap.reading.grid_of_rows(tap.shape->grid);
    kept.features_of_tap = tap.features_of_tap();
    kept.feature_seed = options.feature_seed;
    kept.dtype = tap.rows.dtype();
    if (!tap.recording && !kept.moments) kept.moments.emplace(tap.features(), moments_options());
  }
}

void Panel::State::make_moments_of_pair(std::size_t index) {
  const std::size_t features_x = taps[pairs[index].x].features();
  const std::size_t features_y = taps[pairs[index].y].features();
  for (PanelMoments& block : blocks) {
    std::optional<CrossMoments>& moments = block.pairs[index].moments;
    if (!moments) moments.emplace(features_x, features_y, moments_options());
  }
}

void Panel::State::keep_rows(std::size_t index, std::size_t block, double decay) {
  PanelTap& tap = taps[index];
  TapMoments& kept = blocks[block].taps[index];
  kept.samples_left_out += masks.valid_rows(tap.place_among_live) - tap.rows.weights().samples;
  tap.place = update.add_kept_rows(tap.rows, options.precision);
  tap.fed = true;
  if (!tap.recording) update.add(*kept.moments, tap.place, decay);
}

void Panel::State::accumulate(std::size_t step_images, std::size_t hash_parts) {
  const std::size_t block = turn_to_next_block();
  const double decay = decay_until(clock + step_images, block);
  update.begin();
  for (std::size_t i = 0; i < taps.size(); ++i) {
    PanelTap& tap = taps[i];
    if (tap.left) continue;
    make_moments(i);
    keep_rows(i, block, decay);
    if (!tap.recording) continue;
    tap.recording->add(block, tap.first_row, masks.of(tap.place_among_live));
  }
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    const PanelTap& x = taps[pairs[p].x];
    const PanelTap& y = taps[pairs[p].y];
    if (pairs[p].left || x.left || y.left) continue;
    make_moments_of_pair(p);
    update.add(*blocks[block].pairs[p].moments, x.place, y.place, decay);
  }
  for (PanelMoments& part : blocks) part.different.reserve();
  const auto hash = [this](std::size_t part) { hash_images(part); };
  update.run(hash_parts, std::ref(hash));
  count_different(blocks[block]);
  block_clock[block] = clock + step_images;
  blocks[block].images += step_images;
  ++blocks[block].steps_committed;
}

void Panel::State::close_step() {
  step_open = false;
  for (PanelTap& tap : taps) tap.observed = false;
}

Panel::Step::Step(Step&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}

Panel::Step::~Step() {
  if (state_ == nullptr) return;
  ++state_->steps_discarded;
  state_->close_step();
}

const PackedRows* Panel::Step::observe(std::size_t tap_index, const ActivationView& view,
                                       const SequenceMask& mask) {
  if (state_ == nullptr) throw Error("panel step: observed after its commit");
  PanelTap& tap = state_->tap_to_observe(tap_index, false, mask.is_given());
  if (!state_->fit_shape(tap, view)) {
    tap.rows.clear();
    return nullptr;
  }
  return state_->accept(tap, tap.rows.pack(view, tap.reading, state_->options.positions,
                                           state_->images, tap.chosen, mask));
}

const PackedRows* Panel::Step::observe_packed(std::size_t tap_index, PackedRows& rows,
                                              const TapShape& seen) {
  if (state_ == nullptr) throw Error("panel step: observed after its commit");
  PanelTap& tap = state_->tap_to_observe(tap_index, false);
  if (!state_->fit_shape(tap, seen)) {
    tap.rows.clear();
    return nullptr;
  }
  std::swap(tap.rows, rows);
  tap.rows.check_rows();
  tap.rows.check_later(false);  // the rows that this tap may pack itself
  if (tap.rows.features() == tap.features()) return &tap.rows;
  return state_->accept(
      tap, Failure{"expected " + std::to_string(tap.features()) + " packed features, got " +
                   std::to_string(tap.rows.features())});
}

void Panel::Step::refuse(std::size_t tap_index, const std::string& why) {
  if (state_ == nullptr) throw Error("panel step: observed after its commit");
  PanelTap& tap = state_->tap_to_observe(tap_index, false);
  tap.rows.clear();
  state_->leave(tap, FaultKind::shape_changed, why);
}

const PackedRows* Panel::Step::observe_recorded(std::size_t tap_index, std::uint64_t first,
                                                std::uint64_t count) {
  if (state_ == nullptr) throw Error("panel step: observed after its commit");
  PanelTap& tap = state_->tap_to_observe(tap_index, true);
  tap.first_row = first;
  tap.rows.clear();
  const auto view = tap.source->read(first, count);
  if (!view) {
    state_->leave(tap, FaultKind::unreadable, view.why());
    return nullptr;
  }
  tap.shape->dtype = view->dtype();
  return state_->accept(
      tap, tap.rows.pack_recorded(*view, tap.source->rows_per_image(), tap.source->grid(),
                                  tap.source->valid(first, count)));
}

void Panel::Step::commit() {
  if (state_ == nullptr) throw Error("panel step: committed twice");
  // Cleared only afterwards: if memory runs out inside, the destructor counts the step as
  // discarded.
  state_->commit();
  state_ = nullptr;
}

}  // namespace livecca
