#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "livecca/activations/reading.hpp"
#include "livecca/moments/panel.hpp"

namespace livecca {

/// A tap as the monitor knows it.
struct WatchedTap {
  std::string network;
  std::string layer;
  Reading reading;
  std::optional<TapShape> shape;  ///< if it was given

  std::string text() const { return network + "/" + layer; }
};

/// All taps that were watched, in their order: their index is the handle's and the panels'.
///
/// Thread safety: any thread may look and add; a tap that at() gave stays where and as it is.
class WatchedTaps {
 public:
  /// The tap of that name, if there is one. Throws Error if it is watched with another reading.
  std::optional<std::size_t> find(std::string_view network, std::string_view layer,
                                  const Reading& reading) const;
  std::size_t add(WatchedTap tap);
  /// Of a tap that nobody else was told of.
  void remove_last();
  std::size_t size() const;
  const WatchedTap& at(std::size_t index) const;

 private:
  mutable std::shared_mutex mutex_;
  std::deque<WatchedTap> taps_;
};

}  // namespace livecca
