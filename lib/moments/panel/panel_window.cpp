#include <algorithm>
#include <cmath>

#include "livecca/common/error.hpp"
#include "moments/panel/panel_state.hpp"
#include "moments/panel_merge.hpp"

namespace livecca {

std::size_t Panel::State::turn_to_next_block() {
  if (in_one_piece()) return static_cast<std::size_t>(turns++ % blocks.size());
  if (blocks[current_block].images < options.window.images_per_block) return current_block;
  current_block = (current_block + 1) % blocks.size();
  PanelMoments& block = blocks[current_block];
  // In place: a ring that turns allocates nothing.
  for (std::size_t i = 0; i < taps.size(); ++i) {
    if (block.taps[i].moments) block.taps[i].moments->reset();
    block.taps[i].samples_left_out = 0;
    if (taps[i].recording) taps[i].recording->clear(current_block);
  }
  for (PairMoments& pair : block.pairs) {
    if (pair.moments) pair.moments->reset();
  }
  block.images = 0;
  block.different.clear();
  block.steps_committed = 0;
  return current_block;
}

std::size_t Panel::State::block_of_age(std::size_t age) const {
  return in_one_piece() ? age : (current_block + 1 + age) % blocks.size();
}

double Panel::State::decay_until(std::uint64_t now, std::size_t block) const {
  if (options.window.kind != Window::Kind::exponential) return 1;
  return std::exp2(-static_cast<double>(now - block_clock[block]) / options.window.half_life);
}

void Panel::State::decay_until_now(std::size_t block, PanelMoments& moments) const {
  const double factor = decay_until(clock, block);
  if (factor == 1) return;
  for (TapMoments& tap : moments.taps) {
    if (tap.moments) tap.moments->decay(factor);
  }
  for (PairMoments& pair : moments.pairs) {
    if (pair.moments) pair.moments->decay(factor);
  }
}

void Panel::State::bring_up_to_date(std::size_t block) {
  decay_until_now(block, blocks[block]);
  block_clock[block] = clock;
}

PanelMoments Panel::State::assemble(bool end, bool as_of_now) {
  if (end) {
    for (std::size_t b = 0; b < blocks.size(); ++b) bring_up_to_date(b);
  }
  // The empty ones first: without memory for them the blocks must stay where they are.
  std::vector<PanelMoments> parts;
  parts.reserve(blocks.size());
  for (const PanelMoments& block : blocks) parts.push_back(end ? empty_like(block) : block);
  if (!end) {
    // Copies decay, the window does not: a second decay would round once more.
    for (std::size_t b = 0; as_of_now && b < parts.size(); ++b) decay_until_now(b, parts[b]);
    return assembled(parts);
  }
  std::swap(parts, blocks);
  try {
    return assembled(parts);
  } catch (...) {
    std::swap(parts, blocks);
    // With a recording the parts may hold some of its rows already.
    if (std::ranges::any_of(taps, [](const PanelTap& tap) { return tap.recording != nullptr; })) {
      begin_window();
    }
    throw;
  }
}

void Panel::State::add_recorded(std::vector<PanelMoments>& parts) {
  for (std::size_t i = 0; i < taps.size(); ++i) {
    if (!taps[i].recording) continue;
    for (std::size_t b = 0; b < parts.size() && !taps[i].left; ++b) {
      const auto read = taps[i].recording->moments(b, executor);
      const Moments* own = read ? *read : nullptr;
      if (own == nullptr) {
        leave(taps[i], FaultKind::unreadable, read.why());
        for (PanelMoments& part : parts) part.taps[i].moments.reset();
      } else if (std::optional<Moments>& moments = parts[b].taps[i].moments; moments) {
        moments->merge(*own);
      } else if (own->samples() > 0) {
        moments = *own;
      }
    }
  }
}

PanelMoments Panel::State::assembled(std::vector<PanelMoments>& parts) {
  add_recorded(parts);
  std::vector<Fault> its_faults = faults;
  PanelMoments result;
  if (parts.size() == 1) {
    result = std::move(parts.front());
  } else {
    result = empty_like(parts.front());
    for (std::size_t age = 0; age < parts.size(); ++age) {
      add_present(result, parts[block_of_age(age)]);
    }
    // From here on nothing takes memory.
    std::rotate(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(block_of_age(0)),
                parts.end());
    for (PanelMoments& part : parts) drop_without_rows(part);
    result.blocks = std::move(parts);
    result.blocks_by_age = !in_one_piece();
  }
  result.steps_discarded = steps_discarded;
  result.faults = std::move(its_faults);
  return result;
}

void Panel::State::begin_anew(std::vector<bool>& anew) const {
  for (std::size_t i = 0; i < taps.size(); ++i) anew[i] = taps[i].left;
  for (const PanelPair& pair : pairs) {
    if (pair.left) anew[pair.x] = anew[pair.y] = true;
  }
  // A tap that begins anew takes along what it is paired with, and so on.
  for (bool changed = true; changed;) {
    changed = false;
    for (const PanelPair& pair : pairs) {
      if (anew[pair.x] == anew[pair.y]) continue;
      anew[pair.x] = anew[pair.y] = true;
      changed = true;
    }
  }
}

void Panel::State::rejoin(const std::vector<bool>& anew) {
  for (std::size_t i = 0; i < taps.size(); ++i) {
    if (anew[i]) restart_tap(i);
  }
  for (PanelPair& pair : pairs) {
    if (anew[pair.x]) pair.left = false;
  }
}

void Panel::State::expect_cut(PanelTap& tap, const TapMoments& from) {
  const TapCut got = cut_of(from);
  if (!tap.fed && !tap.shape_given) {
    if (!set_shape_within_limit(tap, {.features = got.features_of_tap, .grid = got.grid})) return;
    tap.shape_of_rows = true;
  }
  const Grid grid = tap.shape_of_rows ? tap.shape->grid : tap.reading.grid_of_rows(tap.shape->grid);
  const TapCut expected{.features = tap.features(),
                        .features_of_tap = tap.features_of_tap(),
                        .feature_seed = options.feature_seed,
                        .grid = grid,
                        .frequency = tap.frequency};
  const auto fault = misfit(tap.name, expected, got);
  if (fault) leave(tap, fault->kind, fault->message);
}

void Panel::State::drop_misfits(const PanelMoments& other) {
  for (std::size_t i = 0; i < taps.size(); ++i) {
    if (taps[i].left) continue;
    if (other.taps[i].moments) {
      expect_cut(taps[i], other.taps[i]);
    } else {
      // Lost over a part of the window: what there is does not say so.
      drop_moments(i);
      taps[i].left = true;
    }
  }
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    const std::string why = pair_misfit(other, other.pairs[p]);
    if (!why.empty()) {
      faults.push_back({FaultKind::shape_changed,
                        taps[pairs[p].x].name.text() + " with " + taps[pairs[p].y].name.text(),
                        why});
    } else if (other.pairs[p].moments && !taps[pairs[p].x].left && !taps[pairs[p].y].left) {
      continue;
    }
    pairs[p].left = true;
    for (PanelMoments& block : blocks) block.pairs[p].moments.reset();
  }
}

void Panel::State::merge_into(std::size_t block, PanelMoments part) {
  bring_up_to_date(block);
  for (std::size_t i = 0; i < taps.size(); ++i) {
    if (taps[i].left) part.taps[i].moments.reset();
  }
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    if (pairs[p].left) part.pairs[p].moments.reset();
  }
  add_present(blocks[block], part);
}

void Panel::State::merge(const PanelMoments& other) {
  expect_same_layout(blocks.front(), other);
  const bool by_block = blocks.size() > 1 && !other.blocks.empty();
  if (by_block && other.blocks.size() != blocks.size()) {
    throw Error("panel merge: expected " + std::to_string(blocks.size()) + " blocks or none, got " +
                std::to_string(other.blocks.size()));
  }
  if (by_block && !in_one_piece() && !other.blocks_by_age) {
    throw Error(
        "panel merge: expected blocks by age, as a window of last blocks has them, got blocks in "
        "turn");
  }
  faults.insert(faults.end(), other.faults.begin(), other.faults.end());
  steps_discarded += other.steps_discarded;
  if (other.steps_committed == 0) return;
  drop_misfits(other);
  if (by_block) {
    for (std::size_t b = 0; b < blocks.size(); ++b) merge_into(block_of_age(b), other.blocks[b]);
  } else {
    merge_into(turn_to_next_block(), other);
  }
  for (PanelTap& tap : taps) tap.fed |= !tap.left;
  images += other.images;
  steps += other.steps_committed;
}

}  // namespace livecca
