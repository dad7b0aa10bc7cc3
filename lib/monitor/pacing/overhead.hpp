#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "livecca/sinks/row.hpp"
#include "monitor/pacing/overhead_budget.hpp"

namespace livecca {

/// What watching takes, and what it takes it from: training's own time between
/// calls of training_step().
///
/// Thread safety: all members may be called from any thread.
class Overhead {
 public:
  /// `synchronous`: livecca's work is the training thread's, too.
  Overhead(double budget, bool synchronous)
      : has_budget_(budget > 0), synchronous_(synchronous), budget_(budget) {}

  /// A training step ended and the next begins. Whatever came since the last call, less what
  /// livecca took of it, is training's, unless it was interrupted.
  void training_step(double now);
  /// Something that is not training came between: a pass over the probe, a checkpoint.
  void interrupt();

  /// Whether the budget lets this train step be observed; always without one. If it does not for a
  /// long time, `shortage` says why: once, until a step is observed again.
  bool wants_step(std::string& shortage);
  double images_share();

  /// A step ended on its training thread, which was so long in livecca and in a reference's pass.
  void observed(double seconds, double reference_seconds);
  void waited(double seconds);       ///< a training thread, for a place in the queue
  void accumulated(double seconds);  ///< livecca's thread was at work
  /// A train step was observed, its training thread's part included, and accumulated.
  void train_step(double training_thread_seconds, double images_share, double accumulate_seconds);
  /// A train step that was begun came to nothing, after so long on its training thread.
  void train_step_lost(double training_thread_seconds, double images_share, bool found_queue_full);
  /// What the budget pays beside observed train steps: the probe, snapshots.
  void spent_elsewhere(double seconds);

  /// Everything since the last call.
  OverheadRow take(std::int64_t epoch);

 private:
  mutable std::mutex mutex_;
  bool has_budget_;
  bool synchronous_;
  OverheadBudget budget_;
  OverheadRow row_;
  double training_seconds_ = 0;
  bool is_told_of_steps_ = false;
  bool was_shortage_told_ = false;
  std::optional<double> last_step_;
  double taken_since_step_ = 0;
};

}  // namespace livecca
