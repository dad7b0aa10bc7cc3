#include "livecca_libtorch/record.hpp"

#include <algorithm>
#include <cstddef>

#include "livecca/common/error.hpp"
#include "livecca_libtorch/evaluation_scope.hpp"
#include "livecca_libtorch/inputs.hpp"
#include "observed_forward.hpp"

namespace livecca::libtorch {
namespace {

void add_new(std::vector<TapProblem>& problems, const std::vector<TapProblem>& of_batch) {
  for (const TapProblem& problem : of_batch) {
    const bool is_known = std::ranges::any_of(
        problems, [&](const TapProblem& known) { return known.tap == problem.tap; });
    if (!is_known) problems.push_back(problem);
  }
}

std::string text_of(const std::vector<TapProblem>& problems) {
  std::string text;
  for (const TapProblem& problem : problems) {
    text += (text.empty() ? "" : "; ") + problem.tap + ": " + problem.message;
  }
  return text;
}

}  // namespace

Result<std::vector<TapProblem>> record(const std::filesystem::path& path, torch::nn::Module& module,
                                       const std::function<at::Tensor()>& next_batch,
                                       const Forward& forward, const RecorderOptions& options) {
  Recorder recorder(path, options);
  std::vector<TapProblem> problems;
  for (at::Tensor batch = next_batch(); batch.defined(); batch = next_batch()) {
    try {
      set_inputs(recorder, batch);
    } catch (const Error& problem) {
      return Failure{path.string() + ": inputs: " + problem.what()};
    }
    {
      const TapScope taps(recorder);
      const EvaluationScope evaluation(module);
      forward(batch);
      recorder.set_training_mode(is_any_training(module));
      add_new(problems, taps.problems());
    }
    recorder.end_batch();
  }
  const auto finished = recorder.finish();
  if (finished) return problems;
  return Failure{finished.why() + (problems.empty() ? "" : "; " + text_of(problems))};
}

Result<std::vector<TapProblem>> record(const std::filesystem::path& path, torch::nn::Module& module,
                                       const std::vector<at::Tensor>& batches,
                                       const Forward& forward, const RecorderOptions& options) {
  std::size_t next = 0;
  const auto next_batch = [&] { return next < batches.size() ? batches[next++] : at::Tensor(); };
  return record(path, module, next_batch, forward, options);
}

}  // namespace livecca::libtorch
