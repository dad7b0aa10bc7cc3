#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory>

#include "livecca/common/executor.hpp"

namespace livecca {

/// The loops within one problem: on the executor's solve lane, or one after the other where the
/// loop around is already parallel. How work is cut does not depend on it, so no bit does. And
/// memory that the problem's products use again: fresh pages would take a tenth of the time.
///
/// Thread safety: none; one thread at a time. Its tasks must not use it.
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

  /// task(first, count) for ranges of at most `at_once` that cover 0 … size − 1.
  template <typename Task>
  void for_ranges(Eigen::Index size, Eigen::Index at_once, const Task& task) const {
    for_each(static_cast<std::size_t>((size + at_once - 1) / at_once), [&](std::size_t i) {
      const Eigen::Index first = static_cast<Eigen::Index>(i) * at_once;
      task(first, std::min(at_once, size - first));
    });
  }

  /// The same for columns of a matrix of which each takes little.
  template <typename Task>
  void for_columns(Eigen::Index size, const Task& task) const {
    constexpr Eigen::Index columns_at_once = 64;
    for_ranges(size, columns_at_once, task);
  }

  /// One of two buffers, with what was left in it. Valid until the next call for the same one.
  double* scratch(std::size_t piece, std::size_t numbers) const {
    Scratch& of_piece = scratch_[piece];
    if (of_piece.size < numbers) {
      of_piece.numbers.reset();
      of_piece.numbers.reset(new double[numbers]);
      of_piece.size = numbers;
    }
    return of_piece.numbers.get();
  }

 private:
  struct Scratch {
    std::size_t size = 0;
    std::unique_ptr<double[]> numbers;
  };

  Executor* executor_ = nullptr;
  mutable std::array<Scratch, 2> scratch_;
};

}  // namespace livecca
