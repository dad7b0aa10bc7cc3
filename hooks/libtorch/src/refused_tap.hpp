#pragma once

#include <exception>
#include <string_view>

namespace livecca::libtorch {

/// Reports a tensor of this thread's scope that cannot be watched, as if tap() had been called with
/// it. Does nothing without a scope.
void refuse_tap(std::string_view name, const std::exception& problem) noexcept;

}  // namespace livecca::libtorch
