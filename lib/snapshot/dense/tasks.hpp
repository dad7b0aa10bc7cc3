#pragma once

#include <cstddef>
#include <functional>

#include "livecca/common/executor.hpp"

namespace livecca {

/// The loops within one decomposition: on the executor's solve lane, or one after the other where
/// the loop around is already parallel. How work is cut does not depend on it, so no bit does.
class Tasks {
 public:
  Tasks() = default;
  explicit Tasks(Executor& executor) : executor_(&executor) {}

  template <typename Task>
  void for_each(std::size_t count, const Task& task) const {
    if (executor_ != nullptr && count > 1) {
      executor_->parallel_for(Lane::solve, count, std::cref(task));
    } else {
      for (std::size_t i = 0; i < count; ++i) task(i);
    }
  }

 private:
  Executor* executor_ = nullptr;
};

}  // namespace livecca
