#include <doctest/doctest.h>

#include <Eigen/Core>
#include <random>

#include "livecca/measures/measure.hpp"
#include "livecca/snapshot/solve.hpp"
#include "matrices.hpp"
#include "support/decompositions.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"

using namespace livecca;
using livecca_tests::shared_latents;
using livecca_tests::stream;

namespace {

constexpr std::uint64_t norm_sums_seed = 733;

PanelOptions with_norm_sums(std::size_t error_blocks = 0) {
  PanelOptions options;
  options.norm_sums = true;
  options.error_blocks = error_blocks;
  return options;
}

/// Σp, Σp², … in 80-bit arithmetic, by definition.
struct Definition {
  long double p = 0, q = 0, pp = 0, pq = 0;
  Eigen::VectorXd px, qx, py;
  double px_size = 0, qx_size = 0, py_size = 0;  ///< Σ p‖x‖ …: what their rounding is relative to

  Definition(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
    using Long = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
    Long wide_x = x.cast<long double>();
    Long wide_y = y.cast<long double>();
    wide_x.rowwise() -= wide_x.colwise().mean().eval();
    wide_y.rowwise() -= wide_y.colwise().mean().eval();
    const Long ps = wide_x.rowwise().squaredNorm();
    const Long qs = wide_y.rowwise().squaredNorm();
    p = ps.sum();
    q = qs.sum();
    pp = ps.cwiseProduct(ps).sum();
    pq = ps.cwiseProduct(qs).sum();
    px = (wide_x.transpose() * ps).cast<double>();
    qx = (wide_x.transpose() * qs).cast<double>();
    py = (wide_y.transpose() * ps).cast<double>();
    px_size = static_cast<double>(ps.cwiseProduct(ps.cwiseSqrt()).sum());
    qx_size = static_cast<double>(qs.cwiseProduct(ps.cwiseSqrt()).sum());
    py_size = static_cast<double>(ps.cwiseProduct(qs.cwiseSqrt()).sum());
  }
};

double error(const std::vector<double>& got, const Eigen::VectorXd& expected, double scale) {
  const Eigen::Map<const Eigen::VectorXd> values(got.data(), expected.size());
  return (values - expected).norm() / scale;
}

void check_sums(const PanelMoments& moments, const Definition& expected, double tolerance) {
  const auto& tap = moments.taps[0].moments->norm_sums();
  const auto& pair = moments.pairs[0].moments->norm_sums();
  REQUIRE(tap);
  REQUIRE(pair);
  const auto approx = [&](long double value) {
    return doctest::Approx(static_cast<double>(value)).epsilon(tolerance);
  };
  CHECK(tap->p == approx(expected.p));
  CHECK(tap->pp == approx(expected.pp));
  CHECK(pair->p == approx(expected.p));
  CHECK(pair->q == approx(expected.q));
  CHECK(pair->pq == approx(expected.pq));
  CHECK(error(tap->px, expected.px, expected.px_size) < tolerance);
  CHECK(error(pair->qx, expected.qx, expected.qx_size) < tolerance);
  CHECK(error(pair->py, expected.py, expected.py_size) < tolerance);
}

/// Unbiased HSIC of linear kernels from n × n matrices (Song et al. 2012, equation 5): another road
/// altogether.
double hsic(Eigen::MatrixXd k, Eigen::MatrixXd l) {
  const auto n = static_cast<double>(k.rows());
  k.diagonal().setZero();
  l.diagonal().setZero();
  const double trace = (k * l).trace();
  const double sums = k.sum() * l.sum() / ((n - 1) * (n - 2));
  const double mixed = (k * l).sum() * 2 / (n - 2);
  return (trace + sums - mixed) / (n * (n - 3));
}

double debiased_by_kernels(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
  const Eigen::MatrixXd k = x * x.transpose();
  const Eigen::MatrixXd l = y * y.transpose();
  return hsic(k, l) / std::sqrt(hsic(k, k) * hsic(l, l));
}

}  // namespace

TEST_CASE("norm sums are those of the definition, for any batch, merge and offset") {
  MESSAGE("seed " << norm_sums_seed);
  Executor executor(2);
  for (const double offset : {0.0, 1e4, 1e8}) {
    CAPTURE(offset);
    auto views = shared_latents(600, 9, 6, norm_sums_seed);
    // Not centred at 0 and skewed, so that no term of the formulas vanishes.
    views.x = views.x.array().square() + offset;
    views.y = views.y.array().exp() - offset;
    const Definition expected(views.x, views.y);
    for (const Eigen::Index batch : {1, 7, 64, 600}) {
      CAPTURE(batch);
      check_sums(stream(views.x, views.y, batch, executor, with_norm_sums()), expected, 1e-11);
    }
    check_sums(stream(views.x, views.y, 11, executor, with_norm_sums(5)), expected, 1e-11);
    std::mt19937_64 engine(norm_sums_seed);
    std::vector<PanelMoments> parts;
    for (Eigen::Index first = 0; first < 600;) {
      const auto rows =
          std::min<Eigen::Index>(1 + static_cast<Eigen::Index>(engine() % 90), 600 - first);
      parts.push_back(stream(views.x.middleRows(first, rows), views.y.middleRows(first, rows), 20,
                             executor, with_norm_sums()));
      first += rows;
    }
    while (parts.size() > 1) {
      const std::size_t into = engine() % (parts.size() - 1);
      merge(parts[into], parts.back());
      parts.pop_back();
    }
    check_sums(parts[0], expected, 1e-11);
  }
}

TEST_CASE("debiased CKA is that of the unbiased estimate on n × n kernels") {
  Executor executor(2);
  for (const Eigen::Index n : {5, 30, 300}) {
    CAPTURE(n);
    const auto views = shared_latents(n, 12, 8, norm_sums_seed + 1);
    const PanelSolution solution =
        solve(stream(views.x, views.y, 16, executor, with_norm_sums()), {}, executor);
    REQUIRE(solution.pairs[0].linear_cka_debiased);
    CHECK(*solution.pairs[0].linear_cka_debiased ==
          doctest::Approx(debiased_by_kernels(views.x, views.y)).epsilon(1e-10));
  }
}

TEST_CASE("points that are equally far apart have no debiased CKA, but an RV2") {
  Executor executor(1);
  const auto solved = [&](const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
    return solve(stream(x, y, 16, executor, with_norm_sums()), {}, executor).pairs[0];
  };
  for (const Eigen::Index n : {8, 30, 45, 300}) {
    CAPTURE(n);
    const Eigen::MatrixXd one_hot = Eigen::MatrixXd::Identity(n, n);
    const Eigen::MatrixXd turn =
        livecca_tests::orthonormal_basis(livecca_tests::normal_matrix(n, n, norm_sums_seed + 7));
    const Eigen::VectorXd lengths = Eigen::VectorXd::LinSpaced(n, 1, 5);
    const auto other = livecca_tests::normal_matrix(n, 6, norm_sums_seed + 8);
    // One-hot in another order, turned, of another size and place, as orthogonal points of unequal
    // lengths, and rounded to float32.
    const std::vector<Eigen::MatrixXd> sides{one_hot.colwise().reverse(), turn,
                                             (1e-3 * turn).array() + 5,
                                             Eigen::MatrixXd(lengths.asDiagonal() * turn),
                                             Eigen::MatrixXd(turn.cast<float>().cast<double>())};
    for (std::size_t i = 0; i < sides.size(); ++i) {
      CAPTURE(i);
      for (const PairSolution& pair : {solved(sides[i], one_hot), solved(one_hot, sides[i])}) {
        // Rounded to float32, which moments of float64 cannot know, a little is left: but never
        // beyond 1.
        if (i + 1 < sides.size()) CHECK_FALSE(pair.linear_cka_debiased);
        CHECK(std::abs(pair.linear_cka_debiased.value_or(0)) <= 1);
      }
      CHECK_FALSE(solved(other, sides[0]).linear_cka_debiased);
    }
    // Centred, one-hot vectors have products of −1/n, whatever their order. Beside the diagonals
    // that is 1/n of all, so rounding counts n times.
    const PairSolution pair = solved(one_hot, sides[0]);
    REQUIRE(pair.rv2);
    CHECK(*pair.rv2 == doctest::Approx(1).epsilon(1e-10));
    CHECK(*pair.rv2_floor == doctest::Approx(1).epsilon(1e-10));
    // A little more than one-hot is enough.
    const Eigen::MatrixXd blurred =
        one_hot + 1e-4 * livecca_tests::normal_matrix(n, n, norm_sums_seed + 9);
    REQUIRE(solved(blurred, other).linear_cka_debiased);
    CHECK(std::abs(*solved(blurred, other).linear_cka_debiased -
                   debiased_by_kernels(blurred, other)) < 1e-6);
  }
}

TEST_CASE("at every scale debiased CKA and RV2 are the same, or missing") {
  Executor executor(1);
  const auto views = shared_latents(300, 6, 4, norm_sums_seed + 3);
  const auto solved = [&](double scale_x, double scale_y) {
    return solve(stream(scale_x * views.x, scale_y * views.y, 64, executor, with_norm_sums()), {},
                 executor)
        .pairs[0];
  };
  const PairSolution expected = solved(1, 1);
  for (int exponent = -140; exponent <= 140; ++exponent) {
    CAPTURE(exponent);
    const double scale = std::pow(10.0, exponent);
    for (const PairSolution& pair : {solved(scale, 1), solved(1, scale), solved(scale, scale)}) {
      CHECK(pair.linear_cka_debiased.has_value() == (exponent >= -77 && exponent <= 75));
      CHECK(pair.rv2.has_value() == pair.linear_cka_debiased.has_value());
      CHECK(*pair.linear_cka == doctest::Approx(*expected.linear_cka).epsilon(1e-12));
      if (!pair.rv2) continue;
      CHECK(*pair.linear_cka_debiased ==
            doctest::Approx(*expected.linear_cka_debiased).epsilon(1e-12));
      CHECK(*pair.rv2 == doctest::Approx(*expected.rv2).epsilon(1e-12));
      CHECK(*pair.rv2_floor == doctest::Approx(*expected.rv2_floor).epsilon(1e-12));
    }
  }
}

TEST_CASE("debiased CKA of unrelated data is around 0, where the biased one is not") {
  Executor executor(2);
  double sum = 0;
  for (std::uint64_t draw = 0; draw < 40; ++draw) {
    const auto x = livecca_tests::normal_matrix(40, 30, 2 * draw + 1);
    const auto y = livecca_tests::normal_matrix(40, 30, 2 * draw + 2);
    const PanelSolution solution =
        solve(stream(x, y, 16, executor, with_norm_sums()), {}, executor);
    CHECK(solution.pairs[0].linear_cka > 0.3);
    sum += *solution.pairs[0].linear_cka_debiased;
  }
  CHECK(std::abs(sum / 40) < 0.03);
}

TEST_CASE("without norm sums, or with weights, debiased CKA is missing and the rest is not") {
  Executor executor(1);
  const auto views = shared_latents(200, 5, 4, norm_sums_seed);
  PanelOptions weighted;
  weighted.window = Window::exponential(50);
  for (const PanelOptions& options : {PanelOptions{}, weighted}) {
    const PanelSolution solution =
        solve(stream(views.x, views.y, 50, executor, options), {}, executor);
    const auto debiased = evaluate(solution, 0, *find_measure("linear_cka_debiased"));
    CHECK(debiased.status == Status::missing);
    CHECK_FALSE(debiased.value);
    CHECK(evaluate(solution, 0, *find_measure("linear_cka")).value);
  }
  // Moments that are made to weigh less have lost their sums; a reset gives them back.
  PanelMoments moments = stream(views.x, views.y, 50, executor, with_norm_sums());
  Moments& tap = *moments.taps[0].moments;
  tap.decay(1);
  CHECK(tap.norm_sums());
  tap.decay(0.5);
  CHECK_FALSE(tap.norm_sums());
  CHECK(tap.weights().sum == 100);
  tap.reset();
  CHECK(tap.norm_sums());
}
