#pragma once

#include <string>

namespace livecca {

/// Whether a name comes before another as people count: numbers in it go by their value, all else
/// by its letters, so conv2 comes before conv10. It is the order of layers where no order is known.
bool comes_before_naturally(const std::string& a, const std::string& b);

}  // namespace livecca
