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
  /// The largest share of non-finite rows that a tap may have in one step. A tap with more leaves
  /// the panel until the next window, so that the other taps keep their rows.
  double nonfinite_limit = 0.1;
  Window window{};
  Precision precision = Precision::exact;
  /// Keeps the window in this many parts, for standard errors; at least 2. Committed steps go to
  /// the parts in turn. The moments take this many times the memory. 0 keeps the window in one
  /// piece. Must be 0 for Window::last_blocks, because its blocks serve as the parts.
  std::size_t error_blocks = 0;
  /// Gathers the sums that debiased CKA needs. Must be false for Window::exponential, because these
  /// sums have no weighted form.
  bool norm_sums = false;
  /// A tap with more features is cut to a seeded choice of this many. For a tap of one frequency,
  /// this number counts channels. 0: taps are never cut.
  std::size_t max_features = 0;
  std::uint64_t feature_seed = 0;
  /// The most bytes that the moments may take. 0: no limit.
  std::uint64_t memory_limit = 0;

  /// Fails if the options make no sense.
  LIVECCA_EXPORT Result<void> check() const;
};

/// The shape of the views that a tap will get.
struct TapShape {
  std::size_t features = 0;  ///< neurons or channels of a view
  Grid grid{};               ///< 1 × 1 for layout nc; for sequences, the width is their steps
  DType dtype = DType::float32;

  friend bool operator==(const TapShape&, const TapShape&) = default;
};

/// The memory and the work that a panel needs, computed before anything runs.
struct PanelPlan {
  std::uint64_t moments_bytes = 0;  ///< means and products, in all parts of the window
  /// The rows of one step, and the blocks in which they are multiplied. Also one portion of a
  /// recording's rows: when a window ends, they are read portion by portion.
  std::uint64_t step_bytes = 0;
  std::uint64_t flops = 0;  ///< of one step's products; a multiply-add counts as 2
  /// The most features of a tap, and how many different images these need: samples_per_feature.
  std::size_t widest_features = 0;
  std::uint64_t images_needed = 0;
  std::uint64_t bytes() const { return moments_bytes + step_bytes; }
};

/// The state of a window without its moments. Panel::restore() needs the moments and this state.
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

/// Gathers the moments of several taps and pairs. Every committed step adds the same rows to all of
/// them.
///
/// A step is a transaction: begin it, observe each tap once, commit it. If a row is non-finite in
/// one tap, all taps of the same grid leave that row out. Taps of other grids leave out the whole
/// image of that row. A tap leaves the panel until the next window, with a Fault, if it is missing
/// from a step, changes its shape, or has too many non-finite rows. The other taps go on. A step
/// that is not committed adds no rows. It is counted as discarded, and the faults of the views that
/// it observed remain.
///
/// Steps of a sequence that a mask leaves out are not samples. Some taps read one step of each
/// sequence. If a sequence does not have that step, this tap leaves the sequence out. All taps that
/// are connected with it do the same. Two taps are connected by a pair, or by several pairs through
/// other taps. Pairs that have left do not count. A tap that is connected with none keeps all
/// sequences that are long enough for it. If two paired taps use every step as a sample, they must
/// have the same mask. Otherwise the pair leaves with FaultKind::rows_differ. The number of
/// sequence steps may change from one committed panel step to the next.
///
/// The first step of a window allocates the memory of all its parts. Later steps of the same shape
/// allocate nothing, with or without masks. There is one exception. For a recorded tap, each part
/// keeps a list of the tap's rows. The list has one entry for each run of consecutive rows. It has
/// room for 64 entries and grows if there are more.
///
/// If memory runs out in commit(), the window holds half a step. Call discard_window() then. If it
/// runs out in end_window() or roll_window(), the window stays as it was; with recorded taps, a
/// window that was to end is discarded.
///
/// Thread safety: none; one thread feeds a panel. The panel must outlive its steps.
class LIVECCA_EXPORT Panel {
 public:
  class Step;

  /// The executor must outlive the panel. Throws Error on impossible options.
  Panel(Executor& executor, PanelOptions options);
  ~Panel();
  Panel(Panel&&) noexcept;

  /// Adds a tap and returns its index. A tap that is added after a window's first commit takes part
  /// from the next window on. Throws Error if the name is taken or if the layout does not allow the
  /// reading. If the shape is known, it also throws if the moments would exceed the memory limit.
  /// If the shape is not known yet, add_tap() cannot check this. When the shape becomes known and
  /// the limit would be exceeded, the tap leaves with a Fault.
  std::size_t add_tap(TapName name, const Reading& reading,
                      std::optional<TapShape> shape = std::nullopt);
  /// Adds a tap for one frequency of a Fourier transform. Feed it with views of layout nc that hold
  /// the real parts of all channels and then the imaginary parts, as Spectrum::at() gives them.
  /// Throws Error as add_tap(), and also if the shape has an odd number of features.
  std::size_t add_frequency_tap(TapName name, const Frequency& frequency,
                                std::optional<TapShape> shape = std::nullopt);
  /// Adds a tap that is fed from a recording. Its moments are computed when a window ends. If the
  /// next window holds the same rows of the tap, they are not computed again. Throws Error as
  /// add_tap(), and also if the recording has more features than max_features.
  std::size_t add_recorded_tap(TapName name, std::shared_ptr<RowSource> rows);
  /// Feeds a recorded tap from another recording. Throws Error if the window has steps, or if the
  /// tap is not a recorded one.
  void set_recording(std::size_t tap, std::shared_ptr<RowSource> rows);
  /// Adds a pair and returns its index. Throws Error on an unknown tap, or if the moments would
  /// exceed the memory limit.
  std::size_t add_pair(std::size_t x, std::size_t y);
  /// Removes the last tap and its pairs. Throws Error if the tap was already fed, or while a step
  /// is open.
  void remove_last_tap();

  std::size_t tap_count() const;
  std::size_t pair_count() const;
  /// The number of parts that the window is kept in.
  std::size_t block_count() const;

  /// The memory and the work for steps of this many images. Throws Error, with the tap's name, if a
  /// tap's shape is not known yet, neither from add_tap() nor from a view.
  PanelPlan plan(std::size_t images_per_step) const;
  /// The bytes of the moments of all taps whose shape is known.
  std::uint64_t moments_bytes() const;

  /// Opens a step. Throws Error while another is open.
  Step begin();

  /// The number of images committed since the window began. The next step's first image has this
  /// number, counted from 0.
  std::uint64_t images() const;

  /// Adds another panel's window to this one, as one step. See merge() of PanelMoments.
  ///
  /// If this panel has several parts and `other` has as many blocks, each block is added to its own
  /// part. In a ring (Window::last_blocks), the newest block of `other` is added to the newest
  /// block of this panel, the second newest to the second newest, and so on. A ring takes only
  /// blocks of another ring, because other blocks have no age. If this panel has one part, or
  /// `other` has no blocks, all of `other` is added to the part whose turn it is.
  ///
  /// A tap leaves with a Fault if its grid in `other` differs, if its features in `other`
  /// are not those that this panel would choose, or if it would exceed the memory limit. This also
  /// holds before the first step. A pair leaves with a Fault if its moments in `other` have other
  /// features than its taps. A recorded tap has its own rows in the recording, and those of `other`
  /// as moments: the window's moments are the sum of both, so every row counts once.
  ///
  /// Throws Error, and changes nothing, if the taps, the pairs or the number of parts differ, or if
  /// a ring gets blocks without an age.
  void merge(const PanelMoments& other);

  /// Copies the window's moments. The window goes on.
  PanelMoments copy_moments() const;
  /// The same for restore(): of an exponential window each block as it was at its last step.
  PanelMoments copy_for_restore() const;
  /// The taps' names and the pairs, in the order of copy_moments(), without moments.
  PanelMoments copy_names() const;
  /// The faults of the window so far, in their order. Valid until the panel changes.
  const std::vector<Fault>& faults() const;
  /// Returns the moments that a snapshot needs. A window of Window::since_snapshot ends, as by
  /// end_window(). A window of another kind goes on, but each of its faults and discarded steps is
  /// returned only once. In both cases, taps and pairs that left or came late join again here, with
  /// no rows yet. All taps that are paired with them, directly or through other taps, also begin
  /// with no rows. So the sides of a pair hold the same rows.
  PanelMoments roll_window();
  /// Ends a window of any kind, returns its moments and begins a new one. Cost: if the window is
  /// kept in one part, its moments are moved, not copied.
  PanelMoments end_window();
  /// Ends a window of any kind and discards its moments.
  void discard_window();

  /// The state of the window without its moments. See restore().
  PanelProgress progress() const;
  /// Continues the window of another panel. The other panel must have the same options, taps and
  /// pairs, and no recorded taps. All later numbers have the same bits as if the other panel had
  /// gone on. For `window`, call copy_for_restore() of the other panel, and progress() for
  /// `progress`. The window that this panel has now ends. Throws Error, and changes nothing, if
  /// `window` or `progress` has other taps, pairs or parts.
  void restore(const PanelMoments& window, const PanelProgress& progress);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One transaction of a panel. Move-only. A step that is destroyed without a commit is discarded.
class LIVECCA_EXPORT Panel::Step {
 public:
  Step(Step&&) noexcept;
  Step& operator=(Step&&) = delete;
  ~Step();

  /// Copies the tap's rows, so the memory of the view and the mask may be reused after the call. A
  /// view or mask that does not fit is a Fault, not an exception. Returns the packed rows (before
  /// centring), or null on a fault. Throws Error on an unknown or recorded tap, a tap observed
  /// twice in a step, a mask for a layout without steps, or after commit().
  const PackedRows* observe(std::size_t tap, const ActivationView& view,
                            const SequenceMask& mask = {});
  /// Like observe(), for rows that were packed elsewhere, for example on another thread. They must
  /// be packed with the tap's reading and with the features that choose_features() gives for this
  /// panel's options. `seen` is the shape of the view. Takes the memory of `rows`. In exchange,
  /// `rows` gets the memory of an earlier step, for reuse. Throws Error in the same cases as
  /// observe().
  const PackedRows* observe_packed(std::size_t tap, PackedRows& rows, const TapShape& seen);
  /// Call it instead of observe() if the activations cannot become a view of the tap. The tap
  /// leaves with FaultKind::shape_changed and the message `why`. Throws Error as observe().
  void refuse(std::size_t tap, const std::string& why);
  /// Observes rows first … first + count − 1 of a recorded tap. Returns null on a fault. Throws
  /// Error on an unknown tap, a tap that is not a recorded one, a tap observed twice in a step, or
  /// after commit().
  const PackedRows* observe_recorded(std::size_t tap, std::uint64_t first, std::uint64_t count);
  /// Adds the step to every tap and pair, in parallel on the executor's training lane. Throws Error
  /// on a second call.
  void commit();

 private:
  friend class Panel;
  explicit Step(Panel::State& state) : state_(&state) {}

  Panel::State* state_;
};

}  // namespace livecca
