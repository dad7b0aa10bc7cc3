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
  double seconds = 0;  ///< since training began, by a steady clock
};

/// Says when something is due, at points of training. Each point is used at most once. After
/// several missed points, claim() is true once, not once for each.
///
///     auto schedule = livecca::Schedule::every_steps(10);
///     if (schedule.claim({step, epoch, seconds})) snapshot();   // at steps 0, 10, 20, …
///
/// A copy counts on its own, starting from the copied state. A schedule reads no clock, because
/// Progress contains the time. Cost: O(1) per call, and the cost of a predicate.
///
/// Thread safety: none; calls must not overlap.
class LIVECCA_EXPORT Schedule {
 public:
  static Schedule never();
  /// Due at the first call, and then every `steps` steps after it. Throws Error unless `steps` > 0.
  static Schedule every_steps(std::int64_t steps);
  /// Due at the first call, and then every `epochs` epochs after it. Due once per epoch, even if
  /// several calls report the same epoch or an epoch is repeated. Throws Error unless `epochs` > 0.
  static Schedule every_epochs(std::int64_t epochs);
  /// Due at the first call, and then every `seconds` seconds after it. If the clock goes back,
  /// counting continues from the new time. Throws Error unless `seconds` is finite and > 0.
  static Schedule every_seconds(double seconds);
  /// Due at the first call, and then at the steps 10^(i / per_decade) for i = 0, 1, …, rounded. For
  /// 3 per decade, these are 1, 2, 5, 10, 22, 46, 100, … Throws Error unless `per_decade` > 0.
  static Schedule log_spaced(int per_decade);
  /// Due if the predicate returns true. Each call of claim() asks it once. A Monitor asks one
  /// predicate at a time and holds none of the locks that its other members need: a predicate may
  /// call the monitor. Throws Error if the predicate is empty.
  static Schedule when(std::function<bool(const Progress&)> predicate);

  /// Whether a new point was reached since the last claim. If so, this claims it, and the next
  /// calls return false until another point is reached. A predicate that throws counts as not due.
  /// If steps or epochs go back, nothing is due until they pass the last point.
  [[nodiscard]] bool claim(const Progress& now);

  /// Whether it was made by when().
  bool has_predicate() const { return kind_ == Kind::predicate; }

  /// The text of the exception that the predicate threw in the last call. Empty if it did not
  /// throw.
  const std::string& failure() const { return failure_; }

  /// The points that have passed, as one line of JSON. It does not contain a predicate's own state.
  std::string state() const;
  /// Continues from the state() of an equal schedule, as if there had been no break. Returns false,
  /// and changes nothing, if the text is of another schedule or not a state.
  [[nodiscard]] bool restore(const std::string& state);

  /// Text for people: "every 10 steps", "4 a decade of steps", "predicate", "never".
  std::string text() const;

 private:
  enum class Kind : std::uint8_t { never, steps, epochs, seconds, log_steps, predicate };

  /// The points that have passed. They are counted from the first call on.
  struct Passed {
    bool started = false;
    std::int64_t first = 0;       ///< step or epoch of the first call
    std::uint64_t points = 0;     ///< the number of points at the last claim
    double elapsed = 0;           ///< seconds since the first call
    double previous_seconds = 0;  ///< the time of the last call
  };

  Schedule(Kind kind, double interval) : kind_(kind), interval_(interval) {}
  std::uint64_t points_until(const Progress& now) const;
  void let_time_pass(const Progress& now);
  bool ask_predicate(const Progress& now);

  Kind kind_;
  double interval_;  ///< in steps, epochs or seconds; or the points per decade
  std::function<bool(const Progress&)> predicate_;
  Passed passed_;
  std::string failure_;
};

}  // namespace livecca
