#include "monitor/intake/watched_taps.hpp"

#include <mutex>
#include <utility>

#include "livecca/common/error.hpp"

namespace livecca {

std::optional<std::size_t> WatchedTaps::find(std::string_view network, std::string_view layer,
                                             const Reading& reading) const {
  const std::shared_lock lock(mutex_);
  const auto found = places_.find(std::pair(network, layer));
  if (found == places_.end()) return std::nullopt;
  const WatchedTap& tap = taps_[found->second];
  if (tap.reading == reading) return found->second;
  throw Error(tap.text() + ": expected layout " + tap.reading.text() + " as watched before, got " +
              reading.text());
}

const WatchedTap* WatchedTaps::find(std::size_t index) const {
  const std::shared_lock lock(mutex_);
  return index < taps_.size() ? &taps_[index] : nullptr;
}

std::size_t WatchedTaps::add(WatchedTap tap) {
  const std::unique_lock lock(mutex_);
  taps_.push_back(std::move(tap));
  return taps_.size() - 1;
}

void WatchedTaps::accept_last() {
  const std::unique_lock lock(mutex_);
  places_.emplace(std::pair(taps_.back().network, taps_.back().layer), taps_.size() - 1);
}

void WatchedTaps::remove_last() {
  const std::unique_lock lock(mutex_);
  taps_.pop_back();
}

std::size_t WatchedTaps::size() const {
  const std::shared_lock lock(mutex_);
  return taps_.size();
}

std::size_t WatchedTaps::accepted() const {
  const std::shared_lock lock(mutex_);
  return places_.size();
}

const WatchedTap& WatchedTaps::at(std::size_t index) const {
  const std::shared_lock lock(mutex_);
  return taps_[index];
}

}  // namespace livecca
