#include "monitor/pacing/overhead.hpp"

#include <algorithm>
#include <utility>

namespace livecca {

void Overhead::training_step(double now) {
  const std::lock_guard lock(mutex_);
  is_told_of_steps_ = true;
  if (last_step_) {
    const double seconds = std::max(0.0, now - *last_step_ - taken_since_step_);
    training_seconds_ += seconds;
    budget_.training_step(seconds);
  }
  last_step_ = now;
  taken_since_step_ = 0;
}

void Overhead::interrupt() {
  const std::lock_guard lock(mutex_);
  last_step_.reset();
}

bool Overhead::wants_step(std::string& shortage) {
  const std::lock_guard lock(mutex_);
  const bool is_wanted = !has_budget_ || budget_.wants_step();
  if (is_wanted) {
    was_shortage_told_ = false;
  } else if (!was_shortage_told_) {
    shortage = budget_.shortage();
    was_shortage_told_ = !shortage.empty();
  }
  return is_wanted;
}

double Overhead::images_share() {
  const std::lock_guard lock(mutex_);
  return has_budget_ ? budget_.images_share() : 1;
}

void Overhead::observed(double seconds, double reference_seconds) {
  const std::lock_guard lock(mutex_);
  row_.observe_seconds += seconds;
  row_.reference_seconds += reference_seconds;
  taken_since_step_ += seconds + reference_seconds;
}

void Overhead::waited(double seconds) {
  const std::lock_guard lock(mutex_);
  row_.wait_seconds += seconds;
  taken_since_step_ += seconds;
}

void Overhead::accumulated(double seconds) {
  const std::lock_guard lock(mutex_);
  row_.accumulate_seconds += seconds;
  if (synchronous_) taken_since_step_ += seconds;
}

void Overhead::train_step(double training_thread_seconds, double images_share,
                          double accumulate_seconds) {
  accumulated(accumulate_seconds);
  const std::lock_guard lock(mutex_);
  ++row_.train_steps_observed;
  budget_.observed(training_thread_seconds + accumulate_seconds, images_share);
}

void Overhead::train_step_lost(double training_thread_seconds, double images_share,
                               bool found_queue_full) {
  const std::lock_guard lock(mutex_);
  if (found_queue_full) ++row_.train_steps_dropped;
  budget_.observed(training_thread_seconds, images_share);
}

void Overhead::spent_elsewhere(double seconds) {
  const std::lock_guard lock(mutex_);
  budget_.spent(seconds);
}

OverheadRow Overhead::take(std::int64_t epoch) {
  const std::lock_guard lock(mutex_);
  OverheadRow row = std::exchange(row_, {});
  row.epoch = epoch;
  if (is_told_of_steps_) row.training_seconds = std::exchange(training_seconds_, 0);
  if (has_budget_) {
    row.observe_every = budget_.every();
    row.images_share = budget_.images_share();
  }
  return row;
}

}  // namespace livecca
