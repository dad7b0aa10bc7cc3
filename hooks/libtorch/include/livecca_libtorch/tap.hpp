#pragma once

#include <ATen/core/Tensor.h>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/reading.hpp"
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
/// tap() was not called, or on other threads. If the scope is left by an exception, it does not.
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

  /// The tensors that could not be observed so far, each name once. Training went on without them.
  const std::vector<TapProblem>& problems() const;

 private:
  friend LIVECCA_EXPORT at::Tensor tap(std::string_view name, const at::Tensor& tensor,
                                       const std::optional<Reading>& reading,
                                       const at::Tensor& padding);
  friend LIVECCA_EXPORT bool is_tapping();
  friend void refuse_tap(std::string_view name, const std::exception& problem) noexcept;
  struct State;
  std::unique_ptr<State> state_;
};

/// Observes a tensor as the layer `name` of the scope's network. Returns the same tensor with the
/// same graph: `x = tap("conv1", relu(conv1(x)));`.
///
/// `reading` says what the axes are and what a sample is. Without one, the number of axes says it:
///
///     2 axes  nc     batch × features
///     3 axes  ntc    batch × steps × features: sequences, every step is a sample
///     4 axes  nchw   images × channels × height × width, every position is a sample
///     5 axes  ncdhw  volumes
///
/// Declare all others, because a tensor does not say what its axes are: the output of an LSTM or a
/// transformer without batch_first is Layout::tnc, that of a Conv1d Layout::ncl. A tensor of 4 axes
/// that is no image: if its last axis has the features (batch × heads × steps × features),
/// Layout::nhwc; if it is one sample in all, Reading::flattened(Layout::nchw).
///
///     tap("lstm", output, livecca::Layout::tnc);
///     tap("encoder", x, livecca::Layout::ntc, src_key_padding_mask);
///     tap("encoder", x, {}, src_key_padding_mask);  // the same
///
/// `padding` is a mask as LibTorch has them, e.g. src_key_padding_mask: a bool tensor of batch ×
/// steps, also if the layout is tnc, and **true is padding**. Padding is never read and is no
/// sample. An undefined tensor is no mask.
///
/// A new layer is watched from its first tap on; its reading stays the same. The channels_last
/// memory format is read in place. A tensor on another device is copied to the CPU. What livecca
/// needs is copied before tap() returns, so anything may change the tensor afterwards.
///
/// Never throws. A tensor that cannot be watched is a TapProblem of the scope and an event of the
/// run. Examples: an undefined or sparse tensor, integers, another number of axes, or a mask of
/// another size. If a name is tapped twice in one step, the first tensor that can be watched is the
/// layer, and the second one is the problem. A recorder has no events. In a child of fork() of the
/// monitor's process, tap() does nothing.
///
/// Cost: almost nothing without a scope; otherwise that of Monitor::Step::observe(). Thread safety:
/// may be called from any thread. A scope gets only the tensors of the thread that made it.
LIVECCA_EXPORT at::Tensor tap(std::string_view name, const at::Tensor& tensor,
                              const std::optional<Reading>& reading = std::nullopt,
                              const at::Tensor& padding = {});

/// Observes the first of what a module returns together, such as the output of an LSTM, a GRU or
/// attention. Returns all of it:
///
///     auto [output, state] = tap("lstm", lstm->forward(x), livecca::Layout::tnc);
template <typename... Others>
std::tuple<at::Tensor, Others...> tap(std::string_view name,
                                      std::tuple<at::Tensor, Others...> outputs,
                                      const std::optional<Reading>& reading = std::nullopt,
                                      const at::Tensor& padding = {}) {
  tap(name, std::get<0>(outputs), reading, padding);
  return outputs;
}

/// Whether a scope lives on this thread. Use it to skip work that is done only for a tap.
LIVECCA_EXPORT bool is_tapping();

}  // namespace livecca::libtorch
