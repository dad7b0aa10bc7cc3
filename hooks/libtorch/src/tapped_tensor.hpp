#pragma once

#include <ATen/core/Tensor.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "livecca/monitor/monitor.hpp"

namespace livecca::libtorch {

/// What is known of a tap's tensors: whether they are changed in place between tap() and the step's
/// commit, as by relu_(). Thread safe.
enum class InPlace : char { unknown, never, happens };
using InPlaceFact = std::shared_ptr<std::atomic<InPlace>>;

/// The fact of a tap in a run, with or without gradients: in-place dropout changes a tensor in
/// training alone. Each thread learns its own, so that no lock is taken, which a forked child would
/// find taken for ever. Cost: a look-up.
InPlaceFact in_place_fact(const std::string& run, const std::string& tap);

/// A tensor whose elements can be read where they lie, from its tap to the step's commit.
class TappedTensor {
 public:
  TappedTensor(TapHandle tap, std::string name, at::Tensor rows, InPlaceFact fact);

  /// At the tap: copies what is needed, unless it may wait for the commit.
  void observe(Monitor::Step& step);
  /// Whether commit() is to be called.
  bool waits_for_commit() const { return may_be_held_; }
  /// At the step's commit: learns whether the tensor was changed, and hands it over if it was not
  /// copied. Never throws but for want of memory: a fault is an event of the run.
  void commit(Monitor::Step& step) const;

 private:
  bool is_ours_alone() const;
  void hold(Monitor::Step& step) const;

  TapHandle tap_;
  std::string name_;  ///< "network/layer"
  at::Tensor rows_;
  InPlaceFact fact_;
  bool may_be_held_;
  bool is_copied_ = false;
  std::int64_t version_ = 0;
};

}  // namespace livecca::libtorch
