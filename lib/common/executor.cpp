#include "livecca/common/executor.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

#include "livecca/common/error.hpp"

#ifdef LIVECCA_PLAIN_THREADS
#include <atomic>
#include <exception>
#include <vector>
#else
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#endif

namespace livecca {
namespace {

/// What the process allows: beyond it TBB would print a warning and start no more threads.
int available_threads() {
#ifdef LIVECCA_PLAIN_THREADS
  return 64;
#else
  return static_cast<int>(
      tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism));
#endif
}

int checked_concurrency(int concurrency) {
  if (concurrency < 0) {
    throw Error("executor: expected 0 (one thread per core) or more threads, got " +
                std::to_string(concurrency));
  }
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return std::min(concurrency > 0 ? concurrency : cores, available_threads());
}

#ifdef LIVECCA_PLAIN_THREADS

// The distribution's TBB is not built for ThreadSanitizer, which then reports races that are not
// there; this stand-in has the same meaning on threads that the sanitizer understands.
class ThreadArena {
 public:
  explicit ThreadArena(int concurrency, Lane) : concurrency_(concurrency) {}

  void parallel_for(std::size_t count, const std::function<void(std::size_t)>& task) const {
    std::atomic<std::size_t> next{0};
    std::exception_ptr failure;
    std::mutex failure_mutex;
    const auto work = [&] {
      for (std::size_t i = next++; i < count; i = next++) {
        try {
          task(i);
        } catch (...) {
          const std::lock_guard lock(failure_mutex);
          if (!failure) failure = std::current_exception();
        }
      }
    };
    std::vector<std::thread> threads;
    for (int i = 1; i < concurrency_; ++i) threads.emplace_back(work);
    work();
    for (std::thread& thread : threads) thread.join();
    if (failure) std::rethrow_exception(failure);
  }

 private:
  int concurrency_;
};
using Arena = ThreadArena;

#else

class TbbArena {
 public:
  TbbArena(int concurrency, Lane lane)
      : arena_(concurrency, 1,
               lane == Lane::training ? tbb::task_arena::priority::high
                                      : tbb::task_arena::priority::low) {}

  void parallel_for(std::size_t count, const std::function<void(std::size_t)>& task) {
    // One index a task: indices are few and large, and a task owns its output.
    arena_.execute([&] {
      tbb::parallel_for(
          tbb::blocked_range<std::size_t>(0, count, 1),
          [&](const tbb::blocked_range<std::size_t>& range) {
            for (std::size_t i = range.begin(); i != range.end(); ++i) task(i);
          },
          tbb::simple_partitioner());
    });
  }

 private:
  tbb::task_arena arena_;
};
using Arena = TbbArena;

#endif

/// One thread that runs jobs in order. It is started at once: a thread that cannot be had should be
/// known before training begins.
class JobQueue {
 public:
  JobQueue() : thread_([this] { run(); }) {}
  ~JobQueue() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  bool submit(std::function<void()> job, std::size_t most_unfinished, bool wait) {
    {
      std::unique_lock lock(mutex_);
      if (most_unfinished > 0) {
        if (!wait && unfinished_ >= most_unfinished) return false;
        changed_.wait(lock, [&] { return unfinished_ < most_unfinished; });
      }
      jobs_.push_back(std::move(job));
      ++unfinished_;
    }
    changed_.notify_all();
    return true;
  }

  void drain(std::size_t pending) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this, pending] { return unfinished_ <= pending; });
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      job = nullptr;  // frees what the job holds before it counts as finished
      lock.lock();
      --unfinished_;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::size_t unfinished_ = 0;
  bool closing_ = false;
  std::thread thread_;  // last: it uses the members above from its first moment
};

}  // namespace

struct Executor::State {
  explicit State(int threads)
      : concurrency(threads), training(threads, Lane::training), solve(threads, Lane::solve) {}

  int concurrency;
  Arena training;
  Arena solve;
  // Last: their threads use the arenas until they are joined. A training job may submit to the
  // other queue, so it goes first.
  JobQueue solve_jobs;
  JobQueue training_jobs;

  JobQueue& jobs(Lane lane) { return lane == Lane::training ? training_jobs : solve_jobs; }
};

Executor::Executor(int concurrency) {
  const int threads = checked_concurrency(concurrency);
  try {
    state_ = std::make_unique<State>(threads);
  } catch (const std::system_error& failure) {
    throw Error(std::string("executor: expected to start a thread, got: ") + failure.what());
  }
}
Executor::~Executor() = default;

int Executor::concurrency() const { return state_->concurrency; }

void Executor::parallel_for(Lane lane, std::size_t count,
                            const std::function<void(std::size_t)>& task) {
  if (count == 0) return;
  Arena& arena = lane == Lane::training ? state_->training : state_->solve;
  arena.parallel_for(count, task);
}

void Executor::submit(Lane lane, std::function<void()> job, std::size_t most_unfinished) {
  state_->jobs(lane).submit(std::move(job), most_unfinished, true);
}

bool Executor::try_submit(Lane lane, std::function<void()> job, std::size_t most_unfinished) {
  return state_->jobs(lane).submit(std::move(job), most_unfinished, false);
}

void Executor::drain(Lane lane, std::size_t pending) { state_->jobs(lane).drain(pending); }

}  // namespace livecca
