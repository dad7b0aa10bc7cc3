#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace livecca_soak {

/// This program, started once more as a process of its own.
class Child {
 public:
  /// Throws std::runtime_error if it cannot be started.
  explicit Child(const std::vector<std::string>& arguments);
  /// Kills it if it still runs.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Whether it ended by itself; its exit status is then known.
  bool has_ended();
  /// Its exit status once it ended; of one that a signal ended, minus its number.
  int wait();
  /// SIGKILL, and waits until it is gone. False if it had ended before.
  bool kill();

 private:
  void ended_with(int status);

  pid_t process_;
  std::optional<int> status_;
};

}  // namespace livecca_soak
