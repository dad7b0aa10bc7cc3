#pragma once

#include <pthread.h>

#include <csignal>
#include <exception>
#include <thread>
#include <utility>

namespace livecca {

/// A thread that gets none of the host's signals: a new thread has its maker's mask.
template <typename Function>
std::thread quiet_thread(Function function) {
  sigset_t all{};
  sigset_t before{};
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread;
  std::exception_ptr failure;
  try {
    thread = std::thread(std::move(function));
  } catch (...) {
    failure = std::current_exception();
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (failure) std::rethrow_exception(failure);
  return thread;
}

}  // namespace livecca
