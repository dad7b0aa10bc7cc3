#include "tapped_tensor.hpp"

#include <ATen/core/grad_mode.h>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
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

/// The facts of one thread. Those that nobody asked for between two clean-ups are forgotten: their
/// runs ended or their taps are gone. One that is asked for again is learned again.
class KnownFacts {
 public:
  InPlaceFact of(const std::string& key) {
    Known& known = facts_[key];
    if (!known.fact) known.fact = std::make_shared<std::atomic<InPlace>>(InPlace::unknown);
    known.is_used = true;
    const InPlaceFact fact = known.fact;
    if (facts_.size() >= next_clean_up_) clean_up();
    return fact;
  }

 private:
  static constexpr std::size_t fewest_to_clean_up = 1024;

  struct Known {
    InPlaceFact fact;
    bool is_used = false;
  };

  void clean_up() {
    for (auto known = facts_.begin(); known != facts_.end();) {
      const bool is_used = std::exchange(known->second.is_used, false);
      known = is_used ? std::next(known) : facts_.erase(known);
    }
    next_clean_up_ = std::max(fewest_to_clean_up, 2 * facts_.size());
  }

  std::unordered_map<std::string, Known> facts_;
  std::size_t next_clean_up_ = fewest_to_clean_up;
};

}  // namespace

InPlaceFact in_place_fact(const std::string& run, const std::string& tap) {
  thread_local KnownFacts facts;
  std::string key = run;
  key += at::GradMode::is_enabled() ? '+' : '-';
  return facts.of(key += tap);
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
