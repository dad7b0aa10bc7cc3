#include "verdicts/learning_rate.hpp"

#include <nlohmann/json.hpp>

namespace livecca {

std::string text_of(const RateJump& jump) {
  // JSON's shortest text of a number, in any locale.
  const auto text = [](double rate) { return nlohmann::json(rate).dump(); };
  return std::string("the learning rate ") + (jump.now > jump.before ? "rose" : "fell") + " from " +
         text(jump.before) + " to " + text(jump.now) +
         " since the snapshot before: what was forecast before does not know of it";
}

}  // namespace livecca
