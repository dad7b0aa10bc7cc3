#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

namespace livecca {

/// The median of the last few numbers: one odd one does not move it, and three of a new size do.
class RecentMedian {
 public:
  void add(double value);
  /// The lower one of two; 0 without numbers.
  double value() const;
  bool empty() const { return count_ == 0; }

 private:
  static constexpr std::size_t most = 5;
  std::array<double, most> values_{};
  std::size_t count_ = 0;
  std::size_t next_ = 0;
};

/// Decides which steps of the train stream are observed, and how many images of each, so that what
/// watching takes stays below a share of training time.
///
/// An account: training time earns budget · seconds, all that watching takes is paid from it, and a
/// step is observed if the balance covers what one is expected to take (the median of the last few,
/// put aside until it is known). So over any length of training, observing takes at most what the
/// budget leaves beside spent(), and what is on its way, however wrong the expectation is: what was
/// not foreseen is a debt, and nothing is observed until it is paid off. Nor can time be saved up
/// for a burst: the balance holds at most what 64 offered steps earn. Before any cost is known one
/// step is observed on trust.
///
/// If observing came to less than one in 64 offered steps, fewer of a step's images are looked at,
/// a half, a quarter, an eighth; and more again once that would be one in 48 or more.
///
/// All times are in seconds; those that are not finite or below 0 are left out. Holds no clock.
/// Training time that is not told is not earned. Cost: O(1) a call, no allocation but in a queue of
/// at most 64 entries. Thread safety: none; calls must not overlap.
class OverheadBudget {
 public:
  /// The share, e.g. 0.02; 0: no budget, everything is observed and the share measured all the
  /// same.
  explicit OverheadBudget(double budget) : budget_(budget) {}

  /// A training step took so long, without what livecca took of it.
  void training_step(double seconds);
  /// What one observed step cost, all told, with the share of its images that were looked at. May
  /// come some steps after wants_step(); a step that was wanted and never comes is given up after
  /// 64 more offers.
  void observed(double seconds, double images_share_used);
  /// What else watching took, e.g. a snapshot's solve.
  void spent(double seconds);

  /// Whether to observe this step, of those that the schedule offers. To be asked once for each.
  bool wants_step();
  /// Why no step is observed for a long time, for people; empty if the next one is near: 10 s of
  /// training, or 64 offers. To be asked when wants_step() said no.
  std::string shortage() const;
  /// Of a step's images, those to look at: 1, 1/2, 1/4 or 1/8.
  double images_share() const { return images_share_; }
  /// About one in so many offered steps is observed; 1: each.
  std::uint64_t every() const;

  /// What watching took as a share of training time, over about the last 300 training steps; 0
  /// before the first.
  double share() const { return recent_.share(); }
  /// The same since the beginning.
  double total_share() const { return total_.share(); }

 private:
  struct Times {
    double training = 0;
    double watching = 0;
    double share() const { return training > 0 ? watching / training : 0; }
  };
  /// What was put aside for a step that is being observed.
  struct Reserved {
    std::uint64_t offer;
    double seconds;
  };

  double expected_cost() const { return cost_of_all_images_.value() * images_share_; }
  double most_balance() const;
  double offers_per_step() const;
  void pay(double seconds);
  void give_up_old_reserves();
  void choose_images_share();

  double budget_;
  double balance_ = 0;
  double images_share_ = 1;
  std::uint64_t offers_ = 0;
  double training_since_offer_ = 0;
  RecentMedian training_an_offer_;
  RecentMedian cost_of_all_images_;
  std::deque<Reserved> reserved_;
  Times total_;
  Times recent_;
  double snapshots_ = 0;  ///< seconds paid by spent()
};

}  // namespace livecca
