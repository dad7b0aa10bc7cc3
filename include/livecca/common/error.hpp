#pragma once

#include <stdexcept>

#include "livecca/common/export.hpp"

namespace livecca {

/// The one exception type of livecca: a programming error (an unknown tap handle, a step used after
/// its commit, impossible options). The message names the tap or option, what was expected and what
/// came. Conditions of the data never throw: they are a Status on a result or an Event of a run.
class LIVECCA_EXPORT Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace livecca
