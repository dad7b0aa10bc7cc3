#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "livecca/moments/panel.hpp"

namespace livecca {

struct PanelTap {
  TapName name;
  Layout layout;
  std::optional<Moments> moments;
  Grid grid;
  bool left = false;      ///< out until the next window
  bool observed = false;  ///< in the open step
  PackedRows rows;        ///< of the open step; its memory is reused by the next
  std::uint64_t samples_left_out = 0;
};

struct PanelPair {
  std::size_t x;
  std::size_t y;
  std::optional<CrossMoments> moments;
  bool left = false;
};

struct Panel::State {
  Executor& executor;
  PanelOptions options;
  std::deque<PanelTap> taps;  ///< a deque: taps may join while a step points at others' rows
  std::vector<PanelPair> pairs;
  std::vector<Fault> faults;
  std::uint64_t images = 0;
  std::uint64_t steps_committed = 0;
  std::uint64_t steps_discarded = 0;
  bool step_open = false;

  void leave(PanelTap& tap, FaultKind kind, const std::string& message);
  void begin_window();
  /// Lets go what a merge cannot join, before anything is merged.
  void drop_misfits(const PanelMoments& other);

  PanelTap& tap_to_observe(std::size_t index);
  /// Takes a tap's packed rows into the open step, if they fit the window's earlier ones.
  const PackedRows* accept(PanelTap& tap, bool packed, const std::string& why);

  void commit();
  void drop_unfit_taps();
  void center_live_taps();
  void drop_unpaired_rows();
  void accumulate();
  void close_step();
};

}  // namespace livecca
