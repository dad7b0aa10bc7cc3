#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "livecca/activations/held_memory.hpp"

namespace livecca::libtorch {

/// What is known of one tap: whether its tensors are changed in place after they were tapped, as by
/// relu_(). Such a tap is copied at once. Thread safe.
class InPlaceFact {
 public:
  /// Nothing before a whole pass was seen.
  std::optional<bool> is_changed() const {
    const std::lock_guard lock(mutex_);
    return changed_;
  }
  /// Once changed, always changed.
  void learn(bool changed) {
    const std::lock_guard lock(mutex_);
    changed_ = changed || changed_.value_or(false);
  }

 private:
  mutable std::mutex mutex_;
  std::optional<bool> changed_;
};

/// The fact of a tap in a run, the same for the whole process. Cost: a look-up under a lock.
std::shared_ptr<InPlaceFact> in_place_fact(const std::string& run, const std::string& tap);

/// Whether LibTorch tells that a tensor was changed in place: not so in inference mode.
bool has_version(const at::Tensor& tensor);

/// A tensor that is held until livecca has read it; tells whether it was changed meanwhile.
class HeldTensor : public HeldMemory {
 public:
  HeldTensor(at::Tensor tensor, std::shared_ptr<InPlaceFact> fact)
      : tensor_(std::move(tensor)), version_(tensor_._version()), fact_(std::move(fact)) {}

  bool is_unchanged() const override;

 private:
  at::Tensor tensor_;
  std::int64_t version_;
  std::shared_ptr<InPlaceFact> fact_;
};

/// Tensors that were copied at once in a tap's first pass, to learn whether they change before the
/// pass ends.
class FirstPass {
 public:
  void add(const at::Tensor& tensor, std::shared_ptr<InPlaceFact> fact) {
    tensors_.push_back({tensor, tensor._version(), std::move(fact)});
  }
  /// The pass ended.
  void learn() const;

 private:
  struct Tapped {
    at::Tensor tensor;
    std::int64_t version;
    std::shared_ptr<InPlaceFact> fact;
  };
  std::vector<Tapped> tensors_;
};

}  // namespace livecca::libtorch
