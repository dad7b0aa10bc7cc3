#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>

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
  /// The tap of that index, or null.
  const WatchedTap* find(std::size_t index) const;
  /// Adds a tap that find() does not give by its name before it is accepted. One thread at a time
  /// adds, accepts and removes.
  std::size_t add(WatchedTap tap);
  void accept_last();
  /// Of a tap that was not accepted.
  void remove_last();
  std::size_t size() const;
  /// Those that find() gives.
  std::size_t accepted() const;
  const WatchedTap& at(std::size_t index) const;

 private:
  /// Finds names without making a string of them.
  struct Before {
    using is_transparent = void;
    template <typename X, typename Y>
    bool operator()(const X& x, const Y& y) const {
      const std::string_view network_x(x.first);
      const std::string_view network_y(y.first);
      if (network_x != network_y) return network_x < network_y;
      return std::string_view(x.second) < std::string_view(y.second);
    }
  };

  mutable std::shared_mutex mutex_;
  std::deque<WatchedTap> taps_;
  std::map<std::pair<std::string, std::string>, std::size_t, Before> places_;  ///< by name
};

}  // namespace livecca
