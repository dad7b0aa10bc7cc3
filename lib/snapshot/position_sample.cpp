#include "snapshot/position_sample.hpp"

#include <algorithm>

#include "activations/split_mix.hpp"
#include "snapshot/covariance.hpp"
#include "snapshot/position_cells.hpp"
#include "snapshot/whitening.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
/// For each weighing.
using Directions = std::array<MatrixXd, weighing_count>;

constexpr std::uint64_t images_at_most = 256;
constexpr std::size_t rows_of_image = 16;
constexpr Index directions_at_most = 64;

/// One image out of each of `count` equal parts of them, so that sorted images come in too.
std::uint64_t chosen_image(std::uint64_t k, std::uint64_t count, std::uint64_t images) {
  const std::uint64_t begin = k * images / count;
  const std::uint64_t end = (k + 1) * images / count;
  return begin + SplitMix(k).next() % (end - begin);
}

/// Some of the directions, from the first to the last: all are alike, and a few say enough.
MatrixXd some_of(const MatrixXd& directions) {
  const Index count = std::min(directions.cols(), directions_at_most);
  MatrixXd some(directions.rows(), count);
  for (Index i = 0; i < count; ++i) some.col(i) = directions.col(i * directions.cols() / count);
  return some;
}

/// Rows as a weighing sees them. The variances are those of the neurons themselves.
Rows seen(const Rows& rows, const MatrixXd& directions, std::size_t weighing) {
  return weighing == static_cast<std::size_t>(Weighing::variance) ? rows : Rows(rows * directions);
}

class PositionReader {
 public:
  PositionReader(const TapMoments& tap, const WhitenedTap& whitened)
      : tap_(tap),
        moments_(*tap.moments),
        whitened_(whitened),
        none_(static_cast<Index>(moments_.features()), 0),
        cells_(tap.images_again.grid),
        some_{some_of(whole(whitened.whitening)), some_of(whole(whitened.principal)), MatrixXd(),
              some_of(whole(whitened.partial))} {
    const SampleWeights& weights = moments_.weights();
    sample_.grid = tap.images_again.grid;
    sample_.images = tap.images_again.images;
    sample_.images_read = std::min(sample_.images, images_at_most);
    sample_.rows_per_image = weights.effective_rows() / weights.effective_images();
    const auto cells = static_cast<Index>(cells_.size());
    for (std::size_t h = 0; h < 2; ++h) {
      PositionSample::Half& half = sample_.halves[h];
      half.counts = VectorXd::Zero(cells);
      half.pair_counts.assign(entry_of(0, cells_.size()), 0);
      for (auto& common : half.common) common.assign(half.pair_counts.size(), 0);
      for (auto& squares : half.squares) squares = VectorXd::Zero(cells);
      sums_[h] = MatrixXd::Zero(cells, static_cast<Index>(moments_.features()));
    }
  }

  std::shared_ptr<const PositionSample> read() {
    for (std::uint64_t k = 0; k < sample_.images_read; ++k) {
      const std::uint64_t number = chosen_image(k, sample_.images_read, sample_.images);
      if (!tap_.images_again.read(number, image_) || !is_sane()) return nullptr;
      const auto rows = static_cast<double>(image_.positions.size());
      rows_ += rows;
      row_pairs_ += rows * (rows - 1);
      add(centred(number), k % 2);
    }
    const double rows = sample_.halves[0].counts.sum() + sample_.halves[1].counts.sum();
    if (!(rows > 0)) return nullptr;
    for (double& square : squares_) square /= rows;
    sample_.others_of_row = row_pairs_ / rows_;
    find_means();
    find_common();
    find_spread();
    return std::make_shared<const PositionSample>(std::move(sample_));
  }

 private:
  /// Of a tap that was not whitened the matrix has no rows either.
  const MatrixXd& whole(const MatrixXd& directions) const {
    return directions.cols() > 0 ? directions : none_;
  }

  bool is_sane() const {
    const std::size_t rows = image_.positions.size();
    return image_.values.size() == rows * moments_.features() &&
           std::ranges::all_of(image_.positions, [&](std::size_t position) {
             return position < sample_.grid.size();
           });
  }

  /// Some of the image's rows, less the window's mean, without those that are not finite; `at_`
  /// holds their cells.
  Rows centred(std::uint64_t number) {
    const std::size_t features = moments_.features();
    choose_positions(Positions::sampled(rows_of_image), {.width = image_.positions.size()}, number,
                     chosen_);
    Rows rows(static_cast<Index>(chosen_.size()), static_cast<Index>(features));
    Index count = 0;
    at_.clear();
    for (const std::size_t row : chosen_) {
      for (std::size_t j = 0; j < features; ++j) {
        rows(count, static_cast<Index>(j)) =
            image_.values[row * features + j] - moments_.mean().value(j);
      }
      if (!rows.row(count).allFinite()) continue;
      at_.push_back(cells_.of(image_.positions[row]));
      ++count;
    }
    return rows.topRows(count);
  }

  void add(const Rows& rows, std::size_t h) {
    PositionSample::Half& half = sample_.halves[h];
    for (Index p = 0; p < rows.rows(); ++p) {
      const auto cell = static_cast<Index>(at_[static_cast<std::size_t>(p)]);
      half.counts(cell) += 1;
      sums_[h].row(cell) += rows.row(p);
    }
    entries_.clear();
    for (std::size_t p = 0; p < at_.size(); ++p) {
      for (std::size_t q = 0; q < p; ++q) entries_.push_back(entry_of(at_[p], at_[q]));
    }
    for (const std::size_t entry : entries_) half.pair_counts[entry] += 1;
    for (std::size_t i = 0; i < weighing_count; ++i) {
      const Rows z = seen(rows, some_[i], i);
      squares_[i] += z.squaredNorm();
      for (Index p = 0; p < z.rows(); ++p) {
        half.squares[i](static_cast<Index>(at_[static_cast<std::size_t>(p)])) +=
            z.row(p).squaredNorm();
      }
      const MatrixXd gram = z * z.transpose();
      auto entry = entries_.begin();
      for (Index p = 0; p < gram.rows(); ++p) {
        for (Index q = 0; q < p; ++q) half.common[i][*entry++] += gram(p, q);
      }
    }
  }

  void find_means() {
    for (std::size_t h = 0; h < 2; ++h) {
      PositionSample::Half& half = sample_.halves[h];
      const VectorXd inverse = half.counts.cwiseMax(1).cwiseInverse();
      const MatrixXd means = inverse.asDiagonal() * sums_[h];
      half.means = {means * whole(whitened_.whitening), means * whole(whitened_.principal), means,
                    means * whole(whitened_.partial)};
      for (std::size_t i = 0; i < weighing_count; ++i) {
        half.squares[i] = squares_[i] > 0
                              ? VectorXd(half.squares[i].cwiseProduct(inverse) / squares_[i])
                              : VectorXd(VectorXd::Ones(half.counts.size()));
      }
    }
  }

  /// The products less those of the cells' means, each mean from another half of the images: of
  /// one half they would hold what its images vary by.
  void find_common() {
    for (std::size_t i = 0; i < weighing_count; ++i) {
      std::array<MatrixXd, 2> means;
      for (std::size_t h = 0; h < 2; ++h) {
        means[h] = seen(sample_.halves[h].means[static_cast<std::size_t>(Weighing::variance)],
                        some_[i], i);
      }
      const MatrixXd between = means[0] * means[1].transpose();
      for (PositionSample::Half& half : sample_.halves) {
        for (std::size_t a = 0; a < cells_.size(); ++a) {
          for (std::size_t b = 0; b <= a; ++b) {
            const std::size_t entry = entry_of(a, b);
            if (!(half.pair_counts[entry] > 0)) continue;
            const auto [row, column] = std::pair(static_cast<Index>(a), static_cast<Index>(b));
            const double of_means = (between(row, column) + between(column, row)) / 2;
            const double mean = half.common[i][entry] / half.pair_counts[entry];
            // Of directions that are not there nothing is known: all rows are taken for one.
            half.common[i][entry] = squares_[i] > 0 ? (mean - of_means) / squares_[i] : 1;
          }
        }
      }
    }
  }

  void find_spread() {
    const auto cells = static_cast<Index>(cells_.size());
    VectorXd shares(2 * cells);
    shares << sample_.halves[0].counts, sample_.halves[1].counts;
    shares /= shares.sum();
    for (const Weighing weighing : {Weighing::alike, Weighing::leading, Weighing::variance}) {
      const auto i = static_cast<std::size_t>(weighing);
      const bool is_white = weighing != Weighing::variance;
      MatrixXd means(2 * cells, sample_.halves[0].means[i].cols());
      means << sample_.halves[0].means[i], sample_.halves[1].means[i];
      if (!is_white) means /= std::sqrt(whitened_.covariance_trace);
      const MatrixXd products = means * means.transpose();
      sample_.spread[i] = products;
      if (!is_white) {
        sample_.spread[i] =
            means * (covariance_of(moments_) / whitened_.covariance_trace) * means.transpose();
      }
      sample_.spread[i] -= products * shares.asDiagonal() * products;
    }
  }

  const TapMoments& tap_;
  const Moments& moments_;
  const WhitenedTap& whitened_;
  MatrixXd none_;  ///< no directions of all features
  PositionCells cells_;
  Directions some_;
  PositionSample sample_;
  std::array<MatrixXd, 2> sums_;  ///< by cell, of each half
  std::array<double, weighing_count> squares_{};
  double rows_ = 0;       ///< of the images read, whether looked at or not
  double row_pairs_ = 0;  ///< of two rows of an image, each way
  ImageRows image_;
  std::vector<std::size_t> chosen_;
  std::vector<std::size_t> at_;
  std::vector<std::size_t> entries_;
};

}  // namespace

bool has_positions(const TapMoments& tap) {
  if (!tap.images_again.read || !tap.moments || tap.frequency) return false;
  const SampleWeights& weights = tap.moments->weights();
  return weights.effective_rows() > weights.effective_images();
}

std::shared_ptr<const PositionSample> sample_positions(const TapMoments& tap,
                                                       const WhitenedTap& whitened) {
  if (!has_positions(tap) || !whitened.facts.converged) return nullptr;
  return PositionReader(tap, whitened).read();
}

}  // namespace livecca
