#include "moments/tile_update.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <string>

#include "livecca/common/error.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Small enough that a 512-wide tap feeds several threads, large enough to keep a core's multiply
// units busy: a tile of 128 × 128 doubles is 128 KiB.
constexpr std::size_t tile_size = 128;

// Chan, Golub, LeVeque (1983): merging n rows with m rows adds the outer product of the difference
// of their means, times this.
double merge_weight(std::uint64_t n, std::uint64_t m) {
  return static_cast<double>(n) * static_cast<double>(m) / static_cast<double>(n + m);
}

std::vector<double> delta_of(const ShiftedMean& batch, const ShiftedMean& mean) {
  std::vector<double> delta(mean.size());
  for (std::size_t j = 0; j < delta.size(); ++j) delta[j] = batch.minus(mean, j);
  return delta;
}

/// Moves `mean`, of n rows, on to the mean of n + m rows.
void advance(ShiftedMean& mean, std::uint64_t n, const ShiftedMean& batch,
             std::span<const double> delta, std::uint64_t m) {
  if (m == 0) return;
  if (n == 0) {
    mean = batch;
    return;
  }
  const double share = static_cast<double>(m) / static_cast<double>(n + m);
  for (std::size_t j = 0; j < delta.size(); ++j) mean.offset[j] += delta[j] * share;
}

void expect_features(std::size_t expected, std::size_t got) {
  if (expected == got) return;
  throw Error("moments: expected " + std::to_string(expected) + " features, got " +
              std::to_string(got));
}

Eigen::Map<const MatrixXd> as_matrix(const PackedRows& rows) {
  return {rows.values().data(), static_cast<Index>(rows.features()),
          static_cast<Index>(rows.rows())};
}

Eigen::Map<const VectorXd> as_vector(std::span<const double> values) {
  return {values.data(), static_cast<Index>(values.size())};
}

void add_with_outer(std::span<double> into, std::span<const double> from,
                    std::span<const double> delta_x, std::span<const double> delta_y,
                    double weight) {
  const auto rows = static_cast<Index>(delta_x.size());
  const auto columns = static_cast<Index>(delta_y.size());
  Eigen::Map<MatrixXd> sum(into.data(), rows, columns);
  sum += Eigen::Map<const MatrixXd>(from.data(), rows, columns);
  sum.noalias() += weight * as_vector(delta_x) * as_vector(delta_y).transpose();
}

}  // namespace

TileUpdate::TileUpdate(Moments& moments, const PackedRows& rows)
    : moments_(&moments), x_(rows), y_(rows) {
  expect_features(moments.features(), rows.features());
  if (rows.rows() == 0) return;
  delta_x_ = delta_of(rows.mean(), moments.mean_);
  delta_y_ = delta_x_;
  weight_ = merge_weight(moments.samples_, rows.rows());
  cut(rows.features(), rows.features(), true);
}

TileUpdate::TileUpdate(CrossMoments& moments, const PackedRows& x, const PackedRows& y)
    : cross_(&moments), x_(x), y_(y) {
  expect_features(moments.features_x(), x.features());
  expect_features(moments.features_y(), y.features());
  if (x.rows() != y.rows()) {
    throw Error("cross moments: expected equal rows on both sides, got " +
                std::to_string(x.rows()) + " and " + std::to_string(y.rows()));
  }
  if (x.rows() == 0) return;
  delta_x_ = delta_of(x.mean(), moments.mean_x_);
  delta_y_ = delta_of(y.mean(), moments.mean_y_);
  weight_ = merge_weight(moments.samples_, x.rows());
  cut(x.features(), y.features(), false);
}

void TileUpdate::cut(std::size_t rows, std::size_t columns, bool lower_only) {
  for (std::size_t column = 0; column < columns; column += tile_size) {
    for (std::size_t row = lower_only ? column : 0; row < rows; row += tile_size) {
      tiles_.push_back({row, column});
    }
  }
}

void TileUpdate::run(std::size_t tile) const {
  const auto row = static_cast<Index>(tiles_[tile].row);
  const auto column = static_cast<Index>(tiles_[tile].column);
  const auto x = as_matrix(x_);
  const auto y = as_matrix(y_);
  const Index height = std::min<Index>(tile_size, x.rows() - row);
  const Index width = std::min<Index>(tile_size, y.rows() - column);
  std::vector<double>& product = moments_ != nullptr ? moments_->scatter_ : cross_->product_;
  auto out =
      Eigen::Map<MatrixXd>(product.data(), x.rows(), y.rows()).block(row, column, height, width);
  out.noalias() += x.middleRows(row, height) * y.middleRows(column, width).transpose();
  if (weight_ == 0) return;
  out.noalias() += weight_ * as_vector(delta_x_).segment(row, height) *
                   as_vector(delta_y_).segment(column, width).transpose();
}

void TileUpdate::finish() {
  const std::uint64_t rows = x_.rows();
  if (moments_ != nullptr) {
    advance(moments_->mean_, moments_->samples_, x_.mean(), delta_x_, rows);
    moments_->samples_ += rows;
    moments_->effective_samples_ += x_.effective_rows();
  } else {
    advance(cross_->mean_x_, cross_->samples_, x_.mean(), delta_x_, rows);
    advance(cross_->mean_y_, cross_->samples_, y_.mean(), delta_y_, rows);
    cross_->samples_ += rows;
  }
}

void TileUpdate::merge(Moments& into, const Moments& from) {
  expect_features(into.features(), from.features());
  if (from.samples_ == 0) return;
  const auto delta = delta_of(from.mean_, into.mean_);
  add_with_outer(into.scatter_, from.scatter_, delta, delta,
                 merge_weight(into.samples_, from.samples_));
  advance(into.mean_, into.samples_, from.mean_, delta, from.samples_);
  into.samples_ += from.samples_;
  into.effective_samples_ += from.effective_samples_;
}

void TileUpdate::merge(CrossMoments& into, const CrossMoments& from) {
  expect_features(into.features_x(), from.features_x());
  expect_features(into.features_y(), from.features_y());
  if (from.samples_ == 0) return;
  const auto delta_x = delta_of(from.mean_x_, into.mean_x_);
  const auto delta_y = delta_of(from.mean_y_, into.mean_y_);
  add_with_outer(into.product_, from.product_, delta_x, delta_y,
                 merge_weight(into.samples_, from.samples_));
  advance(into.mean_x_, into.samples_, from.mean_x_, delta_x, from.samples_);
  advance(into.mean_y_, into.samples_, from.mean_y_, delta_y, from.samples_);
  into.samples_ += from.samples_;
}

void run_updates(std::span<TileUpdate> updates, Executor& executor) {
  struct Job {
    const TileUpdate* update;
    std::size_t tile;
  };
  std::vector<Job> jobs;
  for (const TileUpdate& update : updates) {
    for (std::size_t tile = 0; tile < update.tiles(); ++tile) jobs.push_back({&update, tile});
  }
  executor.parallel_for(Lane::training, jobs.size(),
                        [&](std::size_t i) { jobs[i].update->run(jobs[i].tile); });
  for (TileUpdate& update : updates) update.finish();
}

}  // namespace livecca
