#pragma once

#include <cstdint>
#include <optional>
#include <ostream>

#include "runs/show_options.hpp"

namespace livecca::tool {

/// Prints one run at a glance, or a list if there are several. With `follow` one run is printed
/// again whenever there is more, until it is finished or a key ends it. Throws InputError.
void show_runs(const ShowOptions& options, std::ostream& out);

/// Where stdout is drawn: as wide as asked for, or as the terminal is if it is 0.
Canvas canvas_of_stdout(std::size_t asked_width);

/// When a run that is followed is printed again where nothing can be drawn over.
class PrintPace {
 public:
  /// Asked after each look at the run. An epoch's rows come together: it is complete when a look
  /// finds nothing new, or the next one has begun.
  bool is_due(std::optional<std::int64_t> last_epoch, bool has_news, bool finished);

 private:
  bool printed_ = false;
  std::optional<std::int64_t> printed_epoch_;
};

}  // namespace livecca::tool
