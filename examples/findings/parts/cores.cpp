#include "cores.hpp"

#include <ATen/Parallel.h>

#include <cstdlib>
#include <thread>

#include "quiet_waiting.hpp"

namespace findings {

void use_all_cores() {
  if (std::getenv("OMP_NUM_THREADS") != nullptr) return;
  at::set_num_threads(static_cast<int>(std::thread::hardware_concurrency()));
}

void start_again_for_small_products(char** arguments) {
  setenv("OPENBLAS_NUM_THREADS", "1", /*overwrite=*/0);
  setenv("OMP_NUM_THREADS", "1", /*overwrite=*/0);
  live_training::start_again_without_spinning(arguments);
}

}  // namespace findings
