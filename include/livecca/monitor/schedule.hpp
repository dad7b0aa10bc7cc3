#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "livecca/common/export.hpp"

namespace livecca {

/// How far training has come.
struct Progress {
  std::uint64_t step = 0;  ///< training steps made
  std::int64_t epoch = 0;
  double seconds = 0;  ///< since training began, of a steady clock
};

/// When something is due: at points of training, each at most once. After several missed points,
/// claim() is true once, not once for each.
///
///     auto schedule = livecca::Schedule::every_steps(10);
///     if (schedule.claim({step, epoch, seconds})) snapshot();   // at steps 0, 10, 20, …
///
/// Copies go on by themselves from where they were copied. Holds no clock: time comes in with the
/// Progress. Cost: O(1) a call, beside a predicate's own.
///
/// Thread safety: none; calls must not overlap.
class LIVECCA_EXPORT Schedule {
 public:
  static Schedule never();
  /// The first call, then every `steps` from its step on. Throws Error unless `steps` > 0.
  static Schedule every_steps(std::int64_t steps);
  /// The first call, then every `epochs` from its epoch on; once an epoch, however often that is
  /// told or comes again. Throws Error unless `epochs` > 0.
  static Schedule every_epochs(std::int64_t epochs);
  /// The first call, then every `seconds` from it on. If the clock goes back, counting continues
  /// from the new time. Throws Error unless `seconds` is finite and > 0.
  static Schedule every_seconds(double seconds);
  /// The first call, then the steps 10^(i / per_decade) for i = 0, 1, …, rounded: 1, 2, 5, 10, 22,
  /// 46, 100, … for 3. Throws Error unless `per_decade` > 0.
  static Schedule log_spaced(int per_decade);
  /// Whenever the predicate says so, which is asked at each call. Throws Error if it is empty. A
  /// Monitor's predicates must not call the monitor.
  static Schedule when(std::function<bool(const Progress&)> predicate);

  /// Whether a point has come since the last claim; if so, claims it, and the next call is false
  /// until another point comes. A predicate that throws counts as not due. Steps or epochs that go
  /// back to before the last point are not due.
  bool claim(const Progress& now);

  /// What the predicate threw in the last call; empty if it did not.
  const std::string& failure() const { return failure_; }

  /// Which points have passed, as one line of JSON. A predicate's own state is the user's.
  std::string state() const;
  /// Goes on from a state() of an equal schedule, as if uninterrupted. False, without a change, if
  /// it is of another schedule or no state at all.
  bool restore(const std::string& state);

  /// For people: "every 10 steps", "4 a decade of steps", "predicate", "never".
  std::string text() const;

 private:
  enum class Kind : std::uint8_t { never, steps, epochs, seconds, log_steps, predicate };

  /// What has passed. Points are counted from the first call on.
  struct Passed {
    bool started = false;
    std::int64_t first = 0;       ///< step or epoch of the first call
    std::uint64_t points = 0;     ///< of the last claim
    double elapsed = 0;           ///< seconds since the first call
    double previous_seconds = 0;  ///< of the last call
  };

  Schedule(Kind kind, double interval) : kind_(kind), interval_(interval) {}
  std::uint64_t points_until(const Progress& now) const;
  void let_time_pass(const Progress& now);
  bool ask_predicate(const Progress& now);

  Kind kind_;
  double interval_;  ///< steps, epochs or seconds; points a decade
  std::function<bool(const Progress&)> predicate_;
  Passed passed_;
  std::string failure_;
};

}  // namespace livecca
