#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "inputs/held_mask.hpp"
#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/packed_rows.hpp"
#include "livecca/activations/reading.hpp"
#include "livecca/moments/panel.hpp"
#include "moments/panel_merge.hpp"

namespace livecca::python {

/// A layer whose moments are gathered, and how its arrays become rows.
struct GatheredLayer {
  TapName name;
  Reading reading;
  std::size_t features = 0;  ///< of a row; 0: as many as the first array has
};

/// One executor for all moments of the process. It is never destroyed, because a forked process
/// could not join its threads.
Executor& moments_executor();

/// Moments that Python holds: a panel that goes on, or a window from elsewhere (a file, sums, a
/// part of a panel). What a panel would lose with a Fault is refused here with an Error, and
/// nothing has changed then.
///
/// Thread safety: calls from several threads wait for each other, so none may be made with Python's
/// lock.
class GatheredMoments {
 public:
  using Pair = std::pair<std::size_t, std::size_t>;

  /// Throws Error on options, layers or pairs that make no sense.
  GatheredMoments(std::vector<GatheredLayer> layers, std::vector<Pair> pairs,
                  const PanelOptions& options);
  /// A window that cannot be updated.
  explicit GatheredMoments(PanelMoments window) : window_(std::move(window)) {}

  /// Adds one batch: an array a layer, all of the same inputs; a mask is null where there is none.
  void update(std::span<const ActivationView> views,
              std::span<const std::shared_ptr<const tool::HeldMask>> masks);
  void merge(const GatheredMoments& other);
  PanelMoments copy() const;
  /// The layers and pairs, without moments.
  PanelMoments names() const;
  std::uint64_t images() const;
  /// The result of use(window). The first time after a change it copies the moments of a panel.
  template <typename Use>
  auto read(const Use& use) const {
    const std::scoped_lock lock(mutex_);
    return use(window());
  }

 private:
  const PanelMoments& window() const;
  TapShape pack(std::size_t index, const ActivationView& view, const tool::HeldMask* mask,
                const PanelProgress::Tap& before);
  void expect_rows_that_pair() const;
  void commit(std::span<const TapShape> seen);
  TapCut expected_cut(const PanelProgress::Tap& before, std::size_t index, const TapCut& got) const;
  void expect_mergeable(const PanelMoments& other) const;
  template <typename Change>
  void change_panel(const Change& change);

  mutable std::mutex mutex_;
  std::vector<GatheredLayer> layers_;
  std::vector<Pair> pairs_;
  PanelOptions options_;
  std::vector<PackedRows> rows_;
  std::vector<std::size_t> chosen_;     ///< features of a layer that is cut
  mutable std::optional<Panel> panel_;  ///< none: the window is all there is
  /// Of a panel a copy, made when something is read and forgotten when the panel changes.
  mutable std::optional<PanelMoments> window_;
};

/// The moments of one layer, or of a pair, under the names that a comparison of two arrays gives.
/// Throws Error if the cross moments of this pair are not gathered.
PanelMoments part_of(const PanelMoments& window, std::size_t x, std::optional<std::size_t> y);

}  // namespace livecca::python
