#pragma once

#include <string>
#include <string_view>

namespace livecca {

/// The name under which users log it.
inline constexpr std::string_view learning_rate_name = "learning_rate";

/// Whether training goes on differently from one snapshot to the next: no forecast can know of it.
/// Schedules that fall smoothly do not jump.
inline bool is_jump(double rate_before, double rate_now) {
  return rate_before > 0 && (rate_now > 1.5 * rate_before || rate_now < rate_before / 3);
}

struct RateJump {
  double before = 0;
  double now = 0;
};

/// One line for people.
std::string text_of(const RateJump& jump);

}  // namespace livecca
