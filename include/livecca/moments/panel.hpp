#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/fourier.hpp"
#include "livecca/activations/layout.hpp"
#include "livecca/activations/packed_rows.hpp"
#include "livecca/activations/reading.hpp"
#include "livecca/activations/row_source.hpp"
#include "livecca/activations/sequence_mask.hpp"
#include "livecca/common/executor.hpp"
#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"
#include "livecca/moments/panel_moments.hpp"
#include "livecca/moments/window.hpp"

namespace livecca {

struct PanelOptions {
  Positions positions{};
  /// A tap whose rows are non-finite beyond this share in one step leaves the panel until the next
  /// window, so that it does not take the others' rows with it.
  double nonfinite_limit = 0.1;
  Window window{};
  Precision precision = Precision::exact;
  /// Keep the window in this many parts, from which standard errors are made: committed steps go
  /// to them in turn. 0: in one piece. The memory of the moments times as much. Not for
  /// Window::last_blocks, whose blocks serve.
  std::size_t error_blocks = 0;
  /// Gather what debiased CKA needs; not for Window::exponential, as it has no weighted form.
  bool norm_sums = false;
  /// A wider tap is cut to a seeded choice of this many features, of a frequency's tap channels; 0:
  /// never.
  std::size_t max_features = 0;
  std::uint64_t feature_seed = 0;
  /// Bytes that the moments may take; 0: no limit.
  std::uint64_t memory_limit = 0;

  /// Fails if the options make no sense.
  LIVECCA_EXPORT Result<void> check() const;
};

/// What a tap will be fed with, as far as it is known before.
struct TapShape {
  std::size_t features = 0;  ///< neurons or channels of a view
  Grid grid{};               ///< 1 × 1 for layout nc, as wide as there are steps for sequences
  DType dtype = DType::float32;

  friend bool operator==(const TapShape&, const TapShape&) = default;
};

/// What a panel takes, known before anything runs.
struct PanelPlan {
  std::uint64_t moments_bytes = 0;  ///< means and products, in all parts of the window
  /// A step's rows, the blocks that they are multiplied in, and what is read of a recording at once
  /// when a window ends.
  std::uint64_t step_bytes = 0;
  std::uint64_t flops = 0;  ///< of one step's products: 2 a multiply-add
  std::uint64_t bytes() const { return moments_bytes + step_bytes; }
};

/// Where a window is, beside its moments: what Panel::restore() needs to go on with it.
struct PanelProgress {
  struct Tap {
    std::optional<TapShape> shape;
    bool shape_given = false;
    bool shape_of_rows = false;
    bool left = false;
    bool fed = false;
    friend bool operator==(const Tap&, const Tap&) = default;
  };
  std::vector<Tap> taps;
  std::vector<bool> pairs_left;
  std::vector<std::uint64_t> block_clock;
  std::uint64_t current_block = 0;
  std::uint64_t turns = 0;
  std::uint64_t images = 0;
  std::uint64_t clock = 0;
  std::uint64_t steps = 0;
  friend bool operator==(const PanelProgress&, const PanelProgress&) = default;
};

/// Taps and pairs kept in step: every committed step adds the same rows to all of them.
///
/// A step is a transaction: begin, observe each tap once, commit. A row that is non-finite in any
/// tap leaves all taps of the same grid, and its image leaves the taps of other grids. A tap that
/// is missing from a step, changes its shape or is mostly non-finite leaves until the next window,
/// with a Fault; the others go on. A step that is not committed adds nothing and is counted; what
/// was wrong with a view shown in it still counts.
///
/// What a mask leaves out of a sequence is no sample. A sequence without the step that a tap reads
/// leaves that tap and all that pairs connect with it, directly or through others, but no others
/// (a pair that has left connects nothing): of taps at many steps each keeps the sequences that
/// reach its own. Paired taps whose steps are the samples must have the same mask; if not, the pair
/// leaves with FaultKind::rows_differ. The number of steps may differ from one committed step to
/// the next.
///
/// A window's first step takes the memory of all its parts; after it, a step of the same shape
/// allocates nothing, whatever is masked. One exception: the list of the rows that a part holds of
/// a recorded tap, one entry for each run of consecutive rows, has room for 64 runs and grows
/// beyond them.
///
/// If memory runs out in commit(), the window holds half a step: call discard_window().
///
/// Thread safety: none; one thread feeds a panel. The panel must outlive its steps.
class LIVECCA_EXPORT Panel {
 public:
  class Step;

  /// The executor must outlive the panel. Throws Error on impossible options.
  Panel(Executor& executor, PanelOptions options);
  ~Panel();
  Panel(Panel&&) noexcept;

  /// A new tap; returns its index. Taps added after a window's first commit count from the next
  /// window. Throws Error if the name is taken, if the layout has not what the reading asks for, or
  /// if the shape is known and the moments would take more than the memory limit. Without a known
  /// shape such a tap leaves with a Fault instead.
  std::size_t add_tap(TapName name, const Reading& reading,
                      std::optional<TapShape> shape = std::nullopt);
  /// The same for one frequency of a Fourier transform, fed with views of layout nc that hold the
  /// real parts of all channels and then the imaginary parts, as Spectrum gives them. Throws Error
  /// also if the shape has an odd number of features.
  std::size_t add_frequency_tap(TapName name, const Frequency& frequency,
                                std::optional<TapShape> shape = std::nullopt);
  /// A tap that is fed from a recording. Its own moments are computed when a window ends, and not
  /// again while the windows hold the same of its rows.
  std::size_t add_recorded_tap(TapName name, std::shared_ptr<RowSource> rows);
  /// Feeds a recorded tap from another recording. Throws Error within a window, or if the tap is
  /// not a recorded one.
  void set_recording(std::size_t tap, std::shared_ptr<RowSource> rows);
  /// A new pair; returns its index. Throws Error on an unknown tap, or over the memory limit.
  std::size_t add_pair(std::size_t x, std::size_t y);
  /// Takes the last tap back, with its pairs. Throws Error if it was fed already, or with a step
  /// open.
  void remove_last_tap();

  std::size_t tap_count() const;
  std::size_t pair_count() const;
  /// Parts that the window is kept in.
  std::size_t block_count() const;

  /// What steps of so many images take. Throws Error, by name, while a tap's shape is not known:
  /// neither given to add_tap() nor seen.
  PanelPlan plan(std::size_t images_per_step) const;
  /// Bytes that the moments take, of the taps whose shape is known.
  std::uint64_t moments_bytes() const;

  /// Opens a step. Throws Error while another is open.
  Step begin();

  /// Images committed since the window began: the place of the next step's first image.
  std::uint64_t images() const;

  /// Adds another panel's window to this one's (see merge() of PanelMoments), as one step: with
  /// several parts and a window in one piece, to the part whose turn it is. If it comes in as many
  /// parts it is added part by part; a ring takes those of another ring, the newest to its newest,
  /// and no others, as it could not tell which to forget first. A tap that is not of the neurons
  /// that its own rows would be cut to, on its grid, or that would take more than the memory limit,
  /// leaves with a Fault, also before the first step. Throws Error, and changes nothing, if taps,
  /// pairs or the number of parts differ, or if a ring gets parts whose age is not known. A
  /// recorded tap then has the moments that came, and no more of its own.
  void merge(const PanelMoments& other);

  /// Copies the window's moments. The window goes on.
  PanelMoments copy_moments() const;
  /// Hands out the moments that a snapshot needs. Ends a window of Window::since_snapshot, as
  /// end_window() does. A window of another kind goes on; its faults and discarded steps are handed
  /// out once. Either way, taps and pairs that left or joined late take part again. They start from
  /// nothing, and so does all that is paired with them, so that pairs keep to the same rows.
  PanelMoments roll_window();
  /// Ends a window of any kind: hands out its moments and begins a new one. Cost: moments in one
  /// part are moved, not copied.
  PanelMoments end_window();
  /// Ends a window of any kind and forgets its moments.
  void discard_window();

  /// Where the window is, beside its moments; see copy_moments().
  PanelProgress progress() const;
  /// Goes on with a window of another panel of the same options, taps and pairs, none of them
  /// recorded: every number that comes of it has the same bits as if the other panel had gone on.
  /// `window` and `progress` are what its copy_moments() and progress() gave, in this order. Ends
  /// this panel's own window. Throws Error, and changes nothing, if they are of other taps, pairs
  /// or parts.
  void restore(const PanelMoments& window, const PanelProgress& progress);

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

  /// Copies the tap's rows, so the view's memory is free again on return, and the mask's. A view or
  /// mask that does not fit is a Fault, not an exception. Throws Error on an unknown or recorded
  /// tap, one observed twice in a step, a mask for a layout without steps, or after commit. Returns
  /// the packed rows (before centring), or null on a fault.
  const PackedRows* observe(std::size_t tap, const ActivationView& view,
                            const SequenceMask& mask = {});
  /// The same for rows that were packed elsewhere, on another thread perhaps: with the tap's
  /// reading and the features that choose_features() names under this panel's options. `seen` is
  /// what the view was. Takes the rows' memory and leaves that of an earlier step in its place.
  /// Throws Error as observe().
  const PackedRows* observe_packed(std::size_t tap, PackedRows& rows, const TapShape& seen);
  /// Instead of observe(), for activations that did not fit before they could become the tap's
  /// view: it leaves with FaultKind::shape_changed and this message. Throws Error as observe().
  void refuse(std::size_t tap, const std::string& why);
  /// Rows first … first + count − 1 of a recorded tap. Throws Error on any other tap.
  const PackedRows* observe_recorded(std::size_t tap, std::uint64_t first, std::uint64_t count);
  /// Adds the step to every tap and pair, in parallel on the executor's training lane.
  void commit();

 private:
  friend class Panel;
  explicit Step(Panel::State& state) : state_(&state) {}

  Panel::State* state_;
};

}  // namespace livecca
