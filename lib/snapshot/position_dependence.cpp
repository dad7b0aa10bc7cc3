#include "snapshot/position_dependence.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "activations/split_mix.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr std::uint64_t images_at_most = 256;
constexpr std::size_t most_rows_of_image = 16;
constexpr Index directions_read = 64;
constexpr std::size_t most_cells = 64;

/// The cells of a grid: each axis is cut into as many as it has positions, but not too many.
struct Cells {
  explicit Cells(const Grid& grid) : extents{grid.depth, grid.height, grid.width} {
    const auto axes = std::ranges::count_if(extents, [](std::size_t extent) { return extent > 1; });
    const std::size_t most = axes <= 1 ? most_cells : axes == 2 ? 8 : 4;
    for (std::size_t axis = 0; axis < 3; ++axis) counts[axis] = std::min(extents[axis], most);
  }

  std::size_t size() const { return counts[0] * counts[1] * counts[2]; }

  std::size_t of(std::size_t position) const {
    const std::array<std::size_t, 3> at{position / (extents[1] * extents[2]),
                                        position / extents[2] % extents[1], position % extents[2]};
    std::size_t cell = 0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      cell = cell * counts[axis] + at[axis] * counts[axis] / extents[axis];
    }
    return cell;
  }

  std::array<std::size_t, 3> extents;
  std::array<std::size_t, 3> counts{};
};

/// The place of an unordered pair of cells.
std::size_t entry_of(std::size_t a, std::size_t b) {
  const auto [low, high] = std::minmax(a, b);
  return high * (high + 1) / 2 + low;
}

/// One image out of each of `count` equal parts of them, so that sorted images come in too.
std::uint64_t chosen_image(std::uint64_t k, std::uint64_t count, std::uint64_t images) {
  const std::uint64_t begin = k * images / count;
  const std::uint64_t end = (k + 1) * images / count;
  return begin + SplitMix(k).next() % (end - begin);
}

/// Some of the directions, from the first to the last: all are alike, and a few say enough.
MatrixXd some_of(const MatrixXd& directions) {
  const Index count = std::min(directions.cols(), directions_read);
  MatrixXd some(directions.rows(), count);
  for (Index i = 0; i < count; ++i) some.col(i) = directions.col(i * directions.cols() / count);
  return some;
}

/// An image's rows, centred, without those that are not finite, and not too many of them.
Rows centred(const ImageRows& image, const Moments& moments, std::uint64_t number,
             std::vector<std::size_t>& positions) {
  const std::size_t features = moments.features();
  std::vector<std::size_t> chosen;
  choose_positions(Positions::sampled(most_rows_of_image), {.width = image.positions.size()},
                   number, chosen);
  Rows rows(static_cast<Index>(chosen.size()), static_cast<Index>(features));
  Index count = 0;
  positions.clear();
  for (const std::size_t row : chosen) {
    for (std::size_t j = 0; j < features; ++j) {
      rows(count, static_cast<Index>(j)) =
          image.values[row * features + j] - moments.mean().value(j);
    }
    if (!rows.row(count).allFinite()) continue;
    positions.push_back(image.positions[row]);
    ++count;
  }
  return rows.topRows(count);
}

}  // namespace

std::shared_ptr<const PositionDependence> PositionDependence::of(const TapMoments& tap,
                                                                 const WhitenedTap& whitened) {
  if (!tap.images_again.read || !tap.moments || whitened.is_complex) return nullptr;
  const SampleWeights& weights = tap.moments->weights();
  if (!(weights.effective_rows() > weights.effective_images())) return nullptr;
  auto dependence = std::shared_ptr<PositionDependence>(new PositionDependence(tap, whitened));
  return dependence->read(tap, whitened) ? dependence : nullptr;
}

PositionDependence::PositionDependence(const TapMoments& tap, const WhitenedTap& whitened)
    : grid_(tap.images_again.grid), images_(tap.images_again.images) {
  const SampleWeights& weights = tap.moments->weights();
  rows_per_image_ = weights.effective_rows() / weights.effective_images();
  const std::size_t cells = Cells(grid_).size();
  const std::array<bool, weighings> is_asked{whitened.whitening.cols() > 0,
                                             whitened.principal.cols() > 0, true};
  for (Half& half : halves_) {
    half.counts.assign(entry_of(0, cells), 0);
    for (std::size_t i = 0; i < weighings; ++i) {
      if (is_asked[i]) half.products[i].assign(half.counts.size(), 0);
    }
  }
}

bool PositionDependence::read(const TapMoments& tap, const WhitenedTap& whitened) {
  const Cells cells(grid_);
  const std::array<MatrixXd, 2> directions{some_of(whitened.whitening),
                                           some_of(whitened.principal)};
  images_read_ = std::min(images_, images_at_most);
  ImageRows image;
  std::vector<std::size_t> positions;
  double count = 0;
  for (std::uint64_t k = 0; k < images_read_; ++k) {
    const std::uint64_t number = chosen_image(k, images_read_, images_);
    if (!tap.images_again.read(number, image)) return false;
    const Rows rows = centred(image, *tap.moments, number, positions);
    Half& half = halves_[k % 2];
    count += static_cast<double>(positions.size());
    for (std::size_t i = 0; i < weighings; ++i) {
      if (half.products[i].empty()) continue;
      const Rows seen = i < directions.size() ? Rows(rows * directions[i]) : rows;
      const MatrixXd gram = seen * seen.transpose();
      squares_[i] += gram.trace();
      for (Index p = 0; p < gram.rows(); ++p) {
        for (Index q = 0; q < p; ++q) {
          half.products[i][entry_of(cells.of(positions[static_cast<std::size_t>(p)]),
                                    cells.of(positions[static_cast<std::size_t>(q)]))] +=
              gram(p, q);
        }
      }
    }
    for (std::size_t p = 0; p < positions.size(); ++p) {
      for (std::size_t q = 0; q < p; ++q) {
        ++half.counts[entry_of(cells.of(positions[p]), cells.of(positions[q]))];
      }
    }
  }
  for (double& square : squares_) square /= count;
  return count > 0;
}

std::optional<double> PositionDependence::common(const PositionDependence& x, Weighing weighing_x,
                                                 const PositionDependence& y, Weighing weighing_y) {
  const auto of_x = static_cast<std::size_t>(weighing_x);
  const auto of_y = static_cast<std::size_t>(weighing_y);
  if (x.grid_ != y.grid_ || !(x.squares_[of_x] > 0) || !(y.squares_[of_y] > 0)) return std::nullopt;
  double sum = 0;
  double weight = 0;
  for (std::size_t entry = 0; entry < x.halves_[0].counts.size(); ++entry) {
    // Of one half of the images the other half knows nothing: what they have in common by chance,
    // or because the networks are alike, does not count.
    for (std::size_t i = 0; i < 2; ++i) {
      const Half& half_x = x.halves_[i];
      const Half& half_y = y.halves_[1 - i];
      if (!(half_x.counts[entry] > 0) || !(half_y.counts[entry] > 0)) continue;
      const double pairs = half_x.counts[entry] + half_y.counts[entry];
      sum += pairs * half_x.products[of_x][entry] / half_x.counts[entry] *
             half_y.products[of_y][entry] / half_y.counts[entry];
      weight += pairs;
    }
  }
  if (!(weight > 0)) return std::nullopt;
  return sum / weight / x.squares_[of_x] / y.squares_[of_y];
}

double PositionDependence::independent_samples(double images, const PositionDependence& x,
                                               Weighing weighing_x, const PositionDependence& y,
                                               Weighing weighing_y) {
  const auto mean = common(x, weighing_x, y, weighing_y);
  if (!mean) return images;
  // What images contribute varies about as much as it is: two standard errors, on the safe side.
  // And without the 5 %, PWCCA would lie up to 3 % above its floor.
  const auto read = static_cast<double>(x.images_read_);
  const double unread = 1 - read / static_cast<double>(x.images_);
  const double safe = std::max(0.0, *mean) * (1.05 + 2 * std::sqrt(unread / read));
  const double rows = std::min(x.rows_per_image_, y.rows_per_image_);
  return std::clamp(images * rows / (1 + (rows - 1) * safe), images, images * rows);
}

}  // namespace livecca
