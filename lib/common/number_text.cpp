#include "common/number_text.hpp"

#include <locale>
#include <sstream>

namespace livecca {

std::string number_text(double value, int digits) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  out.precision(digits);
  out << value;
  return out.str();
}

}  // namespace livecca
