#include "verdicts/learning_rate.hpp"

#include "common/number_text.hpp"

namespace livecca {

std::string text_of(const RateJump& jump) {
  return std::string("the learning rate ") + (jump.now > jump.before ? "rose" : "fell") + " from " +
         number_text(jump.before) + " to " + number_text(jump.now) +
         " since the snapshot before: what was forecast before does not know of it";
}

}  // namespace livecca
