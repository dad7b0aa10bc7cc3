#pragma once

#include <functional>
#include <string>

#include "livecca/common/error.hpp"

namespace livecca_tests {

/// What a call throws; empty if nothing.
inline std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const livecca::Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace livecca_tests
