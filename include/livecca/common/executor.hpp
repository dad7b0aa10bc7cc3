#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "livecca/common/export.hpp"

namespace livecca {

/// Who a parallel loop works for. The lanes have separate arenas, so a training thread that
/// accumulates never waits for the tasks of a solve.
enum class Lane { training, solve };

/// The threads that livecca uses, all of them: two arenas (one per Lane) of `concurrency` slots,
/// which share the process's TBB workers, and per Lane one thread for submitted jobs.
///
/// Results do not depend on the concurrency: loops hand each index to one task, and a task owns
/// what it writes. Nothing global of the host process is changed.
///
/// Thread safety: all members may be called from any thread.
class LIVECCA_EXPORT Executor {
 public:
  /// `concurrency` 0 means one per core; more than the process allows TBB (the cores, unless the
  /// host has set it otherwise) is cut to that. Throws Error if it is negative, or if no thread can
  /// be started.
  explicit Executor(int concurrency = 0);
  /// Waits for the submitted jobs.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  int concurrency() const;

  /// Runs task(0) … task(count − 1), in no stated order, and returns when all are done; the calling
  /// thread takes part. The first exception of a task is rethrown here.
  void parallel_for(Lane lane, std::size_t count, const std::function<void(std::size_t)>& task);

  /// Queues a job for the lane's background thread; a lane's jobs run in the order of submission. A
  /// job must not throw. Waits first while the lane has `most_unfinished` jobs or more, the running
  /// one included; 0: does not wait.
  void submit(Lane lane, std::function<void()> job, std::size_t most_unfinished = 0);

  /// The same, but instead of waiting it returns false and the job is not taken.
  bool try_submit(Lane lane, std::function<void()> job, std::size_t most_unfinished);

  /// Returns once no more than `pending` of the lane's jobs are left to finish.
  void drain(Lane lane, std::size_t pending = 0);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace livecca
