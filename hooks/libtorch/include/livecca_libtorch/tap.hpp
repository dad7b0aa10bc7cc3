#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/common/export.hpp"
#include "livecca/monitor/monitor.hpp"
#include "livecca/packs/recorder.hpp"

namespace livecca::libtorch {

/// Makes a view of a tensor's memory, without a copy and without its graph. The view has the
/// tensor's shape and strides, contiguous or not. It is valid as long as the tensor's storage lives
/// and does not change.
///
/// The tensor must be float16, bfloat16, float32 or float64, dense, on the CPU, and have at most
/// ActivationView::max_rank axes. Otherwise throws Error, which says what came instead. Cost:
/// O(rank). Thread safety: may be called from many threads.
LIVECCA_EXPORT ActivationView view_of(const at::Tensor& tensor);

/// A tensor that tap() could not observe, and why.
struct TapProblem {
  std::string tap;      ///< "network/layer"
  std::string message;  ///< one line: what was expected, what came instead
};

/// While a scope lives, every tensor given to tap() on this thread goes to one step of a monitor,
/// or to a recorder. The tensors are layers of one network. Without a scope, tap() does nothing. So
/// one forward() serves both training and the probe.
///
///     auto step = monitor.begin(livecca::Stream::probe, epoch);
///     {
///       livecca::libtorch::EvaluationScope evaluation(*net);
///       livecca::libtorch::TapScope taps(monitor, step, "net");
///       net->forward(images);
///     }
///     step.commit();
///
/// A scope of a monitor that gets no tensor at all reports an event "unwatchable" of its network:
/// tap() was not called, or on other threads.
///
/// Scopes nest, and the innermost one gets the tensors. They must end in reverse order, on the
/// thread that made them. Monitor, step and recorder are borrowed.
///
/// If the network is not the monitor's own, its forward pass is overhead. The step then counts the
/// scope's lifetime as overhead, minus the time in tap() and in inner scopes. So such a scope
/// should contain only the forward pass. Only steps of the train stream count it, and only if the
/// scope ends before the commit.
class LIVECCA_EXPORT TapScope {
 public:
  TapScope(Monitor& monitor, Monitor::Step& step, std::string network);
  /// Records one batch of the recorder's network. A tensor that cannot be recorded is a TapProblem.
  explicit TapScope(Recorder& recorder);
  ~TapScope();
  TapScope(const TapScope&) = delete;
  TapScope& operator=(const TapScope&) = delete;

  /// The taps that could not be observed so far, each listed once. Training went on without them.
  const std::vector<TapProblem>& problems() const;

 private:
  friend LIVECCA_EXPORT at::Tensor tap(std::string_view name, const at::Tensor& tensor);
  friend LIVECCA_EXPORT bool is_tapping();
  struct State;
  std::unique_ptr<State> state_;
};

/// Observes a tensor as the layer `name` of the scope's network. Returns the same tensor with the
/// same graph: `x = tap("conv1", relu(conv1(x)));`.
///
/// A new layer is watched from its first tap on. The number of axes gives its layout: N × C is nc,
/// and N × C × H × W is nchw. The channels_last memory format is read in place. A tensor on another
/// device is copied to the CPU.
///
/// An operation may change the tensor in place after the tap. In a tap's first pass, livecca copies
/// what it needs before tap() returns. At the step's commit it checks whether the tensor was
/// changed. If it was not, livecca keeps later tensors of this tap until the commit, without their
/// graph. If nobody else holds a kept tensor at the commit, livecca's own thread reads it (see
/// Monitor::Step::observe_held()). Otherwise it is copied at the commit. If a kept tensor was
/// changed after all, the tap is missing in that step, with an event. From then on, the tensors of
/// this tap are copied at once. Inference tensors, and memory that LibTorch did not allocate, are
/// always copied at once.
///
/// Never throws. A tensor that cannot be watched is a TapProblem of the scope and an event of the
/// run. Examples: an undefined or sparse tensor, integers, another number of axes, or a name that
/// is tapped twice in one step. A recorder has no events. In a child of fork() of the monitor's
/// process, tap() does nothing.
///
/// Cost: almost nothing without a scope; otherwise that of Monitor::Step::observe(). Thread safety:
/// may be called from any thread. A scope gets only the tensors of the thread that made it.
LIVECCA_EXPORT at::Tensor tap(std::string_view name, const at::Tensor& tensor);

/// Whether a scope lives on this thread. Use it to skip work that is done only for a tap.
LIVECCA_EXPORT bool is_tapping();

}  // namespace livecca::libtorch
