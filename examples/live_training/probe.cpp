#include "probe.hpp"

#include <algorithm>
#include <chrono>

#include "livecca_libtorch/evaluation_scope.hpp"
#include "livecca_libtorch/tap.hpp"

namespace live_training {
namespace {

constexpr std::int64_t probe_batch = 250;

}  // namespace

Probe::Probe(const TensorSet& set, std::int64_t count)
    : images_(set.images.slice(0, 0, std::min(count, set.size()))) {}

double Probe::run(livecca::Monitor& monitor, std::int64_t epoch, Network& trained,
                  Network& reference) {
  const auto begin = std::chrono::steady_clock::now();
  for (std::int64_t first = 0; first < size(); first += probe_batch) {
    const torch::Tensor batch = images_.slice(0, first, std::min(first + probe_batch, size()));
    livecca::Monitor::Step step = monitor.begin(livecca::Stream::probe, epoch);
    run_one(monitor, step, trained_name, trained, batch);
    run_one(monitor, step, reference_name, reference, batch);
    step.commit();
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void Probe::run_one(livecca::Monitor& monitor, livecca::Monitor::Step& step, const char* name,
                    Network& network, const torch::Tensor& batch) {
  const livecca::libtorch::EvaluationScope evaluation(*network);
  const livecca::libtorch::TapScope taps(monitor, step, name);
  network->forward(batch);
}

}  // namespace live_training
