#include "held_tensor.hpp"

#include <utility>

namespace livecca::libtorch {

std::shared_ptr<InPlaceFact> in_place_fact(const std::string& run, const std::string& tap) {
  static std::mutex mutex;
  static std::map<std::pair<std::string, std::string>, std::shared_ptr<InPlaceFact>> facts;
  const std::lock_guard lock(mutex);
  auto& fact = facts[{run, tap}];
  if (!fact) fact = std::make_shared<InPlaceFact>();
  return fact;
}

bool has_version(const at::Tensor& tensor) { return !tensor.is_inference(); }

bool HeldTensor::is_unchanged() const {
  if (tensor_._version() == version_) return true;
  fact_->learn(true);
  return false;
}

void FirstPass::learn() const {
  for (const Tapped& tapped : tensors_) {
    tapped.fact->learn(tapped.tensor._version() != tapped.version);
  }
}

}  // namespace livecca::libtorch
