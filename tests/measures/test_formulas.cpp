#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "livecca/measures/measure.hpp"
#include "support/decompositions.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"

// Every measure against the direct computation on the activations: by QR, SVD and n × n Gram
// matrices, without any covariance.

using namespace livecca;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using livecca_tests::centered;
using livecca_tests::orthonormal_basis;
using livecca_tests::shared_latents;
using livecca_tests::svd;

namespace {

constexpr std::uint64_t formulas_seed = 401;
constexpr Eigen::Index samples = 300;

/// tr(K L) with the diagonals of both Gram matrices left out.
double apart(const MatrixXd& k, const MatrixXd& l) {
  return (k.cwiseProduct(l)).sum() - k.diagonal().dot(l.diagonal());
}

/// m · S^-½ by the SVD of the activations: S = m'm / (n − 1).
MatrixXd partly_whitened(const MatrixXd& m, double alpha) {
  const auto [left, values, right] = svd(m);
  const double root = std::sqrt(static_cast<double>(m.rows() - 1));
  const VectorXd gain = alpha + (1 - alpha) * root * values.cwiseInverse().array();
  return m * right * gain.asDiagonal() * right.transpose();
}

double shape_angle(const MatrixXd& x, const MatrixXd& y) {
  return std::acos(svd(x.transpose() * y).values.sum() / x.norm() / y.norm());
}

/// The measures of one pair, from moments.
class Solved {
 public:
  Solved(const MatrixXd& x, const MatrixXd& y, SolveOptions options = {})
      : executor_(1), solution_(livecca::solve(moments(x, y), options, executor_)) {}

  double operator()(Measure measure) const {
    return evaluate(solution_, 0, info_of(measure)).value.value();
  }

 private:
  PanelMoments moments(const MatrixXd& x, const MatrixXd& y) {
    PanelOptions options;
    options.norm_sums = true;
    return livecca_tests::stream(x, y, 64, executor_, options);
  }

  Executor executor_;
  PanelSolution solution_;
};

}  // namespace

TEST_CASE("measures on canonical correlations are those of the activations' column spaces") {
  const auto views = shared_latents(samples, 9, 6, formulas_seed);
  const Solved solved(views.x, views.y);
  const VectorXd rho =
      svd(orthonormal_basis(centered(views.x)).transpose() * orthonormal_basis(centered(views.y)))
          .values;
  CHECK(std::abs(solved(Measure::mean_cca) - rho.mean()) < 1e-12);
  CHECK(std::abs(solved(Measure::r2_cca) - rho.squaredNorm() / 6) < 1e-12);
  const double floor = 9.0 / (samples - 1);
  CHECK(std::abs(solved(Measure::r2_cca_adjusted) - (rho.squaredNorm() / 6 - floor) / (1 - floor)) <
        1e-12);
  // Morcos et al. 2018, equation 2: Σ_j |⟨h_i, x_j⟩| over the neurons, h the variates of that side.
  const auto weighted_by = [&](const MatrixXd& side, const MatrixXd& other) {
    const MatrixXd basis = orthonormal_basis(centered(side));
    const auto cosines = svd(basis.transpose() * orthonormal_basis(centered(other)));
    const VectorXd alpha =
        ((basis * cosines.left).transpose() * centered(side)).cwiseAbs().rowwise().sum();
    return alpha.dot(cosines.values) / alpha.sum();
  };
  CHECK(std::abs(solved(Measure::pwcca) - weighted_by(views.x, views.y)) < 1e-12);
  CHECK(std::abs(solved(Measure::pwcca_y) - weighted_by(views.y, views.x)) < 1e-12);
  CHECK(solved(Measure::pwcca_mean) ==
        doctest::Approx((solved(Measure::pwcca) + solved(Measure::pwcca_y)) / 2).epsilon(1e-14));
}

TEST_CASE("regression R² is that of least squares on the activations") {
  const auto views = shared_latents(samples, 9, 6, formulas_seed + 1);
  const Solved solved(views.x, views.y);
  const MatrixXd x = centered(views.x);
  const MatrixXd y = centered(views.y);
  const auto explained = [](const MatrixXd& of, const MatrixXd& from) {
    const MatrixXd fit = from * from.colPivHouseholderQr().solve(of);
    return 1 - (of - fit).squaredNorm() / of.squaredNorm();
  };
  CHECK(std::abs(solved(Measure::linreg_x_from_y) - explained(x, y)) < 1e-12);
  CHECK(std::abs(solved(Measure::linreg_y_from_x) - explained(y, x)) < 1e-12);
}

TEST_CASE("RV2 is CKA of the Gram matrices without their diagonals") {
  const auto views = shared_latents(samples, 9, 6, formulas_seed + 2);
  const Solved solved(views.x, views.y);
  const MatrixXd x = centered(views.x);
  const MatrixXd y = centered(views.y);
  const MatrixXd k = x * x.transpose();
  const MatrixXd l = y * y.transpose();
  CHECK(std::abs(solved(Measure::rv2) -
                 apart(k, l) / std::sqrt(apart(k, k)) / std::sqrt(apart(l, l))) < 1e-12);
}

TEST_CASE("Procrustes is what the best rotation of the activations leaves") {
  for (const auto& [dx, dy] : {std::pair{7, 7}, {9, 6}}) {
    CAPTURE(dx);
    const auto views = shared_latents(samples, dx, dy, formulas_seed + 3);
    const Solved solved(views.x, views.y);
    // The narrower side gets silent neurons, so that a rotation maps one side to the other.
    const Eigen::Index width = std::max(dx, dy);
    MatrixXd x = MatrixXd::Zero(samples, width);
    MatrixXd y = MatrixXd::Zero(samples, width);
    x.leftCols(dx) = centered(views.x);
    y.leftCols(dy) = centered(views.y);
    const auto left_after_rotation = [](const MatrixXd& a, const MatrixXd& b) {
      const auto [left, values, right] = svd(a.transpose() * b);
      return (a * left * right.transpose() - b).norm();
    };
    CHECK(solved(Measure::procrustes) == doctest::Approx(left_after_rotation(x, y)).epsilon(1e-12));
    CHECK(solved(Measure::procrustes_normalised) ==
          doctest::Approx(std::pow(left_after_rotation(x / x.norm(), y / y.norm()), 2))
              .epsilon(1e-12));
    CHECK(std::abs(solved(Measure::angular) - shape_angle(x, y)) < 1e-12);
  }
}

TEST_CASE("shape distances of nearly equal sides keep their digits") {
  const MatrixXd x = livecca_tests::normal_matrix(samples, 8, formulas_seed + 5);
  const MatrixXd noise = livecca_tests::normal_matrix(samples, 8, formulas_seed + 6);
  MatrixXd dead = x;
  dead.col(3).setConstant(2);
  dead.col(5) = dead.col(0) - 3 * dead.col(1);
  for (const MatrixXd& side : {x, dead, MatrixXd(1e60 * x), MatrixXd(x.array() + 1e4)}) {
    const double unit = centered(side).norm() / centered(x).norm();
    for (const double share : {3e-2, 1e-2, 1e-3, 1e-5, 1e-7, 1e-9}) {
      CAPTURE(share);
      const MatrixXd other = side + share * unit * noise;
      const Solved solved(side, other);
      const MatrixXd a = centered(side);
      const MatrixXd b = centered(other);
      const auto left_after_rotation = [](const MatrixXd& from, const MatrixXd& to) {
        const auto [left, values, right] = svd(from.transpose() * to);
        return (from * left * right.transpose() - to).norm();
      };
      // The activations themselves are rounded: of what they differ by, this share is left.
      const double rounding = 1e-14 * (1 + side.norm() / a.norm()) / share;
      const double chord = left_after_rotation(a / a.norm(), b / b.norm());
      CHECK(solved(Measure::procrustes) ==
            doctest::Approx(left_after_rotation(a, b)).epsilon(rounding));
      CHECK(solved(Measure::procrustes_normalised) ==
            doctest::Approx(chord * chord).epsilon(2 * rounding));
      CHECK(solved(Measure::angular) ==
            doctest::Approx(2 * std::asin(chord / 2)).epsilon(rounding));
    }
    const Solved same(side, side);
    for (const Measure measure : {Measure::procrustes, Measure::procrustes_normalised,
                                  Measure::angular, Measure::partial_whitening}) {
      CHECK(same(measure) == 0);
    }
  }
}

TEST_CASE("partial whitening goes from angular distance to CCA") {
  const auto views = shared_latents(samples, 8, 8, formulas_seed + 4);
  const MatrixXd x = centered(views.x);
  const MatrixXd y = centered(views.y);
  for (const double alpha : {0.0, 0.2, 0.5, 1.0}) {
    CAPTURE(alpha);
    const Solved solved(views.x, views.y, {.partial_whitening_alpha = alpha});
    const double expected = shape_angle(partly_whitened(x, alpha), partly_whitened(y, alpha));
    CHECK(std::abs(solved(Measure::partial_whitening) - expected) < 1e-12);
    if (alpha == 1) CHECK(std::abs(expected - solved(Measure::angular)) < 1e-12);
    if (alpha == 0) {
      CHECK(std::abs(std::cos(solved(Measure::partial_whitening)) - solved(Measure::mean_cca)) <
            1e-12);
    }
  }
}
