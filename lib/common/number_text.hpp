#pragma once

#include <string>

namespace livecca {

/// A number with so many digits, for a message or a row. It has a point in any locale of the host.
std::string number_text(double value, int digits = 3);

}  // namespace livecca
