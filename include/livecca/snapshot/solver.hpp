#pragma once

#include <cstdint>
#include <memory>

#include "livecca/common/export.hpp"
#include "livecca/snapshot/solve.hpp"

namespace livecca {

/// solve() with a memory: a tap whose moments have not changed since the last solve (a recorded
/// reference, mostly) is not whitened again. Changes are seen by Moments::version().
///
/// Keeps the whitened taps of the last solve, up to 4 · features² · 8 bytes each.
///
/// Thread safety: none; one thread at a time. The executor must outlive it.
class LIVECCA_EXPORT Solver {
 public:
  explicit Solver(Executor& executor);
  ~Solver();
  Solver(Solver&&) noexcept;

  /// As livecca::solve(). If it throws, what was kept is forgotten.
  PanelSolution solve(const PanelMoments& moments, const SolveOptions& options);

  /// How many taps were whitened so far.
  std::uint64_t whitened_taps() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace livecca
