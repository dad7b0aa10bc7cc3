#include "probe.hpp"

#include <algorithm>
#include <chrono>

#include "livecca_libtorch/evaluation_scope.hpp"
#include "livecca_libtorch/inputs.hpp"
#include "livecca_libtorch/record.hpp"
#include "livecca_libtorch/tap.hpp"

namespace live_training {
namespace {

constexpr std::int64_t probe_batch = 250;

}  // namespace

Probe::Probe(const TensorSet& set, std::int64_t count)
    : images_(set.images.slice(0, 0, std::min(count, set.size()))) {}

std::vector<torch::Tensor> Probe::batches() const { return images_.split(probe_batch); }

double Probe::run(livecca::Monitor& monitor, std::int64_t epoch, Network& trained,
                  Network& reference, const Beside& beside) {
  std::int64_t first = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (const torch::Tensor& batch : batches()) {
    livecca::Monitor::Step step = monitor.begin(livecca::Stream::probe, epoch);
    livecca::libtorch::set_inputs(step, batch);
    run_watched(monitor, step, trained_name, trained, batch);
    if (reference) run_watched(monitor, step, reference_name, reference, batch);
    if (beside) beside(step, first, first + batch.size(0));
    first += batch.size(0);
    step.commit();
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

livecca::Result<std::vector<livecca::libtorch::TapProblem>> Probe::record(
    const std::filesystem::path& file, std::int64_t epoch, Network& network) {
  livecca::RecorderOptions options;
  options.network = trained_name;
  options.epoch = epoch;
  return livecca::libtorch::record(
      file, *network, batches(),
      [&](const torch::Tensor& images) { return network->forward(images); }, options);
}

void run_watched(livecca::Monitor& monitor, livecca::Monitor::Step& step, const char* name,
                 Network& network, const torch::Tensor& batch) {
  const livecca::libtorch::TapScope taps(monitor, step, name);
  const livecca::libtorch::EvaluationScope evaluation(*network);
  network->forward(batch);
}

}  // namespace live_training
