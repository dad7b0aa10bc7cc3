#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/layout.hpp"
#include "livecca/activations/packed_rows.hpp"
#include "livecca/common/executor.hpp"
#include "livecca/common/export.hpp"
#include "livecca/moments/cross_moments.hpp"
#include "livecca/moments/moments.hpp"

namespace livecca {

/// One observation point.
struct TapName {
  std::string network;
  std::string layer;

  /// "network/layer"
  std::string text() const { return network + "/" + layer; }
  friend bool operator==(const TapName&, const TapName&) = default;
};

/// What kept a tap or a pair from a complete window.
enum class FaultKind { missing, shape_changed, rows_differ, nonfinite, joined_late };

/// A tap or pair that left the panel until the next window.
struct Fault {
  FaultKind kind;
  std::string subject;  ///< the tap's name, or "x with y" for a pair
  std::string message;  ///< what was expected and what came
};

/// The moments of one tap over a window.
struct TapMoments {
  TapName name;
  std::optional<Moments> moments;      ///< absent if the tap was never fed or left the panel
  Grid grid;                           ///< the positions its rows come from
  std::uint64_t samples_left_out = 0;  ///< rows not counted because some tap was non-finite there
};

/// The cross moments of one pair over a window.
struct PairMoments {
  std::size_t x = 0;  ///< index into PanelMoments::taps
  std::size_t y = 0;
  std::optional<CrossMoments> moments;  ///< absent if a side is, or the sides' rows differed
};

/// All that a panel gathered in one window; plain data, nothing shared with the panel.
struct PanelMoments {
  std::vector<TapMoments> taps;
  std::vector<PairMoments> pairs;
  std::uint64_t images = 0;
  std::uint64_t steps_committed = 0;
  std::uint64_t steps_discarded = 0;
  std::vector<Fault> faults;
};

struct PanelOptions {
  Positions positions;
  /// A tap whose rows are non-finite beyond this share in one step leaves the panel until the next
  /// window, so that it does not take the others' rows with it.
  double nonfinite_limit = 0.1;
};

/// Taps and pairs kept in step: every committed step adds the same rows to all of them.
///
/// A step is a transaction: begin, observe each tap once, commit. A row that is non-finite in any
/// tap leaves all taps of the same grid, and its image leaves the taps of other grids. A tap that
/// is missing from a step, changes its shape or is mostly non-finite leaves until the next window,
/// with a Fault; the others go on. A step that is not committed adds nothing and is counted; what
/// was wrong with a view shown in it still counts.
///
/// If memory runs out in commit(), the window holds half a step: reset() it.
///
/// Thread safety: none; one thread feeds a panel. The panel must outlive its steps.
class LIVECCA_EXPORT Panel {
 public:
  class Step;

  /// The executor must outlive the panel.
  Panel(Executor& executor, PanelOptions options);
  ~Panel();
  Panel(Panel&&) noexcept;

  /// A new tap; returns its index. Taps added after a window's first commit count from the next
  /// window. Throws Error if the name is taken.
  std::size_t add_tap(TapName name, Layout layout);
  /// A new pair; returns its index. Throws Error on an unknown tap.
  std::size_t add_pair(std::size_t x, std::size_t y);

  std::size_t tap_count() const;
  std::size_t pair_count() const;

  /// Opens a step. Throws Error while another is open.
  Step begin();

  /// Images committed since the window began: the place of the next step's first image.
  std::uint64_t images() const;

  /// Adds another panel's window to this one's, e.g. of a worker that saw other minibatches. Throws
  /// Error if taps or pairs differ. Faults of both are kept; a tap of another width or
  /// grid leaves with a Fault, as in a step.
  void merge(const PanelMoments& other);

  /// Ends the window: hands out its moments and starts anew. Cost: no copy of the moments.
  PanelMoments take();
  /// The same without ending it; copies.
  PanelMoments moments() const;
  /// Ends the window and forgets it.
  void reset();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One transaction of a panel. Move-only; discards itself if it is destroyed uncommitted.
class LIVECCA_EXPORT Panel::Step {
 public:
  Step(Step&&) noexcept;
  Step& operator=(Step&&) = delete;
  ~Step();

  /// Copies the tap's rows, so the view's memory is free again on return. A view that does not fit
  /// is a Fault, not an exception. Throws Error on an unknown tap, one observed twice in a step, or
  /// after commit. Returns the packed rows (before centring), or null on a fault.
  const PackedRows* observe(std::size_t tap, const ActivationView& view);
  /// The same for recorded rows (see PackedRows::pack_recorded).
  const PackedRows* observe_recorded(std::size_t tap, const ActivationView& view,
                                     std::size_t rows_per_image, Grid grid);
  /// Adds the step to every tap and pair, in parallel on the executor's training lane.
  void commit();

 private:
  friend class Panel;
  explicit Step(Panel::State& state) : state_(&state) {}

  Panel::State* state_;
};

}  // namespace livecca
