#include "livecca/common/error.hpp"
#include "moments/panel/panel_state.hpp"
#include "moments/panel_merge.hpp"

namespace livecca {

PanelProgress Panel::State::progress() const {
  PanelProgress result;
  for (const PanelTap& tap : taps) {
    result.taps.push_back({.shape = tap.shape,
                           .shape_given = tap.shape_given,
                           .shape_of_rows = tap.shape_of_rows,
                           .left = tap.left,
                           .fed = tap.fed});
  }
  for (const PanelPair& pair : pairs) result.pairs_left.push_back(pair.left);
  result.block_clock = block_clock;
  result.current_block = current_block;
  result.turns = turns;
  result.images = images;
  result.clock = clock;
  result.steps = steps;
  return result;
}

void Panel::State::expect_own(const PanelMoments& window, const PanelProgress& progress) const {
  expect_same_layout(blocks.front(), window);
  for (const PanelTap& tap : taps) {
    if (tap.source) throw Error("panel restore: expected no recorded tap, got " + tap.name.text());
  }
  const std::size_t parts = window.blocks.empty() ? 1 : window.blocks.size();
  if (parts != blocks.size() || progress.block_clock.size() != blocks.size() ||
      progress.current_block >= blocks.size()) {
    throw Error("panel restore: expected a window in " + std::to_string(blocks.size()) +
                " parts, got " + std::to_string(parts));
  }
  if (progress.taps.size() != taps.size() || progress.pairs_left.size() != pairs.size()) {
    throw Error("panel restore: expected progress of " + std::to_string(taps.size()) +
                " taps and " + std::to_string(pairs.size()) + " pairs, got " +
                std::to_string(progress.taps.size()) + " and " +
                std::to_string(progress.pairs_left.size()));
  }
  for (const PanelMoments& block : window.blocks) expect_same_layout(blocks.front(), block);
}

void Panel::State::restore(const PanelMoments& window, const PanelProgress& progress) {
  expect_own(window, progress);
  begin_window();
  for (std::size_t i = 0; i < taps.size(); ++i) {
    const PanelProgress::Tap& from = progress.taps[i];
    if (from.shape) set_shape(taps[i], *from.shape);
    taps[i].shape_given = from.shape_given;
    taps[i].shape_of_rows = from.shape_of_rows;
    taps[i].left = from.left;
    taps[i].fed = from.fed;
  }
  for (std::size_t p = 0; p < pairs.size(); ++p) pairs[p].left = progress.pairs_left[p];
  block_clock = progress.block_clock;
  current_block = static_cast<std::size_t>(progress.current_block);
  turns = progress.turns;
  images = progress.images;
  clock = progress.clock;
  steps = progress.steps;
  faults = window.faults;
  steps_discarded = window.steps_discarded;
  for (std::size_t age = 0; age < blocks.size(); ++age) {
    PanelMoments& block = blocks[block_of_age(age)];
    block = window.blocks.empty() ? window : window.blocks[age];
    block.blocks.clear();
    block.faults.clear();
    block.steps_discarded = 0;
  }
}

PanelProgress Panel::progress() const { return state_->progress(); }

void Panel::restore(const PanelMoments& window, const PanelProgress& progress) {
  state_->expect_no_step();
  state_->restore(window, progress);
}

}  // namespace livecca
