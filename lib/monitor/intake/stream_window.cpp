#include "monitor/intake/stream_window.hpp"

#include <algorithm>
#include <utility>

#include "livecca/common/error.hpp"
#include "monitor/comparison/asked_measures.hpp"
#include "monitor/intake/kept_reason.hpp"

namespace livecca {
namespace {

PanelOptions panel_options(Stream stream, const MonitorOptions& options) {
  const Window window = stream == Stream::probe ? Window::since_snapshot() : options.train_window;
  PanelOptions result;
  result.positions = options.positions;
  result.window = window;
  result.precision = options.precision;
  result.error_blocks = window.kind == Window::Kind::last_blocks ? 0 : options.error_blocks;
  result.norm_sums = window.kind != Window::Kind::exponential && needs_norm_sums(options);
  result.max_features = options.max_features;
  result.feature_seed = options.feature_seed;
  result.memory_limit = options.memory_limit;
  return result;
}

/// The other's taps and pairs, found by name, as the panel has its own. Of `own` only names count.
PanelMoments arranged_like(const PanelMoments& own, const PanelMoments& other) {
  PanelMoments result;
  const auto text = [](const PanelMoments& of, const PairMoments& pair) {
    return of.taps[pair.x].name.text() + " with " + of.taps[pair.y].name.text();
  };
  for (const TapMoments& tap : own.taps) {
    const auto found = std::ranges::find(other.taps, tap.name, &TapMoments::name);
    result.taps.push_back(found == other.taps.end() ? TapMoments{.name = tap.name, .moments = {}}
                                                    : *found);
  }
  for (const PairMoments& pair : own.pairs) {
    const auto found = std::ranges::find_if(other.pairs, [&](const PairMoments& candidate) {
      const bool has_taps = candidate.x < other.taps.size() && candidate.y < other.taps.size();
      return has_taps && text(other, candidate) == text(own, pair);
    });
    result.pairs.push_back({pair.x, pair.y, {}});
    if (found != other.pairs.end()) result.pairs.back().moments = found->moments;
  }
  result.images = other.images;
  result.steps_committed = other.steps_committed;
  result.steps_discarded = other.steps_discarded;
  result.faults = other.faults;
  return result;
}

}  // namespace

StreamWindow::StreamWindow(Stream stream, const MonitorOptions& options, Executor& executor)
    : stream_(stream), options_(options), panel_(executor, panel_options(stream, options)) {}

void StreamWindow::add_pairs(std::size_t index, const WatchedTaps& taps) {
  const WatchedTap& tap = taps.at(index);
  const bool trained = tap.network == options_.network;
  for (std::size_t other = 0; other < index; ++other) {
    const WatchedTap& earlier = taps.at(other);
    if (trained == (earlier.network == options_.network)) continue;
    const std::size_t x = trained ? index : other;
    const std::size_t y = trained ? other : index;
    if (options_.pairing.pairs(taps.at(x).layer, taps.at(y).layer)) panel_.add_pair(x, y);
  }
}

void StreamWindow::add_new(const WatchedTaps& taps, std::size_t count) {
  for (std::size_t i = panel_.tap_count(); i < std::min(count, taps.size()); ++i) {
    const WatchedTap& tap = taps.at(i);
    panel_.add_tap({tap.network, tap.layer}, tap.reading, tap.shape);
    try {
      add_pairs(i, taps);
    } catch (...) {
      panel_.remove_last_tap();
      throw;
    }
  }
}

void StreamWindow::saw(std::size_t tap, const PackedRows* rows) {
  facts_.taps.insert(tap);
  if (rows == nullptr) return;
  if (facts_.nonfinite.size() <= tap) facts_.nonfinite.resize(tap + 1);
  facts_.nonfinite[tap] +=
      static_cast<std::uint64_t>(std::ranges::count(rows->finite(), std::uint8_t{0}));
}

void StreamWindow::feed_moments(const PanelMoments& moments, const WatchedTaps& taps,
                                const Recorder& record) {
  panel_.merge(arranged_like(panel_.copy_names(), moments));
  for (std::size_t i = 0; i < panel_.tap_count(); ++i) {
    const TapName name{taps.at(i).network, taps.at(i).layer};
    if (std::ranges::find(moments.taps, name, &TapMoments::name) != moments.taps.end()) {
      saw(i, nullptr);
    }
    if (name.network == options_.network) record(i, nullptr);
  }
}

void StreamWindow::feed(StepBuffer& buffer, const WatchedTaps& taps, const Recorder& record) {
  ++facts_.steps;
  for (const auto& [network, is_training] : buffer.training_modes) {
    facts_.training_modes[network] |= is_training;
  }
  if (buffer.moments) {
    feed_moments(*buffer.moments, taps, record);
    return;
  }
  Panel::Step step = panel_.begin();
  const std::size_t count = std::min(panel_.tap_count(), taps.size());
  for (std::size_t i = 0; i < count; ++i) {
    const WatchedTap& tap = taps.at(i);
    const bool observed = i < buffer.taps.size() && buffer.taps[i].observed;
    const PackedRows* rows = nullptr;
    if (observed) {
      TapBuffer& seen = buffer.taps[i];
      if (seen.refused.empty()) {
        rows = step.observe_packed(i, seen.rows, seen.shape);
      } else {
        step.refuse(i, seen.refused);
      }
      saw(i, rows);
    }
    if (tap.network == options_.network) record(i, rows);
  }
  step.commit();
}

void StreamWindow::drop(const std::string& reason) noexcept {
  panel_.discard_window();
  if (facts_.dropped.empty()) keep_reason(facts_.dropped, reason);
}

void StreamWindow::abandon() noexcept {
  panel_.discard_window();
  facts_.steps = 0;
  facts_.dropped.clear();
  facts_.nonfinite.clear();
  facts_.training_modes.clear();
}

EndedWindow StreamWindow::end() {
  EndedWindow ended;
  ended.taps = facts_.taps;
  ended.nonfinite = facts_.nonfinite;
  ended.nonfinite.resize(panel_.tap_count());
  ended.training_modes = facts_.training_modes;
  ended.moments = panel_.roll_window();
  ended.dropped = std::exchange(facts_.dropped, {});
  facts_.nonfinite.clear();
  facts_.training_modes.clear();
  facts_.steps = 0;
  if (!ended.dropped.empty()) {
    // What came after the drop is a part of the window only.
    for (TapMoments& tap : ended.moments.taps) tap.moments.reset();
    ended.moments.blocks.clear();
  }
  return ended;
}

void StreamWindow::restore(const PanelMoments& window, const PanelProgress& progress, Facts facts) {
  panel_.restore(window, progress);
  facts_ = std::move(facts);
}

}  // namespace livecca
