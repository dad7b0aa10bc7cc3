#include "livecca_libtorch/tap.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include "dense_tensor.hpp"
#include "livecca/activations/layout.hpp"
#include "livecca/common/error.hpp"
#include "padding_mask.hpp"
#include "refused_tap.hpp"

namespace livecca::libtorch {
namespace {

DType dtype_of(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kHalf:
      return DType::float16;
    case at::kBFloat16:
      return DType::bfloat16;
    case at::kFloat:
      return DType::float32;
    case at::kDouble:
      return DType::float64;
    default:
      throw Error("expected float16, bfloat16, float32 or float64, got a " + describe(tensor));
  }
}

Layout layout_of(const at::Tensor& tensor) {
  switch (tensor.dim()) {
    case 2:
      return Layout::nc;
    case 3:
      return Layout::ntc;
    case 4:
      return Layout::nchw;
    case 5:
      return Layout::ncdhw;
    default:
      throw Error(
          "expected 2 axes (batch × features), 3 (batch × steps × features), 4 (N × C × H × W) or "
          "5 (N × C × D × H × W), or another layout that tap() is told, got a " +
          describe(tensor));
  }
}

/// What cannot be read must not become a tap. Throws Error.
void expect_readable(const at::Tensor& tensor, const ActivationView& view, const Reading& reading,
                     const SequenceMask& mask) {
  const auto shape = read_shape(view, reading.layout);
  if (!shape) {
    throw Error(std::string(shape.why()) + " (layout " + name_of(reading.layout) + ", a " +
                describe(tensor) + ")");
  }
  if (!mask.is_given()) return;
  if (!is_sequence(reading.layout)) {
    throw Error(std::string("expected no padding mask for layout ") + name_of(reading.layout) +
                ", which has no steps");
  }
  const auto fits = mask.check_fits(shape->images, shape->grid.width);
  if (!fits) throw Error(fits.why());
}

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

ActivationView view_of(const at::Tensor& tensor) {
  require_dense(tensor);
  const DType dtype = dtype_of(tensor);
  if (!tensor.device().is_cpu()) {
    throw Error("expected a tensor on the CPU, got one on " + tensor.device().str());
  }
  // A negative bit means that memory holds the values with the other sign.
  if (tensor.is_neg()) throw Error("expected a plain tensor, got a lazily negated view");
  return {tensor.data_ptr(),
          dtype,
          {tensor.sizes().data(), tensor.sizes().size()},
          {tensor.strides().data(), tensor.strides().size()}};
}

/// One of the two listens: a monitor's step or a recorder.
struct TapScope::State {
  Monitor* monitor = nullptr;
  Monitor::Step* step = nullptr;
  Recorder* recorder = nullptr;
  std::string network;
  std::vector<TapProblem> problems = {};
  State* outer = innermost;
  Clock::time_point began = Clock::now();
  double tapping = 0;    ///< seconds in tap()
  double observing = 0;  ///< of those, in Step::observe(), which counts them itself
  double inner = 0;      ///< seconds of scopes within this one

  std::size_t heard = 0;                        ///< taps of this scope, watchable or not
  int exceptions = std::uncaught_exceptions();  ///< when it began
  /// Taps on threads without a scope, before this one began.
  std::uint64_t unheard_before = taps_unheard;

  static thread_local State* innermost;
  // Of all threads: whether a tap without a scope may be one that a scope waits for in vain.
  static std::atomic<int> alive;
  static std::atomic<std::uint64_t> taps_unheard;

  void observe(std::string_view name, const at::Tensor& tensor,
               const std::optional<Reading>& declared, const at::Tensor& padding) {
    ++heard;
    if (monitor != nullptr && monitor->is_forked()) return;
    require_dense(tensor);
    const Reading reading = declared ? *declared : layout_of(tensor);
    const PaddingMask mask(padding);
    const at::Tensor rows = readable(tensor);
    const ActivationView view = view_of(rows);
    expect_readable(rows, view, reading, mask.valid_steps());
    if (recorder != nullptr) {
      recorder->observe(name, reading, view, mask.valid_steps());
      return;
    }
    const TapHandle handle = monitor->watch(network, name, reading);
    if (!handle.is_watched()) return;
    const Clock::time_point begin = Clock::now();
    step->observe(handle, view, mask.valid_steps());
    observing += seconds_since(begin);
  }

  void report(std::string_view name, const std::exception& problem) {
    const std::string tap = network + "/" + std::string(name);
    for (const TapProblem& known : problems) {
      if (known.tap == tap) return;
    }
    problems.push_back({tap, first_line(problem)});
    if (step != nullptr) step->report_unwatchable(tap, problems.back().message);
  }

  void report_if_possible(std::string_view name, const std::exception& problem) noexcept try {
    report(name, problem);
  } catch (const std::exception&) {
    // No memory for the message: the tap is missing in this step, which is an event.
  }

  /// A scope that heard nothing was meant to hear something, unless an exception ends it.
  void report_silence() const noexcept try {
    if (heard > 0 || std::uncaught_exceptions() > exceptions) return;
    const std::uint64_t elsewhere = taps_unheard - unheard_before;
    step->report_unwatchable(
        network,
        elsewhere == 0
            ? std::string("expected tap() to be called while its TapScope lives, got no call")
            : "expected tap() on the thread of its TapScope, got " + std::to_string(elsewhere) +
                  " calls on threads without a scope");
  } catch (const std::exception&) {
    // No memory for the message.
  }

  /// Tells the step what tapping took, and a reference's pass; the network's own is training's.
  void end() {
    const double seconds = seconds_since(began);
    if (monitor != nullptr) {
      report_silence();
      step->add_observing_time(std::max(0.0, tapping - observing));
      if (network != monitor->network())
        step->add_reference_time(std::max(0.0, seconds - tapping - inner));
    }
    if (outer != nullptr) outer->inner += seconds;
  }
};

thread_local TapScope::State* TapScope::State::innermost = nullptr;
std::atomic<int> TapScope::State::alive{0};
std::atomic<std::uint64_t> TapScope::State::taps_unheard{0};

TapScope::TapScope(Monitor& monitor, Monitor::Step& step, std::string network)
    : state_(new State{.monitor = &monitor, .step = &step, .network = std::move(network)}) {
  State::innermost = state_.get();
  ++State::alive;
}

TapScope::TapScope(Recorder& recorder)
    : state_(new State{.recorder = &recorder, .network = recorder.options().network}) {
  State::innermost = state_.get();
  ++State::alive;
}

TapScope::~TapScope() {
  state_->end();
  State::innermost = state_->outer;
  --State::alive;
}

const std::vector<TapProblem>& TapScope::problems() const { return state_->problems; }

at::Tensor tap(std::string_view name, const at::Tensor& tensor,
               const std::optional<Reading>& reading, const at::Tensor& padding) {
  TapScope::State* scope = TapScope::State::innermost;
  if (scope != nullptr) {
    const Clock::time_point begin = Clock::now();
    try {
      scope->observe(name, tensor, reading, padding);
    } catch (const std::exception& problem) {
      scope->report_if_possible(name, problem);
    }
    scope->tapping += seconds_since(begin);
  } else if (TapScope::State::alive > 0) {
    ++TapScope::State::taps_unheard;
  }
  return tensor;
}

void refuse_tap(std::string_view name, const std::exception& problem) noexcept {
  TapScope::State* scope = TapScope::State::innermost;
  if (scope == nullptr || (scope->monitor != nullptr && scope->monitor->is_forked())) return;
  ++scope->heard;
  scope->report_if_possible(name, problem);
}

bool is_tapping() { return TapScope::State::innermost != nullptr; }

}  // namespace livecca::libtorch
