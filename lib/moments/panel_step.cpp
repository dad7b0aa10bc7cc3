#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "livecca/common/error.hpp"
#include "moments/panel_state.hpp"
#include "moments/step_rows.hpp"
#include "moments/tile_update.hpp"

namespace livecca {
namespace {

std::string text_of(const PackedRows& rows) {
  std::string text = std::to_string(rows.images()) + " images";
  if (rows.grid().size() == 1) return text;
  return text + " of " + std::to_string(rows.grid().height) + " x " +
         std::to_string(rows.grid().width) + " positions";
}

std::string percent(double share) { return std::to_string(std::lround(share * 100)) + " %"; }

}  // namespace

PanelTap& Panel::State::tap_to_observe(std::size_t index) {
  if (index >= taps.size()) {
    throw Error("panel step: expected a tap below " + std::to_string(taps.size()) + ", got " +
                std::to_string(index));
  }
  PanelTap& tap = taps[index];
  if (tap.observed) {
    throw Error(tap.name.text() + ": expected one observation in a step, got a second one");
  }
  tap.observed = true;
  return tap;
}

const PackedRows* Panel::State::accept(PanelTap& tap, bool packed, const std::string& why) {
  if (!packed) {
    leave(tap, FaultKind::shape_changed, why);
    return nullptr;
  }
  const PackedRows& rows = tap.rows;
  if (tap.moments && !tap.left &&
      (tap.moments->features() != rows.features() || tap.grid != rows.grid())) {
    const auto text = [](std::size_t features, Grid grid) {
      return std::to_string(features) + " features on " + std::to_string(grid.height) + " x " +
             std::to_string(grid.width) + " positions";
    };
    leave(tap, FaultKind::shape_changed,
          "expected " + text(tap.moments->features(), tap.grid) + " as before, got " +
              text(rows.features(), rows.grid()));
    return nullptr;
  }
  tap.grid = rows.grid();
  return &rows;
}

void Panel::State::commit() {
  drop_unfit_taps();
  center_live_taps();
  drop_unpaired_rows();
  accumulate();
  std::size_t step_images = 0;
  for (const PanelTap& tap : taps) {
    if (tap.observed) step_images = std::max(step_images, tap.rows.images());
  }
  images += step_images;
  ++steps_committed;
  close_step();
}

void Panel::State::drop_unfit_taps() {
  for (PanelTap& tap : taps) {
    if (tap.left) continue;
    if (!tap.observed) {
      leave(tap, FaultKind::missing,
            "expected in every step, not fed in step " + std::to_string(steps_committed + 1) +
                " of this window");
    } else if (const double share = nonfinite_share(tap.rows); share > options.nonfinite_limit) {
      leave(tap, FaultKind::nonfinite,
            "expected at most " + percent(options.nonfinite_limit) +
                " non-finite rows in a step, got " + percent(share));
    }
  }
}

void Panel::State::center_live_taps() {
  std::vector<PanelTap*> live;
  std::vector<const PackedRows*> rows;
  for (PanelTap& tap : taps) {
    if (tap.left) continue;
    live.push_back(&tap);
    rows.push_back(&tap.rows);
  }
  const auto masks = make_masks(rows);
  executor.parallel_for(Lane::training, live.size(),
                        [&](std::size_t i) { live[i]->rows.center(masks[i]); });
  for (PanelTap* tap : live) {
    tap->samples_left_out += tap->rows.images() * tap->rows.rows_per_image() - tap->rows.rows();
    if (!tap->moments) tap->moments.emplace(tap->rows.features());
  }
}

void Panel::State::drop_unpaired_rows() {
  for (PanelPair& pair : pairs) {
    const PanelTap& x = taps[pair.x];
    const PanelTap& y = taps[pair.y];
    if (pair.left || x.left || y.left) continue;
    if (!rows_pair(x.rows, y.rows)) {
      pair.left = true;
      pair.moments.reset();
      faults.push_back(
          {FaultKind::rows_differ, x.name.text() + " with " + y.name.text(),
           "expected rows that pair, got " + text_of(x.rows) + " and " + text_of(y.rows)});
    } else if (!pair.moments) {
      pair.moments.emplace(x.rows.features(), y.rows.features());
    }
  }
}

void Panel::State::accumulate() {
  std::vector<TileUpdate> updates;
  for (PanelTap& tap : taps) {
    if (!tap.left) updates.emplace_back(*tap.moments, tap.rows);
  }
  for (PanelPair& pair : pairs) {
    const PanelTap& x = taps[pair.x];
    const PanelTap& y = taps[pair.y];
    if (!pair.left && !x.left && !y.left) updates.emplace_back(*pair.moments, x.rows, y.rows);
  }
  run_updates(updates, executor);
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

const PackedRows* Panel::Step::observe(std::size_t tap_index, const ActivationView& view) {
  if (state_ == nullptr) throw Error("panel step: observed after its commit");
  PanelTap& tap = state_->tap_to_observe(tap_index);
  std::string why;
  const bool packed =
      tap.rows.pack(view, tap.layout, state_->options.positions, state_->images, why);
  return state_->accept(tap, packed, why);
}

const PackedRows* Panel::Step::observe_recorded(std::size_t tap_index, const ActivationView& view,
                                                std::size_t rows_per_image, Grid grid) {
  if (state_ == nullptr) throw Error("panel step: observed after its commit");
  PanelTap& tap = state_->tap_to_observe(tap_index);
  std::string why;
  const bool packed = tap.rows.pack_recorded(view, rows_per_image, grid, why);
  return state_->accept(tap, packed, why);
}

void Panel::Step::commit() {
  if (state_ == nullptr) throw Error("panel step: committed twice");
  // Cleared only afterwards: if memory runs out inside, the destructor counts the step as
  // discarded.
  state_->commit();
  state_ = nullptr;
}

}  // namespace livecca
