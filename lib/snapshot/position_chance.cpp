#include "snapshot/position_chance.hpp"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

#include "snapshot/decompositions.hpp"
#include "snapshot/position_sample.hpp"
#include "snapshot/shared_norm.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr std::size_t place(Weighing weighing) { return static_cast<std::size_t>(weighing); }

/// Dependence is taken this much too large: otherwise PWCCA would lie up to 3 % above its floor.
constexpr double safe_share = 1.05;

/// Positions of large grids share cells, so what only near neighbours have in common is not seen.
/// So no more independent rows of an image are believed in than four for each of 64 cells.
constexpr double rows_told_apart = 256;

std::span<const double> values_of(const VectorXd& vector) {
  return {vector.data(), static_cast<std::size_t>(vector.size())};
}

/// The mean product of what both sides have for each cell or pair of cells, x from one half of the
/// images and y from the other, weighted by how many rows or pairs of rows that is of. Of nothing
/// it is 1.
template <typename Counts, typename OfX, typename OfY>
double mean_product(const PositionSample& x, const PositionSample& y, Counts counts, OfX of_x,
                    OfY of_y) {
  double sum = 0;
  double weight = 0;
  for (std::size_t h = 0; h < 2; ++h) {
    const PositionSample::Half& half_x = x.halves[h];
    const PositionSample::Half& half_y = y.halves[1 - h];
    const std::span<const double> counts_x = counts(half_x);
    const std::span<const double> counts_y = counts(half_y);
    const std::span<const double> values_x = of_x(half_x);
    const std::span<const double> values_y = of_y(half_y);
    for (std::size_t i = 0; i < counts_x.size(); ++i) {
      if (!(counts_x[i] > 0) || !(counts_y[i] > 0)) continue;
      const double count = counts_x[i] + counts_y[i];
      sum += count * values_x[i] * values_y[i];
      weight += count;
    }
  }
  return weight > 0 ? sum / weight : 1;
}

/// The mean of C_x · C_y over pairs of two positions of an image, C_x from one half of the images
/// and C_y from the other: what two related layers share by chance in one half is no dependence.
double common_of(const PositionSample& x, Weighing of_x, const PositionSample& y, Weighing of_y) {
  const auto counts = [](const PositionSample::Half& half) { return std::span(half.pair_counts); };
  const auto common = [](Weighing weighing) {
    return [weighing](const PositionSample::Half& half) {
      return std::span(half.common[place(weighing)]);
    };
  };
  return std::max(0.0, mean_product(x, y, counts, common(of_x), common(of_y)));
}

/// The mean of C_x[p, p] · C_y[p, p]: above 1 if both sides vary more at the same positions.
double diagonal_of(const PositionSample& x, Weighing of_x, const PositionSample& y, Weighing of_y) {
  const auto counts = [](const PositionSample::Half& half) { return values_of(half.counts); };
  const auto squares = [](Weighing weighing) {
    return [weighing](const PositionSample::Half& half) {
      return values_of(half.squares[place(weighing)]);
    };
  };
  return mean_product(x, y, counts, squares(of_x), squares(of_y));
}

/// images · P² / Σ C_x[p, q] · C_y[p, q], for images of unequal numbers of rows P in the mean over
/// rows.
double independent_of(double images, const PositionSample& x, Weighing of_x,
                      const PositionSample& y, Weighing of_y) {
  // What images contribute varies about as much as it is: two standard errors, on the safe side.
  const auto read = static_cast<double>(x.images_read);
  const double unread = 1 - read / static_cast<double>(x.images);
  const double common = common_of(x, of_x, y, of_y) * (safe_share + 2 * std::sqrt(unread / read));
  const double rows = std::min(x.rows_per_image, y.rows_per_image);
  const double others = std::max(x.others_of_row, y.others_of_row);
  const double diagonal = std::max(1.0, diagonal_of(x, of_x, y, of_y));
  const double most = std::min(rows, rows_told_apart);
  return std::clamp(images * rows / (diagonal + others * common), images, images * most);
}

/// tr(Sx S0 Sy S0ᵀ) of what is shared, from both sides' mᵀ S m'. `scales` are the roots of the
/// shares of the columns of X and Y, of which Y's begin with the other half of the images.
double spread_of(const MatrixXd& spread_x, const MatrixXd& spread_y, const VectorXd& scales) {
  const Index cells = scales.size() / 2;
  const auto turned = [&](Index column) { return (column + cells) % (2 * cells); };
  const VectorXd shares = scales.cwiseAbs2();
  double sum = 0;
  for (Index a = 0; a < 2 * cells; ++a) {
    for (Index b = 0; b < 2 * cells; ++b) {
      sum += shares(a) * shares(b) * spread_x(b, a) * spread_y(turned(b), turned(a));
    }
  }
  return std::max(0.0, sum);
}

/// The root of the sum of the variances; whitened directions are taken one by one.
double unit_of(const WhitenedTap& tap, Weighing weighing) {
  if (weighing == Weighing::variance) return std::sqrt(tap.covariance_trace);
  return weighing == Weighing::partly ? std::sqrt(tap.partial_variance) : 1;
}

/// The cross-covariance of the cells' means as X Yᵀ, each mean of x with that of y from the other
/// half of the images, in units of the root of the product of both sides' variances.
struct SharedMeans {
  MatrixXd x;  ///< directions × (2 · cells)
  MatrixXd y;
  /// tr(Sx S0 Sy S0ᵀ), with S0 = X Yᵀ and the covariances of rows about their positions' means.
  double crossed = 0;
  /// Of an entry between directions of variance 1, because the means are of few rows; and how much
  /// of it all rows of an image have in common.
  double noise = 0;
  double common = 0;

  SharedMeans(const WhitenedTap& tap_x, Weighing of_x, const WhitenedTap& tap_y, Weighing of_y) {
    const PositionSample& sample_x = *tap_x.positions;
    const PositionSample& sample_y = *tap_y.positions;
    const auto cells = sample_x.halves[0].counts.size();
    x = MatrixXd::Zero(sample_x.halves[0].means[place(of_x)].cols(), 2 * cells);
    y = MatrixXd::Zero(sample_y.halves[0].means[place(of_y)].cols(), 2 * cells);
    const double unit_x = unit_of(tap_x, of_x);
    const double unit_y = unit_of(tap_y, of_y);
    double rows = 0;
    for (const PositionSample* sample : {&sample_x, &sample_y}) {
      rows += sample->halves[0].counts.sum() + sample->halves[1].counts.sum();
    }
    VectorXd scales = VectorXd::Zero(2 * cells);
    for (Index h = 0; h < 2; ++h) {
      const PositionSample::Half& half_x = sample_x.halves[static_cast<std::size_t>(h)];
      const PositionSample::Half& half_y = sample_y.halves[static_cast<std::size_t>(1 - h)];
      for (Index cell = 0; cell < cells; ++cell) {
        if (!(half_x.counts(cell) > 0) || !(half_y.counts(cell) > 0)) continue;
        const double share = (half_x.counts(cell) + half_y.counts(cell)) / rows;
        const Index column = h * cells + cell;
        scales(column) = std::sqrt(share);
        x.col(column) = half_x.means[place(of_x)].row(cell).transpose();
        y.col(column) = half_y.means[place(of_y)].row(cell).transpose();
        noise += share * share / (half_x.counts(cell) * half_y.counts(cell));
      }
    }
    x = x * (scales / unit_x).asDiagonal();
    y = y * (scales / unit_y).asDiagonal();
    if (of_x != Weighing::partly) {
      crossed = spread_of(sample_x.spread[place(of_x)], sample_y.spread[place(of_y)], scales);
    }
    // The means of all cells err alike, as far as the rows of an image do.
    common = std::min(1.0, common_of(sample_x, of_x, sample_y, of_y));
    const double read = rows / 2 / static_cast<double>(sample_x.images_read);
    noise *= 1 + std::max(0.0, read - 1) * common;
  }

  /// ‖X Yᵀ‖²_F, without what noise adds; the variances are sums over the directions.
  double squared_norm(double variance_x, double variance_y) const {
    const double norm = ((x.transpose() * x).cwiseProduct(y.transpose() * y)).sum();
    return std::max(0.0, norm - noise * variance_x * variance_y);
  }

  /// The norm of X Yᵀ without what noise adds, as a share of the norm.
  double share_without_noise(double variance_x, double variance_y) const {
    const double norm = ((x.transpose() * x).cwiseProduct(y.transpose() * y)).sum();
    return norm > 0 ? std::sqrt(squared_norm(variance_x, variance_y) / norm) : 0;
  }

  /// Singular values below it may be noise: of independent entries, or of means that err alike.
  double largest_noise(double p, double q) const {
    return std::sqrt(noise) *
           ((1 - common) * (std::sqrt(p) + std::sqrt(q)) + common * std::sqrt(p * q));
  }
};

/// X Yᵀ = U diag(values) Vᵀ.
SingularValues product_svd(const MatrixXd& x, const MatrixXd& y) {
  const Index cells = x.cols();
  if (std::min(x.rows(), y.rows()) <= cells) {
    return singular_values(x * y.transpose(), Vectors::both, Tasks());
  }
  const Eigen::HouseholderQR<MatrixXd> qr_x(x);
  const Eigen::HouseholderQR<MatrixXd> qr_y(y);
  const MatrixXd upper_x = qr_x.matrixQR().topRows(cells).triangularView<Eigen::Upper>();
  const MatrixXd upper_y = qr_y.matrixQR().topRows(cells).triangularView<Eigen::Upper>();
  SingularValues svd = singular_values(upper_x * upper_y.transpose(), Vectors::both, Tasks());
  const auto in_full = [&](const Eigen::HouseholderQR<MatrixXd>& qr, const MatrixXd& vectors) {
    MatrixXd full = MatrixXd::Zero(qr.rows(), vectors.cols());
    full.topRows(cells) = vectors;
    return MatrixXd(qr.householderQ() * full);
  };
  svd.left = in_full(qr_x, svd.left);
  svd.right = in_full(qr_y, svd.right);
  return svd;
}

/// The singular values that are above noise, at most `most`.
std::vector<double> above_noise(const VectorXd& values, double largest_noise, double most) {
  std::vector<double> found;
  for (const double value : values) {
    if (!(value > largest_noise) || static_cast<double>(found.size()) >= most) break;
    found.push_back(std::min(1.0, value));
  }
  return found;
}

/// The mean of |⟨u, v⟩| for a unit vector v and u uniformly distributed on the sphere.
double mean_projection(double dimensions) {
  return std::exp(std::lgamma(dimensions / 2) - std::lgamma((dimensions + 1) / 2)) /
         std::sqrt(std::numbers::pi);
}

/// PWCCA's weights of some directions, if those that are not seen of all `count` are anywhere
/// beside the others.
PositionChance::Weights weights_of(const WhitenedTap& tap, const MatrixXd& directions,
                                   Index count) {
  const MatrixXd projections = tap.loadings * directions;
  VectorXd squares_beside = tap.loadings.rowwise().squaredNorm();
  PositionChance::Weights weights;
  double seen = 0;
  for (Index i = 0;; ++i) {
    const auto left = static_cast<double>(tap.loadings.cols() - i);
    const auto others = static_cast<double>(count - i);
    const double beside = squares_beside.cwiseMax(0).cwiseSqrt().sum();
    weights.totals.push_back(seen + (others > 0 ? beside * mean_projection(left) * others : 0));
    if (i == directions.cols()) return weights;
    weights.sums.push_back(projections.col(i).cwiseAbs().sum());
    seen += weights.sums.back();
    squares_beside -= projections.col(i).cwiseAbs2();
  }
}

void find_correlations(const WhitenedTap& x, const WhitenedTap& y, bool has_directions,
                       PositionChance& chance) {
  const SharedMeans means(x, Weighing::alike, y, Weighing::alike);
  const auto p = static_cast<double>(means.x.rows());
  const auto q = static_cast<double>(means.y.rows());
  chance.squared_correlation_sum = {means.squared_norm(p, q), means.crossed};
  if (!has_directions) return;
  const SingularValues svd = product_svd(means.x, means.y);
  if (!svd.converged) return;
  chance.correlations = above_noise(svd.values, means.largest_noise(p, q), std::min(p, q));
  const auto count = static_cast<Index>(chance.correlations.size());
  const Index all = std::min(means.x.rows(), means.y.rows());
  chance.weights_x = weights_of(x, svd.left.leftCols(count), all);
  chance.weights_y = weights_of(y, svd.right.leftCols(count), all);
}

void find_svcca_correlations(const WhitenedTap& x, const WhitenedTap& y, PositionChance& chance) {
  const SharedMeans means(x, Weighing::leading, y, Weighing::leading);
  const SingularValues svd = product_svd(means.x, means.y);
  if (!svd.converged) return;
  const auto p = static_cast<double>(means.x.rows());
  const auto q = static_cast<double>(means.y.rows());
  chance.svcca_correlations = above_noise(svd.values, means.largest_noise(p, q), std::min(p, q));
}

/// The share of x's variance that y explains by the position alone.
PositionChance::Shared regression(const WhitenedTap& x, const WhitenedTap& y) {
  const SharedMeans means(x, Weighing::variance, y, Weighing::alike);
  return {means.squared_norm(1, static_cast<double>(means.y.rows())), means.crossed};
}

void find_nuclear_norms(const WhitenedTap& x, const WhitenedTap& y, const Tasks& tasks,
                        PositionChance& chance) {
  const auto norm = [&](Weighing weighing, const MatrixXd& root_x, const MatrixXd& root_y,
                        double samples) {
    const SharedMeans means(x, weighing, y, weighing);
    SingularValues svd = product_svd(means.x, means.y);
    svd.values *= means.share_without_noise(1, 1);
    return shared_norm(svd, root_x, root_y, samples, tasks);
  };
  const auto& samples = chance.independent_samples;
  if (x.variance_root.cols() > 0 && y.variance_root.cols() > 0) {
    chance.nuclear_norm = norm(Weighing::variance, x.variance_root / unit_of(x, Weighing::variance),
                               y.variance_root / unit_of(y, Weighing::variance), samples.cka);
  }
  if (x.partial.cols() > 0 && y.partial.cols() > 0) {
    const auto root = [](const WhitenedTap& tap) {
      const std::vector<double>& shares = tap.facts.partial_shares;
      const Eigen::Map<const VectorXd> values(shares.data(), static_cast<Index>(shares.size()));
      return MatrixXd(values.cwiseSqrt().asDiagonal());
    };
    chance.partly_whitened_norm = norm(Weighing::partly, root(x), root(y), samples.partly_whitened);
  }
}

}  // namespace

std::optional<PositionChance> position_chance(const WhitenedTap& x, const WhitenedTap& y,
                                              double images, const Quantities& quantities,
                                              const Tasks& tasks) {
  if (!x.positions || !y.positions || x.positions->grid != y.positions->grid) return std::nullopt;
  const auto independent = [&](Weighing of_x, Weighing of_y) {
    return independent_of(images, *x.positions, of_x, *y.positions, of_y);
  };
  PositionChance chance;
  chance.independent_samples = {.cca = independent(Weighing::alike, Weighing::alike),
                                .svcca = independent(Weighing::leading, Weighing::leading),
                                .cka = independent(Weighing::variance, Weighing::variance),
                                .x_from_y = independent(Weighing::variance, Weighing::alike),
                                .y_from_x = independent(Weighing::alike, Weighing::variance),
                                .partly_whitened = independent(Weighing::partly, Weighing::partly)};
  const SharedMeans means(x, Weighing::variance, y, Weighing::variance);
  const double unit =
      (x.covariance_trace / x.covariance_norm) * (y.covariance_trace / y.covariance_norm);
  chance.linear_cka = {means.squared_norm(1, 1) * unit, means.crossed * unit * unit};
  if (x.whitening.cols() > 0 && y.whitening.cols() > 0) {
    find_correlations(x, y, quantities.needs_correlations(), chance);
    chance.regression_x_from_y = regression(x, y);
    chance.regression_y_from_x = regression(y, x);
  }
  if (x.principal.cols() > 0 && y.principal.cols() > 0) find_svcca_correlations(x, y, chance);
  find_nuclear_norms(x, y, tasks, chance);
  return chance;
}

}  // namespace livecca
