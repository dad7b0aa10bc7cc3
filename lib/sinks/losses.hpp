#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace livecca {

/// What is lost when memory runs out.
enum class Loss : std::uint8_t {
  line,
  event,
  sink_call,
  number,
  train_step,
  probe_step,
  snapshot,
  callback
};

/// The subject of the event that tells it.
inline const char* name_of(Loss loss) {
  constexpr std::array<const char*, 8> names{"line",       "event",      "sink call", "log",
                                             "train step", "probe step", "snapshot",  "callback"};
  return names[static_cast<std::size_t>(loss)];
}

/// Counts what was lost and not told yet: to count takes no memory. Thread safe.
class Losses {
 public:
  static constexpr std::size_t kinds = 8;

  void count(Loss loss) noexcept {
    ++counts_[static_cast<std::size_t>(loss)];
    any_ = true;
  }
  bool any() const noexcept { return any_; }

  /// Calls tell(loss, count) for each kind that was lost. If it returns false, the kind stays to be
  /// told later.
  template <typename Tell>
  void tell(const Tell& tell) {
    any_ = false;
    for (std::size_t i = 0; i < kinds; ++i) {
      const std::uint64_t count = counts_[i].exchange(0);
      if (count == 0 || tell(static_cast<Loss>(i), count)) continue;
      counts_[i] += count;
      any_ = true;
    }
  }

 private:
  std::array<std::atomic<std::uint64_t>, kinds> counts_{};
  std::atomic<bool> any_{false};
};

}  // namespace livecca
