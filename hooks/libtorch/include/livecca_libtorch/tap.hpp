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

/// Borrows a tensor's memory: its shape and strides as they are, contiguous or not, without a copy
/// and without its graph. The view is good for as long as the tensor's storage lives and stays as
/// it is.
///
/// float16, bfloat16, float32 and float64, dense, on the CPU, at most ActivationView::max_rank
/// axes. Throws Error that says what came for anything else. Cost: O(rank). Thread safe.
LIVECCA_EXPORT ActivationView view_of(const at::Tensor& tensor);

/// A tensor that tap() could not watch, and why.
struct TapProblem {
  std::string tap;      ///< "network/layer"
  std::string message;  ///< one line: what came, what was expected
};

/// While it lives, tap() on this thread hands its tensors to one step of a monitor, or to a
/// recorder, as layers of one network. Without it tap() does nothing, so that one forward() serves
/// training and the probe.
///
///     auto step = monitor.begin(livecca::Stream::probe, epoch);
///     {
///       livecca::libtorch::EvaluationScope evaluation(*net);
///       livecca::libtorch::TapScope taps(monitor, step, "net");
///       net->forward(images);
///     }
///     step.commit();
///
/// Scopes nest: the innermost one listens. They must end in the reverse order of their beginning,
/// on the thread that made them. Monitor, step and recorder are borrowed.
///
/// Of another network than the monitor's own, a scope that ends before the commit of its step of
/// the train stream tells it how long it lived, less what observing took: a reference's pass is
/// overhead. So let it hold that pass alone.
class LIVECCA_EXPORT TapScope {
 public:
  TapScope(Monitor& monitor, Monitor::Step& step, std::string network);
  /// Records one batch of the recorder's network. A tensor that cannot be recorded is a TapProblem.
  explicit TapScope(Recorder& recorder);
  ~TapScope();
  TapScope(const TapScope&) = delete;
  TapScope& operator=(const TapScope&) = delete;

  /// What could not be watched so far, each tap once. Training went on without it.
  const std::vector<TapProblem>& problems() const;

 private:
  friend LIVECCA_EXPORT at::Tensor tap(std::string_view name, const at::Tensor& tensor);
  friend LIVECCA_EXPORT bool is_tapping();
  struct State;
  std::unique_ptr<State> state_;
};

/// Observes a tensor as the layer `name` of the scope's network and returns it unchanged, the same
/// tensor with the same graph: `x = tap("conv1", relu(conv1(x)));`.
///
/// A layer is watched on first sight, with the layout by its axes: N × C (nc) or N × C × H × W
/// (nchw; the channels_last memory format is read as it lies). An in-place operation may follow: in
/// a tap's first pass what is needed is copied before the return. Where nothing changed its tensor
/// until the step's commit, later ones are kept until then, without their graph, and livecca's own
/// thread reads those that nobody else has any more (see Monitor::Step::observe_held()). One that
/// is changed all the same costs its tap the step, with an event, and is copied at once from then
/// on. So is memory that LibTorch did not allocate. A tensor on another device is copied to the CPU.
///
/// Never throws: a tensor that cannot be watched (undefined, sparse, of integers, of another number
/// of axes, a name tapped twice in one step) is a TapProblem of the scope and an event of the run.
/// A recorder has no events.
///
/// Cost: nothing to speak of without a scope; with one, that of Monitor::Step::observe(). Thread
/// safety: a scope hears only the thread that made it; the call may be made from any thread.
LIVECCA_EXPORT at::Tensor tap(std::string_view name, const at::Tensor& tensor);

/// Whether a scope listens on this thread: guards what is computed only to be tapped.
LIVECCA_EXPORT bool is_tapping();

}  // namespace livecca::libtorch
