#pragma once

#include "livecca/common/export.hpp"

namespace livecca {

/// Keeps the memory behind a view where it is until livecca has read it on a thread of its own, so
/// that nothing is copied on the caller's. Destroyed on either thread.
class LIVECCA_EXPORT HeldMemory {
 public:
  HeldMemory() = default;
  virtual ~HeldMemory();
  HeldMemory(const HeldMemory&) = delete;
  HeldMemory& operator=(const HeldMemory&) = delete;

  /// Asked once the memory was read: whether it is still what it was when it was handed over. What
  /// was read is thrown away if not.
  virtual bool is_unchanged() const { return true; }
};

}  // namespace livecca
