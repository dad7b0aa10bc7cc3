#include "livecca/moments/panel_moments.hpp"

#include <algorithm>

#include "livecca/common/error.hpp"
#include "moments/panel_merge.hpp"

namespace livecca {
namespace {

template <typename Slot>
void merge_present(Slot& into, const Slot& from) {
  if (!from.moments) return;
  if (into.moments) {
    into.moments->merge(*from.moments);
  } else {
    into.moments = from.moments;
  }
}

template <typename Slot>
void merge_whole(Slot& into, const Slot& from) {
  if (into.moments && from.moments) {
    into.moments->merge(*from.moments);
  } else {
    into.moments.reset();
  }
}

/// What the window as a whole has lost, its blocks lose too.
void drop_lost(PanelMoments& block, const PanelMoments& window) {
  for (std::size_t i = 0; i < block.taps.size(); ++i) {
    if (!window.taps[i].moments) block.taps[i].moments.reset();
  }
  for (std::size_t i = 0; i < block.pairs.size(); ++i) {
    if (!window.pairs[i].moments) block.pairs[i].moments.reset();
  }
}

}  // namespace

const char* name_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::missing:
      return "missing";
    case FaultKind::shape_changed:
      return "shape_changed";
    case FaultKind::rows_differ:
      return "rows_differ";
    case FaultKind::nonfinite:
      return "nonfinite";
    case FaultKind::joined_late:
      return "joined_late";
    case FaultKind::over_limit:
      return "over_limit";
    case FaultKind::unreadable:
      return "unreadable";
  }
  return "unknown";
}

void expect_same_layout(const PanelMoments& a, const PanelMoments& b) {
  const bool same_taps =
      std::ranges::equal(a.taps, b.taps, {}, &TapMoments::name, &TapMoments::name);
  const bool same_pairs =
      std::ranges::equal(a.pairs, b.pairs, [](const PairMoments& one, const PairMoments& other) {
        return one.x == other.x && one.y == other.y;
      });
  if (same_taps && same_pairs) return;
  throw Error("merge: expected the same taps and pairs in the same order");
}

std::string text_of(const std::optional<Frequency>& frequency) {
  return frequency ? "frequency " + frequency->text() : "no frequency";
}

std::optional<Fault> misfit(const TapMoments& a, const TapMoments& b) {
  if (!a.moments || !b.moments) return std::nullopt;
  const auto text = [](const TapMoments& tap) {
    std::string words = std::to_string(tap.moments->features());
    if (tap.features_of_tap > tap.moments->features()) {
      words += " of " + std::to_string(tap.features_of_tap);
    }
    words += " features on " + tap.grid.text() + " positions";
    return tap.frequency ? words + " at " + text_of(tap.frequency) : words;
  };
  const bool same_subset =
      a.features_of_tap == b.features_of_tap &&
      (a.features_of_tap == a.moments->features() || a.feature_seed == b.feature_seed);
  if (a.moments->features() == b.moments->features() && a.grid == b.grid && same_subset &&
      a.frequency == b.frequency) {
    return std::nullopt;
  }
  return Fault{FaultKind::shape_changed, a.name.text(),
               "expected a merge with " + text(a) + ", got " + text(b)};
}

void add_present(PanelMoments& into, const PanelMoments& from) {
  for (std::size_t i = 0; i < into.taps.size(); ++i) {
    TapMoments& tap = into.taps[i];
    const TapMoments& other = from.taps[i];
    if (!tap.moments && other.moments) {
      tap.grid = other.grid;
      tap.features_of_tap = other.features_of_tap;
      tap.feature_seed = other.feature_seed;
      tap.frequency = other.frequency;
    }
    merge_present(tap, other);
    tap.samples_left_out += other.samples_left_out;
  }
  for (std::size_t i = 0; i < into.pairs.size(); ++i) merge_present(into.pairs[i], from.pairs[i]);
  into.images += from.images;
  into.steps_committed += from.steps_committed;
}

PanelMoments empty_like(const PanelMoments& other) {
  PanelMoments result;
  for (const TapMoments& tap : other.taps) {
    result.taps.push_back({.name = tap.name,
                           .moments = {},
                           .grid = tap.grid,
                           .features_of_tap = tap.features_of_tap,
                           .feature_seed = tap.feature_seed,
                           .frequency = tap.frequency});
  }
  for (const PairMoments& pair : other.pairs) result.pairs.push_back({pair.x, pair.y, {}});
  return result;
}

void merge(PanelMoments& into, const PanelMoments& from) {
  expect_same_layout(into, from);
  into.faults.insert(into.faults.end(), from.faults.begin(), from.faults.end());
  into.steps_discarded += from.steps_discarded;
  if (from.steps_committed == 0) return;
  if (into.steps_committed == 0) {
    add_present(into, from);
    into.blocks = from.blocks;
    return;
  }
  for (std::size_t i = 0; i < into.taps.size(); ++i) {
    TapMoments& tap = into.taps[i];
    if (auto fault = misfit(tap, from.taps[i])) {
      into.faults.push_back(std::move(*fault));
      tap.moments.reset();
    }
    merge_whole(tap, from.taps[i]);
    tap.samples_left_out += from.taps[i].samples_left_out;
  }
  for (std::size_t i = 0; i < into.pairs.size(); ++i) {
    PairMoments& pair = into.pairs[i];
    if (!into.taps[pair.x].moments || !into.taps[pair.y].moments) pair.moments.reset();
    merge_whole(pair, from.pairs[i]);
  }
  into.images += from.images;
  into.steps_committed += from.steps_committed;
  if (into.blocks.size() != from.blocks.size()) into.blocks.clear();
  for (std::size_t i = 0; i < into.blocks.size(); ++i) {
    drop_lost(into.blocks[i], into);
    PanelMoments other = from.blocks[i];
    drop_lost(other, into);
    add_present(into.blocks[i], other);
  }
}

}  // namespace livecca
