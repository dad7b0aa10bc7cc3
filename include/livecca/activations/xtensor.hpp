#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>
#include <xtensor/xarray.hpp>
#include <xtensor/xstrides.hpp>

#include "livecca/activations/activation_view.hpp"
#include "livecca/common/error.hpp"

namespace livecca {

/// Makes an ActivationView of an xtensor expression. Containers, adaptors and strided views are
/// borrowed without a copy and must outlive this object. Any other expression is evaluated once,
/// into storage that this object owns. Keep this object while you use its view().
template <typename Expression>
class XtensorActivations {
  using Plain = std::decay_t<Expression>;
  using Value = typename Plain::value_type;
  static_assert(std::is_same_v<Value, float> || std::is_same_v<Value, double>,
                "xtensor activations are float or double");
  static constexpr bool borrowed =
      xt::has_data_interface<Plain>::value && std::is_lvalue_reference_v<Expression>;

 public:
  explicit XtensorActivations(Expression&& expression)
      : source_(std::forward<Expression>(expression)) {}

  static constexpr bool copies = !borrowed;

  ActivationView view() const& {
    const auto rank = source_.dimension();
    if (rank > ActivationView::max_rank) throw Error("xtensor expression: more than 8 axes");
    std::vector<std::int64_t> shape(rank);
    std::vector<std::int64_t> strides(rank);
    for (std::size_t axis = 0; axis < rank; ++axis) {
      shape[axis] = static_cast<std::int64_t>(source_.shape()[axis]);
      // xtensor reports stride 0 for axes of extent 1; harmless here, as index 0 is the only one.
      strides[axis] = static_cast<std::int64_t>(source_.strides()[axis]);
    }
    const auto* data = source_.data() + source_.data_offset();
    constexpr DType dtype = std::is_same_v<Value, float> ? DType::float32 : DType::float64;
    return ActivationView(data, dtype, shape, strides);
  }
  /// Deleted for a temporary: its storage would be gone before the view is used.
  ActivationView view() && = delete;

 private:
  std::conditional_t<borrowed, const Plain&, xt::xarray<Value>> source_;
};

/// Usage: `auto x = livecca::activations_of(expression); step.observe(tap, x.view());`
template <typename Expression>
XtensorActivations<Expression> activations_of(Expression&& expression) {
  return XtensorActivations<Expression>(std::forward<Expression>(expression));
}

}  // namespace livecca
