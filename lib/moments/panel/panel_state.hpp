#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "livecca/moments/panel.hpp"
#include "moments/panel/recording.hpp"
#include "moments/panel/step_rows.hpp"
#include "moments/step_update.hpp"

namespace livecca {

struct PanelTap {
  TapName name;
  Reading reading = Layout::nc;
  std::optional<Frequency> frequency;
  std::optional<TapShape> shape;  ///< given, or as last seen
  bool shape_given = false;
  bool shape_of_rows = false;       ///< a merge told only what rows there are, not of what view
  std::vector<std::size_t> chosen;  ///< features kept; empty: all
  bool left = false;                ///< out until the next window
  bool fed = false;                 ///< in this window
  bool observed = false;            ///< in the open step
  PackedRows rows;                  ///< of the open step; its memory is reused by the next
  std::size_t place = 0;            ///< of its rows in the step's update
  std::unique_ptr<Recording> recording;  ///< of a recorded tap whose moments are kept
  std::shared_ptr<RowSource> source;     ///< of a recorded tap
  std::uint64_t first_row = 0;           ///< of the open step's rows in the source

  std::size_t place_among_live = 0;  ///< in the open step

  /// Features before any were chosen.
  std::size_t features_of_tap() const { return reading.features(shape->features, shape->grid); }
  /// Features that its moments have.
  std::size_t features() const { return chosen.empty() ? features_of_tap() : chosen.size(); }
};

struct PanelPair {
  std::size_t x;
  std::size_t y;
  bool left = false;  ///< out until the next window, or until a snapshot of one that goes on
};

struct Panel::State {
  State(Executor& the_executor, PanelOptions the_options);

  Executor& executor;
  PanelOptions options;
  std::deque<PanelTap> taps;  ///< a deque: taps may join while a step points at others' rows
  std::vector<PanelPair> pairs;
  /// The window, in one part or several; taps and pairs in each as above.
  std::vector<PanelMoments> blocks;
  /// For each block, the clock when it was last brought up to date.
  std::vector<std::uint64_t> block_clock;
  std::size_t current_block = 0;  ///< of a ring: the one that is being filled
  std::uint64_t turns = 0;        ///< of a window in one piece: what went to its parts so far
  std::vector<Fault> faults;
  std::uint64_t images = 0;  ///< since the window began
  std::uint64_t clock = 0;   ///< images that have aged what an exponential window holds
  std::uint64_t steps = 0;   ///< since the window began
  std::uint64_t steps_discarded = 0;
  bool step_open = false;

  // Memory of a step, reused by the next.
  StepUpdate update;
  StepMasks masks;
  std::vector<PanelTap*> live;
  std::vector<const PackedRows*> live_rows;
  std::vector<StepMasks::Pair> live_pairs;
  std::vector<double> image_weights;
  std::vector<ImageHash> image_hashes;
  static constexpr std::size_t images_at_once = 16;  ///< of hashes

  // panel.cpp
  std::size_t add(PanelTap tap, std::optional<TapShape> shape);
  void set_source(PanelTap& tap, std::shared_ptr<RowSource> rows) const;
  void leave(PanelTap& tap, FaultKind kind, const std::string& message);
  void begin_window();
  void expect_no_step() const;

  // panel_plan.cpp
  void choose(PanelTap& tap) const;
  /// Also chooses features, if there are too many.
  void set_shape(PanelTap& tap, const TapShape& shape) const;
  /// The same of a shape not known before: over the memory limit the tap leaves, with a fault.
  bool set_shape_within_limit(PanelTap& tap, const TapShape& shape);
  bool over_limit(std::uint64_t& bytes) const;
  std::uint64_t moments_bytes() const;
  PanelPlan plan(std::size_t images_per_step) const;

  // panel_window.cpp
  bool in_one_piece() const { return options.window.kind != Window::Kind::last_blocks; }
  /// The block that the next step goes to; call it once a step.
  std::size_t turn_to_next_block();
  /// The place of a ring's block number `age`, 0 being the oldest. Blocks in turn have no age.
  std::size_t block_of_age(std::size_t age) const;
  /// What the rows of a block weigh now, relative to when it was last brought up to date.
  double decay_until(std::uint64_t now, std::size_t block) const;
  void bring_up_to_date(std::size_t block);
  /// `moments` of this block as they are now, by the panel's clock.
  void decay_until_now(std::size_t block, PanelMoments& moments) const;
  /// What the window holds; `end` takes it out, and the blocks are then empty. If it throws, for
  /// want of memory, they are as they were; with recorded taps a window that was to end is
  /// discarded.
  PanelMoments assemble(bool end, bool as_of_now = true);
  PanelMoments assembled(std::vector<PanelMoments>& parts);
  /// Adds what the recordings of recorded taps hold.
  void add_recorded(std::vector<PanelMoments>& parts);
  /// Finds the taps that begin anew after a snapshot of a window that goes on. `anew` has an entry
  /// a tap.
  void begin_anew(std::vector<bool>& anew) const;
  /// Lets the taps and pairs that left take part again.
  void rejoin(const std::vector<bool>& anew);
  void restart_tap(std::size_t tap);
  void drop_moments(std::size_t tap);
  void merge(const PanelMoments& other);
  /// Lets go what a merge brings nothing of, or something else.
  void drop_misfits(const PanelMoments& other);
  void expect_cut(PanelTap& tap, const TapMoments& from);
  /// Adds a part of another window, or all of it, to a block.
  void merge_into(std::size_t block, PanelMoments part);

  // panel_restore.cpp
  PanelProgress progress() const;
  void expect_own(const PanelMoments& window, const PanelProgress& progress) const;
  void restore(const PanelMoments& window, const PanelProgress& progress);

  // panel_step.cpp
  PanelTap& tap_to_observe(std::size_t index, bool recorded, bool masked = false);
  /// Fails if the tap cannot be fed with a view of this shape.
  static Result<void> check_fits(const PanelTap& tap, const ActivationShape& seen);
  /// Makes the tap ready for a view: false, with a fault, if it is not the tap's or takes too much.
  bool fit_shape(PanelTap& tap, const ActivationView& view);
  bool fit_shape(PanelTap& tap, const TapShape& shape);
  /// Takes a tap's packed rows into the open step, if they fit the window's earlier ones.
  const PackedRows* accept(PanelTap& tap, const Result<void>& packed);
  /// In all parts of the window, so that a first step takes what later ones need.
  void make_moments(std::size_t tap);
  void make_moments_of_pair(std::size_t pair);
  void keep_rows(std::size_t tap, std::size_t block, double decay);
  void commit();
  void drop_unfit_taps();
  void drop_unpaired_rows();
  void find_live_taps();
  void weigh_images(std::size_t step_images);
  bool keeps_all_rows() const;
  /// Returns how many parts of hashes are left, to run while rows are read.
  std::size_t keep_live_rows(std::size_t step_images);
  void hash_images(std::size_t part);
  void count_different(PanelMoments& block) const;
  void accumulate(std::size_t step_images, std::size_t hash_parts);
  void close_step();
  MomentsOptions moments_options() const;
};

}  // namespace livecca
