#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "livecca/common/executor.hpp"
#include "livecca/moments/panel.hpp"
#include "livecca/monitor/options.hpp"
#include "livecca/snapshot/solver.hpp"
#include "monitor/history/recorded_side.hpp"

namespace livecca {

/// Compares recordings of one probe with each other: the network now with its start, an earlier
/// snapshot or another network's pack, and at the end each snapshot with the last. Files are
/// streamed: memory is O(features²) a layer and pair. The moments of a side that stays the same are
/// made once.
///
/// Thread safety: none.
class RecordedComparison {
 public:
  /// What was lost: (what, subject, message), as an Event has them.
  using Report = std::function<void(const std::string&, const std::string&, const std::string&)>;

  struct Result {
    PanelMoments moments;
    std::vector<std::size_t> pairs;  ///< of moments.pairs, those that were asked for now
  };

  /// A side of which more than `nonfinite_limit` of a step's rows are not finite leaves by itself;
  /// up to that they leave all layers and sides.
  RecordedComparison(const MonitorOptions& options, Executor& executor, double nonfinite_limit);

  /// Every layer of x, the trained network's, with the layers of `sides` that it pairs with. Sides
  /// whose images are not x's are left out and reported. Steps of sequences are compared where both
  /// sides have the same step of the same sequence.
  Result compare(const RecordedSide& x, const std::vector<RecordedSide>& sides,
                 const Report& report);

 private:
  struct Tap {
    std::size_t index;
    std::shared_ptr<const RecordedPack> pack;
    std::size_t steps = 0;  ///< as in activate()
    std::uint64_t rows_per_image = 1;
    bool is_active = false;
  };
  using Name = std::pair<std::string, std::string>;  ///< network, layer

  /// `steps`: 0, or how many rows every sequence is to have, if the layer's rows are steps of
  /// sequences.
  bool activate(const RecordedSide& side, const std::string& layer,
                const std::shared_ptr<const RecordedPack>& pack, std::size_t steps,
                const Report& report);
  bool same_images(const std::string& subject, bool is_own, const RecordedPack& x,
                   const RecordedPack& y, const Report& report) const;
  std::size_t pair_of(std::size_t x, std::size_t y);
  void feed(std::uint64_t images);
  /// How features were cut, and where the rows are.
  void tell_of_rows(PanelMoments& moments) const;

  const MonitorOptions& options_;
  Panel panel_;
  std::map<Name, Tap> taps_;
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> pairs_;
};

/// All comparisons of a run's recordings, so that none spoils another: each layer with each of the
/// network's own states by itself, and the layers with each other network's.
///
/// Of the start, the final state and other networks it keeps, for the next comparison, the moments
/// and the whitened form of their layers, about 12 · features² numbers a layer and side; of earlier
/// snapshots, which move on, nothing.
///
/// Thread safety: none.
class RecordedComparisons {
 public:
  /// Takes what came of one comparison: the side, the moments, of their pairs those that were asked
  /// for, and a solver that knows its earlier ones.
  using Take = std::function<void(const RecordedSide&, const PanelMoments&,
                                  const std::vector<std::size_t>& pairs, Solver&)>;

  /// The options and the executor are borrowed.
  RecordedComparisons(const MonitorOptions& options, Executor& executor)
      : options_(options), executor_(executor) {}

  void compare(const RecordedSide& x, const std::vector<RecordedSide>& sides,
               const RecordedComparison::Report& report, const Take& take);

 private:
  struct Group {
    RecordedComparison comparison;
    Solver solver;
  };

  void compare_group(const std::string& name, double nonfinite_limit, const RecordedSide& x,
                     const RecordedSide& side, const RecordedComparison::Report& report,
                     const Take& take);

  const MonitorOptions& options_;
  Executor& executor_;
  std::map<std::string, Group> groups_;
};

}  // namespace livecca
