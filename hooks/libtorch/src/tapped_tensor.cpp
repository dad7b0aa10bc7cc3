#include "tapped_tensor.hpp"

#include <ATen/core/grad_mode.h>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <unordered_map>
#include <utility>

#include "livecca/common/error.hpp"
#include "livecca_libtorch/tap.hpp"

namespace livecca::libtorch {
namespace {

/// Whether LibTorch counts in-place changes of the tensor, and nobody but tensors can change its
/// memory: it is not, say, a NumPy array's.
bool is_watched_over(const at::Tensor& tensor) {
  return !tensor.is_inference() &&
         tensor.storage().data_ptr().get_deleter() == c10::GetCPUAllocator()->raw_deleter();
}

}  // namespace

InPlaceFact in_place_fact(const std::string& run, const std::string& tap) {
  thread_local std::unordered_map<std::string, InPlaceFact> facts;
  std::string key = run;
  key += at::GradMode::is_enabled() ? '+' : '-';
  InPlaceFact& fact = facts[key += tap];
  if (!fact) fact = std::make_shared<std::atomic<InPlace>>(InPlace::unknown);
  return fact;
}

TappedTensor::TappedTensor(TapHandle tap, std::string name, at::Tensor rows, InPlaceFact fact)
    : tap_(tap),
      name_(std::move(name)),
      rows_(std::move(rows)),
      fact_(std::move(fact)),
      may_be_held_(is_watched_over(rows_) && *fact_ != InPlace::happens) {
  if (may_be_held_) version_ = rows_._version();
}

void TappedTensor::observe(Monitor::Step& step) {
  if (may_be_held_ && *fact_ == InPlace::never) return;
  is_copied_ = true;
  step.observe(tap_, view_of(rows_));
}

bool TappedTensor::is_ours_alone() const { return rows_.storage().use_count() == 1; }

void TappedTensor::hold(Monitor::Step& step) const {
  step.observe_held(tap_, view_of(rows_), std::make_shared<const at::Tensor>(rows_),
                    rows_.storage().nbytes());
}

void TappedTensor::commit(Monitor::Step& step) const {
  const bool is_changed = rows_._version() != version_;
  *fact_ = is_changed ? InPlace::happens : InPlace::never;
  if (is_copied_) return;
  if (is_changed) {
    step.report_unwatchable(
        name_,
        "expected no change in place between the tap and the commit, as before; this pass is left "
        "out, and from now on the tensor is copied at the tap");
    return;
  }
  try {
    // Another tensor of this memory could change it while livecca's thread reads.
    if (is_ours_alone()) {
      hold(step);
    } else {
      step.observe(tap_, view_of(rows_));
    }
  } catch (const Error& problem) {
    step.report_unwatchable(name_, problem.what());
  }
}

}  // namespace livecca::libtorch
