#include "livecca_libtorch/tap.hpp"

#include <array>
#include <exception>
#include <string>
#include <utility>

#include "livecca/activations/layout.hpp"
#include "livecca/common/error.hpp"

namespace livecca::libtorch {
namespace {

/// "float32 tensor of 8 × 3 × 5", for messages.
std::string describe(const at::Tensor& tensor) {
  std::string text = std::string(c10::toString(tensor.scalar_type())) + " tensor of ";
  if (tensor.dim() == 0) return text + "no axes";
  for (std::int64_t axis = 0; axis < tensor.dim(); ++axis) {
    text += (axis == 0 ? "" : " × ") + std::to_string(tensor.size(axis));
  }
  return text;
}

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

void require_dense(const at::Tensor& tensor) {
  if (!tensor.defined()) throw Error("expected a tensor, got an undefined one");
  if (tensor.layout() != at::kStrided) {
    throw Error("expected a dense tensor, got a sparse or opaque " + describe(tensor));
  }
}

Layout layout_of(const at::Tensor& tensor) {
  if (tensor.dim() == 2) return Layout::nc;
  if (tensor.dim() == 4) return Layout::nchw;
  throw Error("expected 2 axes (N × C) or 4 (N × C × H × W), got a " + describe(tensor));
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

struct TapScope::State {
  Monitor& monitor;
  Monitor::Step& step;
  std::string network;
  std::vector<TapProblem> problems;
  State* outer;

  static thread_local State* innermost;

  void observe(std::string_view name, const at::Tensor& tensor) {
    require_dense(tensor);
    const Layout layout = layout_of(tensor);
    dtype_of(tensor);  // before watch(): what cannot be read must not become a tap
    const at::Tensor readable = tensor.detach().cpu().resolve_neg();
    step.observe(monitor.watch(network, name, layout), view_of(readable));
  }

  void report(std::string_view name, const std::string& what) {
    const std::string tap = network + "/" + std::string(name);
    for (const TapProblem& known : problems) {
      if (known.tap == tap) return;
    }
    // A LibTorch error carries a backtrace after its first line.
    problems.push_back({tap, what.substr(0, what.find('\n'))});
    step.report(tap, problems.back().message);
  }
};

thread_local TapScope::State* TapScope::State::innermost = nullptr;

TapScope::TapScope(Monitor& monitor, Monitor::Step& step, std::string network)
    : state_(new State{monitor, step, std::move(network), {}, State::innermost}) {
  State::innermost = state_.get();
}

TapScope::~TapScope() { State::innermost = state_->outer; }

const std::vector<TapProblem>& TapScope::problems() const { return state_->problems; }

at::Tensor tap(std::string_view name, const at::Tensor& tensor) {
  TapScope::State* scope = TapScope::State::innermost;
  if (scope != nullptr) {
    try {
      scope->observe(name, tensor);
    } catch (const std::exception& problem) {
      scope->report(name, problem.what());
    }
  }
  return tensor;
}

bool is_tapping() { return TapScope::State::innermost != nullptr; }

}  // namespace livecca::libtorch
