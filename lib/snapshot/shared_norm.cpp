#include "snapshot/shared_norm.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "activations/split_mix.hpp"
#include "snapshot/dense/matrix_product.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

/// Each is taken with both signs, which cancels its first order. Of few directions one says less.
std::uint64_t draws_of(Index directions) {
  constexpr Index enough = 64;
  return static_cast<std::uint64_t>(
      std::clamp<Index>(enough / std::max<Index>(1, directions), 1, enough));
}

/// Independent normal numbers, the same on every platform (Box and Muller 1958).
MatrixXd normal_numbers(Index rows, Index columns, std::uint64_t seed) {
  SplitMix engine(seed);
  const auto uniform = [&] { return (static_cast<double>(engine.next() >> 11U) + 0.5) * 0x1p-53; };
  MatrixXd numbers(rows, columns);
  for (Index i = 0; i < numbers.size(); i += 2) {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    const double angle = 2 * std::numbers::pi * uniform();
    numbers(i) = radius * std::cos(angle);
    if (i + 1 < numbers.size()) numbers(i + 1) = radius * std::sin(angle);
  }
  return numbers;
}

/// NaN where it does not converge.
double sum_of_singular_values(const MatrixXd& matrix, const Tasks& tasks) {
  const SingularValues svd = singular_values(matrix, Vectors::none, tasks);
  return svd.converged ? svd.values.sum() : std::nan("");
}

/// The power with which `of_noise` and the norm come to `both`, which falls with it.
double power_of(double norm, double of_noise, double both) {
  constexpr double most = 64;  // as good as the larger of both
  double low = 1;
  double high = most;
  for (int i = 0; i < 50; ++i) {
    const double middle = (low + high) / 2;
    const PositionChance::SharedNorm shared{.value = norm, .power = middle};
    (shared.with(of_noise) > both ? low : high) = middle;
  }
  return low;
}

/// To first order ‖S0 + N‖_* varies with N as Σ uᵀ N v over S0's singular vectors, as far as N does
/// not hide them. N has hidden a singular value s if s⁴ is below the product of what N has in both
/// of its vectors (Benaych-Georges and Nadakuditi 2012).
double spread_of(const SingularValues& shared, const MatrixXd& root_x, const MatrixXd& root_y,
                 double samples) {
  MatrixXd from_x = root_x.transpose() * shared.left;
  const MatrixXd from_y = root_y.transpose() * shared.right;
  for (Index i = 0; i < shared.values.size(); ++i) {
    const double noise = from_x.col(i).squaredNorm() * root_y.squaredNorm() / samples *
                         from_y.col(i).squaredNorm() * root_x.squaredNorm() / samples;
    const double seen = std::pow(shared.values(i), 4);
    from_x.col(i) *= seen > 0 ? std::sqrt(seen / (seen + noise)) : 0;
  }
  return (from_x * from_y.transpose()).norm();
}

}  // namespace

double PositionChance::SharedNorm::with(double chance) const {
  const double larger = std::max(chance, value);
  if (!(larger > 0)) return larger;
  // As a ratio: of small numbers the powers alone would be 0.
  return larger * std::pow(1 + std::pow(std::min(chance, value) / larger, power), 1 / power);
}

std::optional<PositionChance::SharedNorm> shared_norm(const SingularValues& shared,
                                                      const MatrixXd& root_x,
                                                      const MatrixXd& root_y, double samples,
                                                      const Tasks& tasks) {
  if (!shared.converged || !(samples > 1)) return std::nullopt;
  PositionChance::SharedNorm result{.value = shared.values.sum()};
  if (result.value == 0) return result;
  const auto times_transposed = [&tasks](const MatrixXd& a, const MatrixXd& b) {
    return product(MatrixView::of(a), MatrixView::of(b).transposed(), Structure::none, tasks);
  };
  const MatrixXd matrix = times_transposed(shared.left * shared.values.asDiagonal(), shared.right);
  const std::uint64_t draws = draws_of(std::min(root_x.cols(), root_y.cols()));
  double of_noise = 0;
  double of_both = 0;
  for (std::uint64_t draw = 0; draw < draws; ++draw) {
    const MatrixXd normal =
        normal_numbers(root_x.cols(), root_y.cols(), draw) / std::sqrt(samples - 1);
    const MatrixXd noise =
        times_transposed(product(root_x, normal, Structure::none, tasks), root_y);
    of_noise += sum_of_singular_values(noise, tasks);
    of_both += (sum_of_singular_values(matrix + noise, tasks) +
                sum_of_singular_values(matrix - noise, tasks)) /
               2;
  }
  if (!std::isfinite(of_both) || !(of_noise > 0)) return std::nullopt;
  result.spread = spread_of(shared, root_x, root_y, samples);
  const auto count = static_cast<double>(draws);
  result.power = power_of(result.value, of_noise / count, of_both / count);
  return result;
}

}  // namespace livecca
