#pragma once

#include <string>
#include <string_view>

namespace livecca {

/// The name under which users log it.
inline constexpr std::string_view learning_rate_name = "learning_rate";

/// Whether training goes on differently from one snapshot to the next: no forecast can know of it.
/// `largest` is the largest rate so far. The last snapshots of a cosine fall by large factors too,
/// from nearly nothing to less: from a twentieth of the largest on, a fall is no jump. So a cosine
/// of 14 snapshots or more has none; and steps by ten have two. A rise from 0, where a cosine may
/// end before it begins again, is a jump.
inline bool is_jump(double rate_before, double rate_now, double largest) {
  const bool falls = rate_now < rate_before / 3 && rate_before > largest / 20;
  return rate_before >= 0 && (rate_now > 1.5 * rate_before || falls);
}

struct RateJump {
  double before = 0;
  double now = 0;
};

/// One line for people.
std::string text_of(const RateJump& jump);

}  // namespace livecca
