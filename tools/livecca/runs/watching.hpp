#pragma once

#include <optional>

#include "livecca/sinks/row.hpp"

namespace livecca::tool {

/// What watching cost the training threads, from one row of overhead to the next.
struct Watching {
  double seconds = 0;
  std::optional<double> share;  ///< of these threads' time, from 0 to 1; empty if that is unknown
};

/// Not the row's own share: in runs of older versions that counts livecca's threads too.
Watching watching_of(const OverheadRow& overhead, const std::optional<RunRow>& facts);

}  // namespace livecca::tool
