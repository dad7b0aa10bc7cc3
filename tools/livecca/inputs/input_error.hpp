#pragma once

#include <stdexcept>

namespace livecca::tool {

/// A file that cannot be used. The message is one line: what was expected and what came.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace livecca::tool
