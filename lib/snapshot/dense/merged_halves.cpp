#include "snapshot/dense/merged_halves.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "snapshot/dense/matrix_product.hpp"
#include "snapshot/dense/secular.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::Ref;
using Eigen::VectorXd;

constexpr double epsilon = std::numeric_limits<double>::epsilon();
/// Roots that one task finds.
constexpr Index roots_at_once = 16;

/// Where a column of the halves' vectors is not 0.
enum class Part : std::uint8_t { first, both, second };

class Merge {
 public:
  Merge(Halves& halves, double share, Ref<MatrixXd> merged, const Tasks& tasks)
      : values_(halves.values),
        vectors_(halves.vectors),
        merged_(merged),
        share_(share),
        tasks_(tasks),
        size_(halves.values.size()),
        first_(halves.first),
        strength_(2 * std::abs(halves.between)),
        order_(static_cast<std::size_t>(size_)),
        parts_(static_cast<std::size_t>(size_), Part::second),
        weights_(size_) {
    std::fill_n(parts_.begin(), first_, Part::first);
    // Their squares sum to 1.
    weights_ << vectors_.row(first_ - 1).head(first_).transpose(),
        std::copysign(1.0, halves.between) * vectors_.row(first_).tail(size_ - first_).transpose();
    weights_ *= std::sqrt(0.5);
    std::iota(order_.begin(), order_.end(), Index{0});
    std::ranges::stable_sort(order_, {}, [&](Index i) { return values_(i); });
  }

  void run() {
    deflate();
    const auto live = static_cast<Index>(live_.size());
    const auto settled = static_cast<Index>(settled_.size());
    VectorXd values(size_);
    for (Index k = 0; k < settled; ++k) {
      const Index column = settled_[static_cast<std::size_t>(k)];
      merged_.col(live + k) = vectors_.col(column);
      values(live + k) = values_(column);
    }
    if (live > 0) solve(values);
    values_ = values;
  }

 private:
  /// Settled are those that the joining entry does not change, by more than rounding: with no
  /// weight, or after a rotation with a neighbour of nearly the same value, which leaves all weight
  /// to the neighbour.
  void deflate() {
    const double tolerance =
        8 * epsilon * std::max(values_.cwiseAbs().maxCoeff(), weights_.cwiseAbs().maxCoeff());
    Index previous = -1;
    for (const Index i : order_) {
      if (strength_ * std::abs(weights_(i)) <= tolerance) {
        settled_.push_back(i);
        continue;
      }
      if (previous >= 0) {
        if (rotate(previous, i, tolerance)) {
          settled_.push_back(previous);
        } else {
          live_.push_back(previous);
        }
      }
      previous = i;
    }
    if (previous >= 0) live_.push_back(previous);
  }

  bool rotate(Index low, Index high, double tolerance) {
    const double length = std::hypot(weights_(low), weights_(high));
    const double c = weights_(high) / length;
    const double s = -weights_(low) / length;
    const double gap = values_(high) - values_(low);
    if (std::abs(gap * c * s) > tolerance) return false;
    weights_(high) = length;
    weights_(low) = 0;
    Part& of_low = parts_[static_cast<std::size_t>(low)];
    Part& of_high = parts_[static_cast<std::size_t>(high)];
    if (of_low != of_high) of_low = of_high = Part::both;
    const VectorXd column = vectors_.col(low);
    vectors_.col(low) = c * column + s * vectors_.col(high);
    vectors_.col(high) = c * vectors_.col(high) - s * column;
    const double value = values_(low);
    values_(low) = value * c * c + values_(high) * s * s;
    values_(high) = value * s * s + values_(high) * c * c;
    return true;
  }

  void solve(VectorXd& values) {
    const auto live = static_cast<Index>(live_.size());
    poles_ = values_(live_);
    const VectorXd given = weights_(live_);
    const VectorXd squares = given.cwiseAbs2();
    const SecularEquation equation{poles_, squares, strength_};
    differences_.resize(live, live);
    const auto blocks = static_cast<std::size_t>((live + roots_at_once - 1) / roots_at_once);
    const auto in_blocks = [&](const auto& of_one) {
      tasks_.for_each(blocks, [&](std::size_t block) {
        const Index begin = static_cast<Index>(block) * roots_at_once;
        for (Index i = begin; i < std::min(begin + roots_at_once, live); ++i) of_one(i);
      });
    };
    in_blocks([&](Index j) { values(j) = equation.solve(j, differences_.col(j).data()); });
    find_wanted(values);
    if (wanted_ == 0) return;
    // The weights for which these eigenvalues are exact: so the vectors are orthogonal.
    VectorXd exact(live);
    tasks_.for_each(blocks, [&](std::size_t block) {
      const Index begin = static_cast<Index>(block) * roots_at_once;
      find_exact_weights(given, begin, std::min(begin + roots_at_once, live), exact);
    });
    sort_rows();
    in_blocks([&](Index j) {
      if (j >= wanted_) return;
      auto column = differences_.col(j);
      const VectorXd direction = exact.cwiseQuotient(column).normalized();
      column = direction(rows_);
    });
    multiply();
  }

  /// The live eigenvalues ascend, so the smallest come first.
  void find_wanted(const VectorXd& values) {
    const auto live = static_cast<Index>(live_.size());
    const double most = share_ * values.maxCoeff();
    wanted_ = std::ranges::count_if(values.head(live), [&](double v) { return v <= most; });
    if (!(share_ < 1)) wanted_ = live;
  }

  /// √ of Π (λⱼ − pᵢ) / Π (pⱼ − pᵢ), the latter without pᵢ itself, for some i, with the given
  /// signs.
  void find_exact_weights(const VectorXd& given, Index begin, Index end, VectorXd& exact) const {
    auto some = exact.segment(begin, end - begin);
    some.setOnes();
    for (Index j = 0; j < poles_.size(); ++j) {
      const double itself = begin <= j && j < end ? -some(j - begin) * differences_(j, j) : 0;
      some.array() *= differences_.col(j).segment(begin, end - begin).array() /
                      (poles_.segment(begin, end - begin).array() - poles_(j));
      if (begin <= j && j < end) some(j - begin) = itself;
    }
    for (Index i = begin; i < end; ++i) {
      exact(i) = std::copysign(std::sqrt(std::max(0.0, exact(i))), given(i));
    }
  }

  /// Columns that are in the first half only come first, those in the second only last.
  void sort_rows() {
    rows_.resize(live_.size());
    std::iota(rows_.begin(), rows_.end(), Index{0});
    const auto part = [&](Index row) {
      return parts_[static_cast<std::size_t>(live_[static_cast<std::size_t>(row)])];
    };
    std::ranges::stable_sort(rows_, {}, part);
    in_first_ = std::ranges::count_if(rows_, [&](Index row) { return part(row) != Part::second; });
    only_first_ = std::ranges::count_if(rows_, [&](Index row) { return part(row) == Part::first; });
  }

  /// The differences are now the directions, with their rows in order.
  void multiply() {
    const auto live = static_cast<Index>(live_.size());
    const auto half = [&](Index row, Index rows, Index from, Index columns) {
      MatrixXd sources(rows, columns);
      tasks_.for_columns(columns, [&](Index begin, Index count) {
        for (Index k = begin; k < begin + count; ++k) {
          const Index source =
              live_[static_cast<std::size_t>(rows_[static_cast<std::size_t>(from + k)])];
          sources.col(k) = vectors_.col(source).segment(row, rows);
        }
      });
      auto to = merged_.block(row, 0, rows, wanted_);
      to.setZero();
      if (columns == 0) return;
      add_product(1, MatrixView::of(sources),
                  MatrixView::of(differences_.block(from, 0, columns, wanted_)), Structure::none,
                  to, tasks_);
    };
    half(0, first_, 0, in_first_);
    half(first_, size_ - first_, only_first_, live - only_first_);
  }

  Ref<VectorXd> values_;
  Ref<MatrixXd> vectors_;
  Ref<MatrixXd> merged_;
  double share_;
  const Tasks& tasks_;
  Index size_;
  Index first_;
  double strength_;
  std::vector<Index> order_;  ///< of ascending values
  std::vector<Part> parts_;
  VectorXd weights_;  ///< z of the change of rank one, strength · z zᵀ
  std::vector<Index> live_;
  std::vector<Index> settled_;
  VectorXd poles_;
  MatrixXd differences_;     ///< poles − eigenvalues, an eigenvalue a column
  std::vector<Index> rows_;  ///< of the live ones by their parts
  Index wanted_ = 0;         ///< of the live ones' vectors
  Index in_first_ = 0;
  Index only_first_ = 0;
};

}  // namespace

void merge_halves(Halves halves, double share, Ref<MatrixXd> merged, const Tasks& tasks) {
  Merge(halves, share, merged, tasks).run();
}

}  // namespace livecca
