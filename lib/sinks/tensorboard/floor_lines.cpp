#include "sinks/tensorboard/floor_lines.hpp"

#include <algorithm>

#include "sinks/tensorboard/run_names.hpp"

namespace livecca {

void FloorLines::add(const std::string& tag, const std::string& ending, Direction direction,
                     double floor) {
  const auto [line, is_new] = lines_.try_emplace({floor_run + ending, tag}, floor);
  if (is_new) return;
  const bool is_distance = direction == Direction::distance;
  line->second = is_distance ? std::min(line->second, floor) : std::max(line->second, floor);
}

}  // namespace livecca
