#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/layout.hpp"

namespace livecca_tests {

/// Extents of a tensor by the names of its axes; l and t are other names of w.
struct Extents {
  std::int64_t n = 1;
  std::int64_t c = 1;
  std::int64_t d = 1;
  std::int64_t h = 1;
  std::int64_t w = 1;

  std::int64_t of(char axis) const {
    switch (axis) {
      case 'n':
        return n;
      case 'c':
        return c;
      case 'd':
        return d;
      case 'h':
        return h;
      default:
        return w;
    }
  }
};

/// Random numbers with few bits, so that every element type holds them and sums of them are exact,
/// kept in one order and laid out in another: by a layout's name, with gaps and one axis backwards.
class StoredTensor {
  template <typename Element>
  static Element element_of(double value) {
    if constexpr (std::is_same_v<Element, double>) return value;
    return Element(static_cast<float>(value));
  }

 public:
  StoredTensor(Extents extents, std::uint64_t seed) : extents_(extents) {
    std::mt19937_64 engine(seed);
    const auto count = extents.n * extents.c * extents.d * extents.h * extents.w;
    for (std::int64_t i = 0; i < count; ++i) {
      values_.push_back(static_cast<double>(static_cast<int>(engine() % 129) - 64) / 8);
    }
  }

  const Extents& extents() const { return extents_; }
  double& at(std::int64_t n, std::int64_t c, std::int64_t d, std::int64_t h, std::int64_t w) {
    return values_[static_cast<std::size_t>(
        (((n * extents_.c + c) * extents_.d + d) * extents_.h + h) * extents_.w + w)];
  }
  double at(std::int64_t n, std::int64_t c, std::int64_t d, std::int64_t h, std::int64_t w) const {
    return const_cast<StoredTensor&>(*this).at(n, c, d, h, w);
  }
  /// Of a position with the flat index (d·H + h)·W + w.
  double at(std::int64_t n, std::int64_t c, std::int64_t position) const {
    return at(n, c, position / extents_.w / extents_.h, position / extents_.w % extents_.h,
              position % extents_.w);
  }
  std::int64_t positions() const { return extents_.d * extents_.h * extents_.w; }

  /// A view of the tensor laid out anew; good until the next call. Gap 0 is C order.
  template <typename Element>
  livecca::ActivationView view(livecca::Layout layout, livecca::DType dtype, std::int64_t gap = 0,
                               bool backwards = false) {
    const std::string axes = livecca::name_of(layout);
    std::vector<std::int64_t> shape(axes.size());
    std::vector<std::int64_t> strides(axes.size());
    std::int64_t stride = 1 + gap;
    for (std::size_t axis = axes.size(); axis-- > 0;) {
      shape[axis] = extents_.of(axes[axis]);
      strides[axis] = stride;
      stride *= shape[axis] + gap;
    }
    std::int64_t origin = 3 * gap;
    if (backwards) {
      origin += strides.back() * (shape.back() - 1);
      strides.back() *= -1;
    }
    storage_.assign(static_cast<std::size_t>(stride + 3 * gap) * sizeof(Element), std::byte{0x7F});
    const auto place = [&](char axis, std::int64_t index) -> std::int64_t {
      const auto found = axes.find(axis);
      return found == std::string::npos ? 0 : strides[found] * index;
    };
    const char last = axes.find('l') != std::string::npos   ? 'l'
                      : axes.find('t') != std::string::npos ? 't'
                                                            : 'w';
    for (std::int64_t n = 0; n < extents_.n; ++n)
      for (std::int64_t c = 0; c < extents_.c; ++c)
        for (std::int64_t d = 0; d < extents_.d; ++d)
          for (std::int64_t h = 0; h < extents_.h; ++h)
            for (std::int64_t w = 0; w < extents_.w; ++w) {
              const Element element = element_of<Element>(at(n, c, d, h, w));
              const std::int64_t offset = origin + place('n', n) + place('c', c) + place('d', d) +
                                          place('h', h) + place(last, w);
              std::memcpy(storage_.data() + offset * static_cast<std::int64_t>(sizeof(Element)),
                          &element, sizeof(Element));
            }
    return {storage_.data() + origin * static_cast<std::int64_t>(sizeof(Element)), dtype, shape,
            strides};
  }
  livecca::ActivationView view(livecca::Layout layout) {
    return view<double>(layout, livecca::DType::float64);
  }

 private:
  Extents extents_;
  std::vector<double> values_;
  std::vector<std::byte> storage_;
};

}  // namespace livecca_tests
