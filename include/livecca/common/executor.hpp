#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "livecca/common/export.hpp"

namespace livecca {

/// What a parallel loop works for. Each lane has its own arena, so a training thread that
/// accumulates never waits for the tasks of a solve.
enum class Lane { training, solve };

/// Owns all threads that livecca uses. Each Lane has an arena of `concurrency` slots and one thread
/// for submitted jobs. The arenas share the TBB workers of the process.
///
/// Results do not depend on the concurrency, because each task alone writes its part of the result.
/// The executor changes nothing global in the host process.
///
/// Thread safety: all members may be called from any thread.
class LIVECCA_EXPORT Executor {
 public:
  /// `concurrency` 0 means one slot per core. The limit that the process sets for TBB (by default
  /// the number of cores) also holds here. Throws Error if `concurrency` is negative or no thread
  /// can be started.
  explicit Executor(int concurrency = 0);
  /// Waits for the submitted jobs.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  int concurrency() const;

  /// Runs task(0) … task(count − 1) in any order and returns when all are done. The calling thread
  /// takes part. If tasks throw, the first exception is rethrown here.
  void parallel_for(Lane lane, std::size_t count, const std::function<void(std::size_t)>& task);

  /// Queues a job for the lane's background thread, which runs jobs in the order they came. A job
  /// must not throw. If the lane has `most_unfinished` or more jobs, counting the running one, the
  /// call waits first; 0 means that it never waits.
  void submit(Lane lane, std::function<void()> job, std::size_t most_unfinished = 0);

  /// Like submit(), but returns false instead of waiting. The job is then not queued.
  bool try_submit(Lane lane, std::function<void()> job, std::size_t most_unfinished);

  /// Waits until at most `pending` jobs of the lane are unfinished.
  void drain(Lane lane, std::size_t pending = 0);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace livecca
