#pragma once

#include <cstdint>
#include <memory>

#include "livecca/common/export.hpp"
#include "livecca/snapshot/solve.hpp"

namespace livecca {

/// solve() with a memory. If the moments of a tap have not changed since the last solve, as for a
/// recorded reference, it does not whiten that tap again. Moments::version() tells it of changes.
///
/// Keeps the whitened taps of the last solve: up to 4 · features² · 8 bytes each.
///
/// Thread safety: none; one thread at a time. The executor must outlive it.
class LIVECCA_EXPORT Solver {
 public:
  explicit Solver(Executor& executor);
  ~Solver();
  Solver(Solver&&) noexcept;

  /// Like livecca::solve(). If it throws, the solver forgets what it kept.
  PanelSolution solve(const PanelMoments& moments, const SolveOptions& options);

  /// The number of taps whitened so far.
  std::uint64_t whitened_taps() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace livecca
