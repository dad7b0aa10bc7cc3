#pragma once

#include <string>

namespace livecca {

/// A number with three digits for a message, with a point in any locale.
std::string number_text(double value);

}  // namespace livecca
