#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "moments/products/product_kernel.hpp"

using namespace livecca;

namespace {

constexpr std::uint64_t products_seed = 3141;

/// Those that this processor has.
std::vector<const ProductKernel*> kernels() {
  std::vector<const ProductKernel*> found{&baseline_kernel};
#ifdef LIVECCA_X86
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) {
    found.push_back(&avx2_kernel);
  } else {
    MESSAGE("SKIPPED: products by AVX2, which this processor lacks");
  }
  if (__builtin_cpu_supports("avx512f") != 0) {
    found.push_back(&avx512_kernel);
  } else {
    MESSAGE("SKIPPED: products by AVX-512, which this processor lacks");
  }
#endif
  return found;
}

/// Samples × features, one sample after another.
struct Side {
  std::size_t features = 0;
  std::vector<double> values;
  std::vector<double> scale;  ///< as long as products read, as is delta
  std::vector<double> delta;
};

/// The values are whole numbers of a float32, so that both types hold them.
Side random_side(std::size_t features, std::size_t samples, std::mt19937_64& engine) {
  std::normal_distribution<float> normal;
  Side side{features, {}, {}, {}};
  for (std::size_t i = 0; i < features * samples; ++i) side.values.push_back(normal(engine));
  for (std::size_t j = 0; j < features; ++j) {
    side.scale.push_back(std::ldexp(1.0, int(j % 7) - 3));
    side.delta.push_back(normal(engine));
  }
  side.scale.resize(padded_features(features), 1);
  side.delta.resize(padded_features(features), 1);
  return side;
}

template <typename Scalar>
std::vector<Scalar> panels_of(const Side& side, std::size_t samples, std::size_t panel) {
  const std::size_t count = (side.features + panel - 1) / panel;
  std::vector<Scalar> panels(count * panel * samples, Scalar{0});
  for (std::size_t k = 0; k < samples; ++k) {
    for (std::size_t j = 0; j < side.features; ++j) {
      panels[(j / panel * samples + k) * panel + j % panel] =
          static_cast<Scalar>(side.values[k * side.features + j]);
    }
  }
  return panels;
}

/// The largest error of a tile's product, in units of what the scalar type's rounding allows; what
/// is above the diagonal counts only if `whole`.
template <typename Scalar>
double worst_error(const Side& x, const Side& y, std::size_t samples, std::size_t panel,
                   void (*add)(const TileProduct<Scalar>&), bool whole, bool has_deltas) {
  const std::vector<Scalar> of_x = panels_of<Scalar>(x, samples, panel);
  const std::vector<Scalar> of_y = panels_of<Scalar>(y, samples, panel);
  const std::size_t stride = x.features + 3;  // a tile lies in a larger matrix
  constexpr double before = 0.5;
  std::vector<double> out(stride * y.features, before);
  add({.out = out.data(),
       .stride = stride,
       .rows = x.features,
       .columns = y.features,
       .is_on_diagonal = !whole,
       .x = {of_x.data(), panel * samples, x.scale.data(), has_deltas ? x.delta.data() : nullptr},
       .y = {of_y.data(), panel * samples, y.scale.data(), has_deltas ? y.delta.data() : nullptr},
       .samples = samples});
  constexpr bool is_scaled = sizeof(Scalar) == sizeof(float);
  double worst = 0;
  for (std::size_t j = 0; j < y.features; ++j) {
    for (std::size_t i = whole ? 0 : j; i < x.features; ++i) {
      long double sum = 0;
      double size = 0;
      for (std::size_t k = 0; k < samples; ++k) {
        const double product = x.values[k * x.features + i] * y.values[k * y.features + j];
        sum += product;
        size += std::abs(product);
      }
      const double scale = is_scaled ? x.scale[i] * y.scale[j] : 1;
      const double delta = has_deltas ? x.delta[i] * y.delta[j] : 0;
      const double wanted = before + static_cast<double>(sum) * scale + delta;
      // Of n terms: n roundings of sums of at most this size (Higham, section 3.1).
      const double eps = std::numeric_limits<Scalar>::epsilon();
      const double terms = static_cast<double>(std::min(samples, samples_at_once) + 3);
      const double allowed = eps * terms * size * scale + 1e-15 * (1 + std::abs(delta));
      worst = std::max(worst, std::abs(out[j * stride + i] - wanted) / allowed);
    }
    for (std::size_t i = x.features; i < stride; ++i) CHECK(out[j * stride + i] == before);
  }
  return worst;
}

}  // namespace

TEST_CASE("products of tiles of any shape equal naive ones, by all instructions") {
  MESSAGE("seed " << products_seed);
  for (const ProductKernel* kernel : kernels()) {
    CAPTURE(kernel->instructions);
    std::mt19937_64 engine(products_seed);
    for (int draw = 0; draw < 60; ++draw) {
      const std::size_t samples = draw == 0 ? 0 : engine() % 300;
      const Side x = random_side(1 + engine() % tile_features, samples, engine);
      const Side y = random_side(1 + engine() % tile_features, samples, engine);
      CAPTURE(samples);
      CAPTURE(x.features);
      CAPTURE(y.features);
      const bool has_deltas = draw % 2 == 1;
      const auto exact = [&](const Side& other, bool whole) {
        return worst_error(x, other, samples, kernel->panel, kernel->add, whole, has_deltas);
      };
      const auto fast = [&](const Side& other, bool whole) {
        return worst_error(x, other, samples, kernel->fast_panel, kernel->add_fast, whole,
                           has_deltas);
      };
      CHECK(exact(y, true) <= 1);
      CHECK(fast(y, true) <= 1);
      CHECK(exact(x, false) <= 1);
      CHECK(fast(x, false) <= 1);
    }
  }
}

TEST_CASE("exact products round once a sample, one after the other, wherever they lie in memory") {
  MESSAGE("seed " << products_seed);
  for (const ProductKernel* kernel : kernels()) {
    CAPTURE(kernel->instructions);
    const bool rounds_once = kernel != &baseline_kernel;
    std::mt19937_64 engine(products_seed);
    std::normal_distribution<double> normal;
    for (const std::size_t features : {1U, 3U, 4U, 7U, 25U, 50U}) {
      constexpr std::size_t samples = 200;
      Side side{features, {}, {}, {}};
      for (std::size_t i = 0; i < features * samples; ++i) side.values.push_back(normal(engine));
      const std::vector<double> panels = panels_of<double>(side, samples, kernel->panel);
      // What is added to lies right behind the panels, or a few numbers farther.
      for (std::size_t apart = 0; apart < 9; ++apart) {
        std::vector<double> memory(panels);
        memory.resize(panels.size() + apart + features * features, 0.1);
        double* const out = memory.data() + panels.size() + apart;
        const TileOperand<double> both{memory.data(), kernel->panel * samples, nullptr};
        kernel->add({.out = out,
                     .stride = features,
                     .rows = features,
                     .columns = features,
                     .x = both,
                     .y = both,
                     .samples = samples});
        std::size_t wrong = 0;
        for (std::size_t j = 0; j < features; ++j) {
          for (std::size_t i = 0; i < features; ++i) {
            double sum = 0;
            for (std::size_t k = 0; k < samples; ++k) {
              const double x = side.values[k * features + i];
              const double y = side.values[k * features + j];
              sum = rounds_once ? std::fma(x, y, sum) : sum + x * y;
            }
            wrong += out[j * features + i] != 0.1 + sum ? 1 : 0;
          }
        }
        CHECK(wrong == 0);
      }
    }
  }
}
