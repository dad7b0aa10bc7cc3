#include "monitor/watched_taps.hpp"

#include <mutex>
#include <utility>

#include "livecca/common/error.hpp"

namespace livecca {

std::optional<std::size_t> WatchedTaps::find(std::string_view network, std::string_view layer,
                                             const Reading& reading) const {
  const std::shared_lock lock(mutex_);
  for (std::size_t i = 0; i < taps_.size(); ++i) {
    if (taps_[i].network != network || taps_[i].layer != layer) continue;
    if (taps_[i].reading == reading) return i;
    throw Error(taps_[i].text() + ": expected layout " + taps_[i].reading.text() +
                " as watched before, got " + reading.text());
  }
  return std::nullopt;
}

std::size_t WatchedTaps::add(WatchedTap tap) {
  const std::unique_lock lock(mutex_);
  taps_.push_back(std::move(tap));
  return taps_.size() - 1;
}

void WatchedTaps::remove_last() {
  const std::unique_lock lock(mutex_);
  taps_.pop_back();
}

std::size_t WatchedTaps::size() const {
  const std::shared_lock lock(mutex_);
  return taps_.size();
}

const WatchedTap& WatchedTaps::at(std::size_t index) const {
  const std::shared_lock lock(mutex_);
  return taps_[index];
}

}  // namespace livecca
