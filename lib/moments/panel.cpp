#include "livecca/moments/panel.hpp"

#include <algorithm>

#include "livecca/common/error.hpp"
#include "moments/panel_state.hpp"

namespace livecca {

void Panel::State::leave(PanelTap& tap, FaultKind kind, const std::string& message) {
  tap.moments.reset();
  if (tap.left) return;
  tap.left = true;
  faults.push_back({kind, tap.name.text(), message});
}

void Panel::State::begin_window() {
  for (PanelTap& tap : taps) {
    tap.moments.reset();
    tap.left = false;
    tap.samples_left_out = 0;
  }
  for (PanelPair& pair : pairs) {
    pair.moments.reset();
    pair.left = false;
  }
  faults.clear();
  images = 0;
  steps_committed = 0;
  steps_discarded = 0;
}

Panel::Panel(Executor& executor, PanelOptions options)
    : state_(new State{
          .executor = executor, .options = options, .taps = {}, .pairs = {}, .faults = {}}) {}
Panel::~Panel() = default;
Panel::Panel(Panel&&) noexcept = default;

std::size_t Panel::add_tap(TapName name, Layout layout) {
  for (const PanelTap& tap : state_->taps) {
    if (tap.name == name) throw Error(name.text() + ": expected a new tap, it is there already");
  }
  state_->taps.push_back(
      {.name = std::move(name), .layout = layout, .moments = {}, .grid = {}, .rows = {}});
  if (state_->steps_committed > 0) {
    state_->leave(state_->taps.back(), FaultKind::joined_late,
                  "expected before the window's first step, joined after step " +
                      std::to_string(state_->steps_committed) + "; it counts from the next window");
  }
  return state_->taps.size() - 1;
}

std::size_t Panel::add_pair(std::size_t x, std::size_t y) {
  if (x >= tap_count() || y >= tap_count()) {
    throw Error("panel pair: expected taps below " + std::to_string(tap_count()) + ", got " +
                std::to_string(x) + " and " + std::to_string(y));
  }
  // A pair that joins late has seen fewer rows than its taps: it waits for the next window too.
  state_->pairs.push_back({.x = x, .y = y, .moments = {}, .left = state_->steps_committed > 0});
  return state_->pairs.size() - 1;
}

std::size_t Panel::tap_count() const { return state_->taps.size(); }
std::size_t Panel::pair_count() const { return state_->pairs.size(); }
std::uint64_t Panel::images() const { return state_->images; }

Panel::Step Panel::begin() {
  if (state_->step_open) throw Error("panel: expected the open step to be committed first");
  state_->step_open = true;
  return Step(*state_);
}

namespace {

/// Merges one tap's or pair's moments. What one side lost over its window stays lost: half the rows
/// would not say so.
template <typename Accumulator>
void merge_slot(std::optional<Accumulator>& into, bool& left, bool into_is_new,
                const std::optional<Accumulator>& from) {
  if (into_is_new && !left) {
    into = from;
    left = !from;
  } else if (into && from) {
    into->merge(*from);
  } else {
    into.reset();
    left = true;
  }
}

}  // namespace

void Panel::State::drop_misfits(const PanelMoments& other) {
  for (std::size_t i = 0; i < taps.size(); ++i) {
    PanelTap& tap = taps[i];
    const TapMoments& from = other.taps[i];
    if (!tap.moments || !from.moments) continue;
    if (tap.moments->features() == from.moments->features() && tap.grid == from.grid) continue;
    leave(tap, FaultKind::shape_changed,
          "expected a merge with " + std::to_string(tap.moments->features()) +
              " features on the same grid of positions, got " +
              std::to_string(from.moments->features()));
  }
  for (PanelPair& pair : pairs) {
    if (!taps[pair.x].left && !taps[pair.y].left) continue;
    pair.left = true;
    pair.moments.reset();
  }
}

void Panel::merge(const PanelMoments& other) {
  State& state = *state_;
  const bool same_taps =
      std::ranges::equal(state.taps, other.taps,
                         [](const PanelTap& a, const TapMoments& b) { return a.name == b.name; });
  const bool same_pairs = std::ranges::equal(
      state.pairs, other.pairs,
      [](const PanelPair& a, const PairMoments& b) { return a.x == b.x && a.y == b.y; });
  if (!same_taps || !same_pairs) {
    throw Error("panel merge: expected the same taps and pairs in the same order");
  }
  if (state.step_open) throw Error("panel merge: expected the open step to be committed first");
  state.faults.insert(state.faults.end(), other.faults.begin(), other.faults.end());
  state.steps_discarded += other.steps_discarded;
  if (other.steps_committed == 0) return;
  const bool is_new = state.steps_committed == 0;
  state.drop_misfits(other);
  for (std::size_t i = 0; i < state.taps.size(); ++i) {
    merge_slot(state.taps[i].moments, state.taps[i].left, is_new, other.taps[i].moments);
    state.taps[i].samples_left_out += other.taps[i].samples_left_out;
    if (is_new) state.taps[i].grid = other.taps[i].grid;
  }
  for (std::size_t i = 0; i < state.pairs.size(); ++i) {
    merge_slot(state.pairs[i].moments, state.pairs[i].left, is_new, other.pairs[i].moments);
  }
  state.images += other.images;
  state.steps_committed += other.steps_committed;
}

PanelMoments Panel::take() {
  State& state = *state_;
  if (state.step_open) throw Error("panel: expected the open step to be committed first");
  PanelMoments result;
  for (PanelTap& tap : state.taps) {
    result.taps.push_back({tap.name, std::move(tap.moments), tap.grid, tap.samples_left_out});
  }
  for (PanelPair& pair : state.pairs) {
    result.pairs.push_back({pair.x, pair.y, std::move(pair.moments)});
  }
  result.images = state.images;
  result.steps_committed = state.steps_committed;
  result.steps_discarded = state.steps_discarded;
  result.faults = std::move(state.faults);
  state.begin_window();
  return result;
}

PanelMoments Panel::moments() const {
  PanelMoments result;
  for (const PanelTap& tap : state_->taps) {
    result.taps.push_back({tap.name, tap.moments, tap.grid, tap.samples_left_out});
  }
  for (const PanelPair& pair : state_->pairs) {
    result.pairs.push_back({pair.x, pair.y, pair.moments});
  }
  result.images = state_->images;
  result.steps_committed = state_->steps_committed;
  result.steps_discarded = state_->steps_discarded;
  result.faults = state_->faults;
  return result;
}

void Panel::reset() {
  if (state_->step_open) throw Error("panel: expected the open step to be committed first");
  state_->begin_window();
}

}  // namespace livecca
