#pragma once

#include <unistd.h>

#include <cstdlib>

namespace live_training {

/// By default OpenMP's threads spin while they wait for each other. With anything else running on
/// the cores (a compiler, livecca's own solves) that makes training ten times slower. OpenMP reads
/// its policy when it is loaded, so the program starts itself again with the policy set.
inline void start_again_without_spinning(char** arguments) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  setenv("OMP_WAIT_POLICY", "passive", 1);
  execv("/proc/self/exe", arguments);
  // Still here: where there is no /proc, it only runs slower.
}

}  // namespace live_training
