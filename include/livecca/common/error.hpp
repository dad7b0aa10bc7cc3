#pragma once

#include <stdexcept>

#include "livecca/common/export.hpp"

namespace livecca {

/// The one exception type of livecca. It means wrong use: an unknown tap handle, a step used after
/// its commit, impossible options. Constructors also throw it if they cannot open what they need,
/// e.g. a run's folder or a checkpoint. The message names the tap, option or file, what was
/// expected and what came. Bad activations never throw: they give a Status on a result or an Event
/// of a run.
class LIVECCA_EXPORT Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace livecca
