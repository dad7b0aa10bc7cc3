#include "snapshot/pair_solver.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "snapshot/covariance.hpp"
#include "snapshot/decompositions.hpp"
#include "snapshot/dense/entries.hpp"
#include "snapshot/dense/matrix_product.hpp"
#include "snapshot/unbiased_cka.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Of ρ² an eigenvalue of T Tᵀ keeps an absolute 2e-16 or so: at ρ = 1e-4 that is 1e-12 of ρ.
constexpr double smallest_gram_correlation = 1e-4;
// Sides are nearly equal if their squared difference is below this share of their squares. Above it
// tr Sxx + tr Syy − 2‖Sxy‖_* has lost at most three digits.
constexpr double nearly_equal = 1e-3;

/// Singular values as correlations: in [0, 1], and of a complex pair every second one.
std::vector<double> to_correlations(const VectorXd& values, bool is_complex) {
  std::vector<double> result;
  for (Index i = 0; i < values.size(); i += is_complex ? 2 : 1) {
    result.push_back(std::clamp(values(i), 0.0, 1.0));
  }
  return result;
}

/// Σ_j |⟨h_i, x_j⟩| for the canonical variate in a column of `projections` (features × directions).
/// In the real form of a complex tap the two halves of a column are a real and an imaginary part.
double absolute_sum(const MatrixXd& projections, Index column, bool is_complex) {
  if (!is_complex) return projections.col(column).cwiseAbs().sum();
  const Index half = projections.rows() / 2;
  return (projections.col(column).head(half).array().square() +
          projections.col(column).tail(half).array().square())
      .sqrt()
      .sum();
}

/// α_i ∝ Σ_j |⟨h_i, x_j⟩| from second moments: the column sums of |S W U|.
bool projection_weights(const WhitenedTap& tap, const MatrixXd& directions, const Tasks& tasks,
                        std::vector<double>& weights) {
  const MatrixXd projections = product(
      tap.loadings, directions, tap.is_triangular ? Structure::a_lower : Structure::none, tasks);
  const Index together = tap.is_complex ? 2 : 1;
  weights.resize(static_cast<std::size_t>(projections.cols() / together));
  tasks.for_columns(projections.cols() / together, [&](Index first, Index count) {
    for (Index i = first; i < first + count; ++i) {
      weights[static_cast<std::size_t>(i)] =
          absolute_sum(projections, i * together, tap.is_complex);
    }
  });
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (!(total > 0) || !std::isfinite(total)) return false;
  for (double& weight : weights) weight /= total;
  return true;
}

/// Singular values of T from the eigenvalues of the smaller of T Tᵀ and Tᵀ T. Empty where it did
/// not converge, or where some are so small that squares do not hold them.
VectorXd gram_singular_values(const MatrixXd& matrix, const Tasks& tasks) {
  const bool wide = matrix.rows() <= matrix.cols();
  const MatrixView whole = MatrixView::of(matrix);
  const MatrixView view = wide ? whole : whole.transposed();
  MatrixXd gram = product(view, view.transposed(), Structure::symmetric, tasks);
  const SymmetricEigen eigen = symmetric_eigen(std::move(gram), false, tasks);
  const double smallest = smallest_gram_correlation * smallest_gram_correlation;
  if (!eigen.converged || !(eigen.values.minCoeff() > smallest)) return {};
  return eigen.values.cwiseSqrt();
}

/// The canonical correlations from the whitened cross-covariance, without directions.
bool correlations_of(const MatrixXd& whitened, const Tasks& tasks, VectorXd& correlations,
                     SpectrumMethod& spectrum) {
  if (!whitened.allFinite()) return false;
  const bool wide = std::min(whitened.rows(), whitened.cols()) >= wide_problem;
  if (!wide) correlations = gram_singular_values(whitened, tasks);
  spectrum = SpectrumMethod::gram;
  if (correlations.size() > 0) return true;
  const SingularValues svd = singular_values(whitened, Vectors::none, tasks);
  correlations = svd.values;
  if (!(wide && svd.converged && correlations.minCoeff() > smallest_gram_correlation)) {
    spectrum = SpectrumMethod::svd;
  }
  return svd.converged;
}

/// Σσ − tr A, from the singular vectors of a square A that is nearly symmetric and positive: what
/// the best rotation gains over none. As tr A = Σ σᵢ uᵢ·vᵢ, it is ½ Σ σᵢ ‖uᵢ − vᵢ‖², in which small
/// differences keep their digits. Vectors of singular values that are only rounding are arbitrary.
double rotation_gain(const SingularValues& svd) {
  const auto features = static_cast<std::size_t>(svd.values.size());
  const double smallest = rank_tolerance(features, Precision::exact) * svd.values(0);
  double sum = 0;
  for (Index i = 0; i < svd.values.size() && svd.values(i) > smallest; ++i) {
    sum += svd.values(i) * (svd.left.col(i) - svd.right.col(i)).squaredNorm();
  }
  return sum / 2;
}

/// One pair on its way.
class PairSolver {
 public:
  /// `cross` is the covariance of the moments, or its real form; empty if no quantity needs it.
  PairSolver(const MatrixXd& cross, double cross_norm, const CrossMoments& moments,
             const WhitenedTap& x, const WhitenedTap& y, const SolveOptions& options,
             const Tasks& tasks, PairSolution& pair)
      : cross_(cross),
        cross_norm_(cross_norm),
        moments_(moments),
        x_(x),
        y_(y),
        options_(options),
        tasks_(tasks),
        pair_(pair) {}

  bool solve() {
    const Quantities& asked = options_.quantities;
    solve_norms();
    return (!asked.needs_whitening() || solve_cca()) && (!asked.svcca || solve_svcca()) &&
           (!asked.nuclear_norm || solve_procrustes()) &&
           (!asked.partial_whitening || solve_partial_whitening());
  }

 private:
  bool is_complex() const { return x_.is_complex; }

  /// ‖Sxy‖²_F / (‖Sxx‖_F ‖Syy‖_F), divided before it is squared so that scales of 1e150 pass.
  void solve_norms() {
    const double root = cross_norm_ / std::sqrt(x_.covariance_norm) / std::sqrt(y_.covariance_norm);
    pair_.linear_cka = std::min(1.0, root * root);
  }

  /// Wxᵀ A, and A Wy.
  MatrixXd whiten_x(const MatrixXd& matrix) const {
    return transposed_product(x_.whitening, matrix,
                              x_.is_triangular ? Structure::a_lower : Structure::none, tasks_);
  }
  MatrixXd whiten_y(const MatrixXd& matrix) const {
    return product(matrix, y_.whitening, y_.is_triangular ? Structure::b_upper : Structure::none,
                   tasks_);
  }

  /// tr(Sxy Syy⁻¹ Syx) = ‖Sxy Wy‖²_F.
  void solve_regression(const MatrixXd& by_x, const MatrixXd& by_y) {
    const auto explained = [](const MatrixXd& projected, double variance) {
      const double share = projected.stableNorm() / std::sqrt(variance);
      return std::min(1.0, share * share);
    };
    pair_.regression_x_from_y = explained(by_y, x_.covariance_trace);
    pair_.regression_y_from_x = explained(by_x, y_.covariance_trace);
  }

  bool solve_cca() {
    const MatrixXd by_x = whiten_x(cross_);
    if (options_.quantities.regression) solve_regression(by_x, whiten_y(cross_));
    const MatrixXd whitened = whiten_y(by_x);
    if (!whitened.allFinite()) return false;
    const double count = is_complex() ? 2 : 1;
    pair_.squared_correlation_sum =
        std::min(whitened.squaredNorm(),
                 static_cast<double>(std::min(whitened.rows(), whitened.cols()))) /
        count;
    if (options_.quantities.needs_weights()) return solve_directions(whitened);
    if (!options_.quantities.correlations) return true;
    VectorXd values;
    if (!correlations_of(whitened, tasks_, values, pair_.spectrum)) return false;
    pair_.canonical_correlations = to_correlations(values, is_complex());
    return true;
  }

  bool solve_directions(const MatrixXd& whitened) {
    const bool of_x = options_.quantities.weights_x;
    const bool of_y = options_.quantities.weights_y;
    // Of y alone as the left vectors of Tᵀ.
    SingularValues svd =
        of_x ? singular_values(whitened, of_y ? Vectors::both : Vectors::left, tasks_)
             : singular_values(transposed(whitened, tasks_), Vectors::left, tasks_);
    if (!svd.converged) return false;
    pair_.spectrum = SpectrumMethod::svd;
    pair_.canonical_correlations = to_correlations(svd.values, is_complex());
    if (!of_x) svd.right = std::move(svd.left);
    return (!of_x || projection_weights(x_, svd.left, tasks_, pair_.weights_x)) &&
           (!of_y || projection_weights(y_, svd.right, tasks_, pair_.weights_y));
  }

  /// Aᵀ C B.
  MatrixXd between(const MatrixXd& a, const MatrixXd& c, const MatrixXd& b) const {
    return product(transposed_product(a, c, Structure::none, tasks_), b, Structure::none, tasks_);
  }

  bool solve_svcca() {
    VectorXd values;
    SpectrumMethod spectrum{};
    const MatrixXd whitened = between(x_.principal, cross_, y_.principal);
    if (!correlations_of(whitened, tasks_, values, spectrum)) return false;
    pair_.svcca_correlations = to_correlations(values, is_complex());
    return true;
  }

  /// Whether every row is the same on both sides.
  bool sides_are_equal() const { return moments_.squared_difference() == 0.0; }

  /// ‖X − Y‖²_F over the norms of both centred sides, ‖X‖_F ‖Y‖_F. In the real form both norms are
  /// √2 times as large.
  std::optional<double> relative_difference() const {
    const auto& difference = moments_.squared_difference();
    if (!difference) return std::nullopt;
    const double divisor = moments_.weights().covariance_divisor();
    return directions_each() * *difference / divisor / std::sqrt(x_.covariance_trace) /
           std::sqrt(y_.covariance_trace);
  }

  /// Directions of the real form that stand for one of the data.
  double directions_each() const { return is_complex() ? 2 : 1; }

  /// All in units of the sides' norms a and b, so that scales of 1e150 pass. The squared distance
  /// is a² + b² − 2‖Sxy‖_* = (a − b)² + 2ab(1 − cosine). For nearly equal sides its digits are lost
  /// in these sums. There it is ‖X − Y‖² less twice what the best rotation gains over none.
  bool solve_procrustes() {
    const double a = std::sqrt(x_.covariance_trace);
    const double b = std::sqrt(y_.covariance_trace);
    const MatrixXd scaled = cross_ / (a * b);
    if (!scaled.allFinite()) return false;
    const auto difference = relative_difference();
    const bool near = difference && *difference < nearly_equal;
    const SingularValues svd =
        singular_values(scaled, near ? Vectors::both : Vectors::none, tasks_);
    if (!svd.converged) return false;
    pair_.shape_cosine = std::min(1.0, svd.values.sum());
    const double norms_apart = (a / b - 1) * (1 - b / a);  // (a − b)² / ab
    double angle_part = 2 * (1 - *pair_.shape_cosine);
    if (near) {
      angle_part = std::max(0.0, *difference - 2 * rotation_gain(svd) - norms_apart);
    }
    pair_.shape_gap = angle_part / 2;
    const double distance = std::sqrt(moments_.weights().covariance_divisor() / directions_each()) *
                            std::sqrt(a) * std::sqrt(b) * std::sqrt(norms_apart + angle_part);
    // In the activations' unit, which may be beyond float64.
    if (std::isfinite(distance)) pair_.procrustes = distance;
    return true;
  }

  bool solve_partial_whitening() {
    const double scale = std::sqrt(x_.partial_variance) * std::sqrt(y_.partial_variance);
    const MatrixXd partly = between(x_.partial, cross_ / scale, y_.partial);
    if (!partly.allFinite()) return false;
    const SingularValues svd = singular_values(partly, Vectors::none, tasks_);
    if (!svd.converged) return false;
    pair_.partial_whitening_cosine = sides_are_equal() ? 1.0 : std::min(1.0, svd.values.sum());
    return true;
  }

  const MatrixXd& cross_;
  double cross_norm_;
  const CrossMoments& moments_;
  const WhitenedTap& x_;
  const WhitenedTap& y_;
  const SolveOptions& options_;
  const Tasks& tasks_;
  PairSolution& pair_;
};

void clear_numbers(PairSolution& pair) {
  PairSolution flags;
  flags.x = pair.x;
  flags.y = pair.y;
  flags.present = pair.present;
  flags.precision = pair.precision;
  pair = flags;
}

/// False also where all that varies is rounding.
bool varies(const WhitenedTap& tap, const Quantities& asked) {
  return tap.facts.constant_features < tap.facts.features && tap.facts.rank != 0U &&
         (!asked.svcca || tap.principal.cols() > 0) &&
         (!asked.partial_whitening || tap.partial.cols() > 0);
}

}  // namespace

PairSolution solve_pair(const PanelMoments& panel, const PairMoments& pair_moments,
                        const WhitenedTap& x, const WhitenedTap& y, const SolveOptions& options,
                        const Tasks& tasks) {
  PairSolution pair;
  pair.x = pair_moments.x;
  pair.y = pair_moments.y;
  // A pair that missed steps of its taps does not describe the same rows.
  if (!pair_moments.moments || !x.facts.present || !y.facts.present ||
      pair_moments.moments->samples() != x.facts.samples ||
      pair_moments.moments->samples() != y.facts.samples) {
    return pair;
  }
  if (panel.taps[pair.x].frequency != panel.taps[pair.y].frequency) return pair;
  pair.present = true;
  const CrossMoments& moments = *pair_moments.moments;
  pair.precision = worse(moments.precision(), worse(x.facts.precision, y.facts.precision));
  if (!x.facts.converged || !y.facts.converged) return pair;
  if (!varies(x, options.quantities) || !varies(y, options.quantities)) {
    pair.converged = true;
    return pair;
  }
  const double norm = product_norm(moments);
  const double covariance_norm = norm / moments.weights().covariance_divisor();
  if (!std::isfinite(covariance_norm)) return pair;
  MatrixXd cross;
  if (x.is_complex || options.quantities.needs_matrices()) cross = covariance_of(moments, tasks);
  if (x.is_complex) cross = real_form(cross);
  const double cross_norm = x.is_complex ? cross.stableNorm() : covariance_norm;
  pair.converged = PairSolver(cross, cross_norm, moments, x, y, options, tasks, pair).solve();
  if (!pair.converged) {
    clear_numbers(pair);
    return pair;
  }
  if (x.is_complex) return pair;  // the norm sums are of the parts
  const UnbiasedCka unbiased =
      unbiased_cka(*panel.taps[pair.x].moments, *panel.taps[pair.y].moments, moments,
                   {.x = x.scatter_norm, .y = y.scatter_norm, .cross = norm});
  pair.linear_cka_debiased = unbiased.debiased;
  pair.rv2 = unbiased.rv2;
  pair.rv2_floor = unbiased.rv2_floor;
  return pair;
}

}  // namespace livecca
