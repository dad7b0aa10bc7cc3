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

/// Loses a tap, with a Fault, whose moments are not of the same neurons on both sides.
void drop_misfit(PanelMoments& into, TapMoments& tap, const TapMoments& from) {
  if (!tap.moments || !from.moments) return;
  auto fault = misfit(tap.name, cut_of(tap), cut_of(from));
  if (!fault) return;
  into.faults.push_back(std::move(*fault));
  tap.moments.reset();
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
  return nullptr;
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

TapCut cut_of(const TapMoments& tap) {
  return {.features = tap.moments->features(),
          // Moments that were made elsewhere need not say that nothing was cut.
          .features_of_tap = std::max(tap.features_of_tap, tap.moments->features()),
          .feature_seed = tap.feature_seed,
          .grid = tap.grid,
          .frequency = tap.frequency};
}

std::optional<Fault> misfit(const TapName& name, const TapCut& expected, const TapCut& got) {
  const bool of_frequencies = expected.frequency || got.frequency;
  const auto text = [of_frequencies](const TapCut& cut) {
    std::string words = std::to_string(cut.features);
    if (cut.is_choice()) words += " of " + std::to_string(cut.features_of_tap);
    words += " features";
    if (cut.is_choice()) words += ", chosen with seed " + std::to_string(cut.feature_seed) + ",";
    words += " on " + cut.grid.text() + " positions";
    return of_frequencies ? words + " at " + text_of(cut.frequency) : words;
  };
  const bool same_choice = !expected.is_choice() || expected.feature_seed == got.feature_seed;
  if (expected.features == got.features && expected.features_of_tap == got.features_of_tap &&
      expected.grid == got.grid && expected.frequency == got.frequency && same_choice) {
    return std::nullopt;
  }
  return Fault{FaultKind::shape_changed, name.text(),
               "expected a merge with " + text(expected) + ", got " + text(got)};
}

std::string pair_misfit(const PanelMoments& window, const PairMoments& pair) {
  const std::size_t count = window.taps.size();
  if (pair.x >= count || pair.y >= count) {
    return "expected taps below " + std::to_string(count) + ", got " + std::to_string(pair.x) +
           " and " + std::to_string(pair.y);
  }
  const auto& x = window.taps[pair.x].moments;
  const auto& y = window.taps[pair.y].moments;
  if (!pair.moments || !x || !y) return "";
  if (pair.moments->features_x() == x->features() && pair.moments->features_y() == y->features()) {
    return "";
  }
  const auto text = [](std::size_t of_x, std::size_t of_y) {
    return std::to_string(of_x) + " x " + std::to_string(of_y);
  };
  return "expected cross moments of " + text(x->features(), y->features()) +
         " features, as its taps have, got " +
         text(pair.moments->features_x(), pair.moments->features_y());
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
      tap.dtype = other.dtype;
    } else if (other.moments && tap.dtype != other.dtype) {
      tap.dtype.reset();
    }
    merge_present(tap, other);
    tap.samples_left_out += other.samples_left_out;
    tap.images_again = {};  // of one side only
  }
  for (std::size_t i = 0; i < into.pairs.size(); ++i) merge_present(into.pairs[i], from.pairs[i]);
  into.images += from.images;
  into.different.merge(from.different);
  into.steps_committed += from.steps_committed;
}

void drop_without_rows(PanelMoments& part) {
  for (TapMoments& tap : part.taps) {
    if (tap.moments && tap.moments->samples() == 0) tap.moments.reset();
  }
  for (PairMoments& pair : part.pairs) {
    if (pair.moments && pair.moments->samples() == 0) pair.moments.reset();
  }
}

PanelMoments empty_like(const PanelMoments& other) {
  PanelMoments result;
  for (const TapMoments& tap : other.taps) {
    result.taps.push_back({.name = tap.name,
                           .moments = {},
                           .grid = tap.grid,
                           .features_of_tap = tap.features_of_tap,
                           .feature_seed = tap.feature_seed,
                           .frequency = tap.frequency,
                           .dtype = tap.dtype});
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
    into.blocks_by_age = from.blocks_by_age;
    return;
  }
  for (std::size_t i = 0; i < into.taps.size(); ++i) {
    TapMoments& tap = into.taps[i];
    drop_misfit(into, tap, from.taps[i]);
    merge_whole(tap, from.taps[i]);
    tap.samples_left_out += from.taps[i].samples_left_out;
  }
  for (std::size_t i = 0; i < into.pairs.size(); ++i) {
    PairMoments& pair = into.pairs[i];
    if (!into.taps[pair.x].moments || !into.taps[pair.y].moments) pair.moments.reset();
    merge_whole(pair, from.pairs[i]);
  }
  into.images += from.images;
  into.different.merge(from.different);
  into.steps_committed += from.steps_committed;
  if (into.blocks.size() != from.blocks.size()) into.blocks.clear();
  into.blocks_by_age &= from.blocks_by_age && !into.blocks.empty();
  for (std::size_t i = 0; i < into.blocks.size(); ++i) {
    drop_lost(into.blocks[i], into);
    PanelMoments other = from.blocks[i];
    drop_lost(other, into);
    add_present(into.blocks[i], other);
  }
}

}  // namespace livecca
