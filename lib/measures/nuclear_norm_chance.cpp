#include "measures/nuclear_norm_chance.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <utility>
#include <vector>

#include "measures/root_beta_law.hpp"

namespace livecca {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;
using std::numbers::pi;

constexpr double step_of_logarithm = 1;  // half of it changes the mean by 1e-5 of itself
constexpr double negligible = 1e-4;      // of the whole; what is left out is estimated
constexpr std::size_t most_nodes = 400;  // 20 to 40 are enough, unless scales differ by 1e100

/// How many directions of a side have a variance above 1/gain, softly counted.
struct Counted {
  double above = 0;  ///< Σ gλ / (1 + gλ)
  double below = 0;  ///< Σ 1 / (1 + gλ): all others
  double slope = 0;  ///< d above / d log gain
};

/// The spectrum of a side.
class Side {
 public:
  Side(std::span<const double> shares, double most) {
    const auto count = std::min(static_cast<double>(shares.size()), std::floor(most + 1e-6));
    shares_ = Eigen::Map<const ArrayXd>(shares.data(), static_cast<Index>(std::max(0.0, count)));
    kept_ = shares_.sum();
    shares_ /= kept_;
  }

  double size() const { return static_cast<double>(shares_.size()); }
  double kept() const { return kept_; }  ///< of the side's variance
  double largest() const { return shares_(0); }
  double effective_rank() const { return 1 / shares_.square().sum(); }
  /// Σ (λ − mean)² over so many directions, of which all but size() have a λ of 0.
  double second_moment(double directions) const { return shares_.square().sum() - 1 / directions; }
  double third_moment(double directions) const {
    return shares_.cube().sum() - 3 * shares_.square().sum() / directions +
           2 / (directions * directions);
  }

  Counted at(double gain) const {
    const ArrayXd below = (1 + gain * shares_).inverse();
    return {gain * (shares_ * below).sum(), below.sum(), gain * (shares_ * below.square()).sum()};
  }

  /// The logarithm of the gain at which above / below is this, from a first guess. In these
  /// logarithms the slope is between 0 and 1, and 1 for equal variances.
  double logarithm_where(double above_over_below, double guess) const {
    const double wanted = std::log(above_over_below);
    for (int i = 0; i < 100; ++i) {
      const Counted counted = at(std::exp(guess));
      const double slope = counted.slope * size() / (counted.above * counted.below);
      const double miss = wanted - std::log(counted.above / counted.below);
      const double change = std::clamp(miss / slope, -4.0, 4.0);
      guess += change;
      if (!(std::abs(change) > 1e-13 * (1 + std::abs(guess)))) break;
    }
    return guess;
  }

 private:
  ArrayXd shares_;
  double kept_ = 0;
};

/// A point t of the integrals over t. T = Σ σ²/(σ² + t²) is the expected number of singular values
/// above t. Where both sides count T, their gains a and b have a·b·t² = T / (N − T).
struct Node {
  double gain_x;
  double gain_y;
  double inverse_square;  ///< 1/t²
  Counted counted;        ///< T, and how many of the narrower side's directions it leaves
  double free;            ///< N − T, or N for weighted rows
  double weight;          ///< dt
  double own;             ///< logarithm() of the node with itself
};

class Integrals {
 public:
  Integrals(const Side& narrow, const Side& wide, double freedom, bool weighted)
      : narrow_(narrow), wide_(wide), freedom_(freedom), weighted_(weighted) {
    double logarithm = std::log(negligible / std::max(narrow.largest(), wide.largest()));
    double other = logarithm;
    double sum = 0;
    while (nodes_.size() < most_nodes) {
      double slope = 0;
      nodes_.push_back(node_at(logarithm, other, slope));
      sum += nodes_.back().weight * nodes_.back().counted.above;
      if (narrow.size() / std::sqrt(nodes_.back().inverse_square) < negligible * sum) break;
      logarithm += step_of_logarithm;
      other += step_of_logarithm * slope;
    }
    // From here to t = 0 the steps fall like powers of a number, of exp(−½) at most.
    const double ratio = nodes_.back().weight / nodes_[nodes_.size() - 2].weight;
    nodes_.back().weight /= 1 - std::min(ratio, std::exp(-step_of_logarithm / 2));
  }

  /// The limit of Σ σ = 2/π ∫ T dt. Before the first node T falls like 1/t².
  double limit() const {
    const double ratio = std::exp(-step_of_logarithm / 2);
    double sum = nodes_.front().weight * nodes_.front().counted.above * ratio / (1 - ratio);
    for (const Node& node : nodes_) sum += node.weight * node.counted.above;
    return 2 / pi * sum;
  }

  /// What real data add to the limit of Σ σ.
  double correction() const {
    double sum = 0;
    for (const Node& node : nodes_) sum += node.weight * node.own;
    return -sum / (2 * pi);
  }

  /// Of Σ σ for complex data, half of that for real data.
  double variance() const {
    double sum = 0;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      double row = nodes_[i].weight * nodes_[i].own;
      for (std::size_t j = 0; j < i; ++j) {
        row += 2 * nodes_[j].weight * logarithm(nodes_[i], nodes_[j]);
      }
      sum += nodes_[i].weight * row;
    }
    return std::max(0.0, sum / (pi * pi));
  }

 private:
  /// `other` is a guess of the wider side's log gain, and becomes it.
  Node node_at(double logarithm, double& other, double& slope) const {
    Node node{};
    const Counted narrow = narrow_.at(std::exp(logarithm));
    // Differences of counts would lose digits where T is nearly all of the narrower side.
    const double wide_below = wide_.size() - narrow_.size() + narrow.below;
    other = wide_.logarithm_where(narrow.above / wide_below, other);
    slope = narrow.slope / wide_.at(std::exp(other)).slope;
    node.counted = narrow;
    node.gain_x = std::exp(logarithm);
    node.gain_y = std::exp(other);
    node.free = weighted_ ? freedom_ : freedom_ - narrow_.size() + narrow.below;
    node.inverse_square = node.gain_x * node.gain_y * node.free / narrow.above;
    const double taken = weighted_ ? 0 : narrow.slope / node.free;
    const double growth = 1 + slope - narrow.slope / narrow.above - taken;  // of log 1/t²
    node.weight = step_of_logarithm * growth / 2 / std::sqrt(node.inverse_square);
    const double odds = freedom_ * narrow.slope / (node.free * node.free);
    node.own = std::log(node.gain_x * node.gain_y * slope / (node.inverse_square * growth * odds));
    if (!std::isfinite(node.own)) node.own = 0;
    return node;
  }

  /// The covariance of Σ log(1 + σ²/t²) at two points t, of complex data.
  double logarithm(const Node& a, const Node& b) const {
    const bool mostly_above = a.counted.above > a.counted.below;
    const double counts =
        mostly_above ? b.counted.below - a.counted.below : a.counted.above - b.counted.above;
    const double odds = freedom_ * counts / (a.free * b.free);
    const double value = std::log((a.gain_x - b.gain_x) * (a.gain_y - b.gain_y) /
                                  ((a.inverse_square - b.inverse_square) * odds));
    return std::isfinite(value) ? value : 0;
  }

  const Side& narrow_;
  const Side& wide_;
  double freedom_;
  bool weighted_;
  std::vector<Node> nodes_;
};

/// One direction and others: the square of the score is Σ μ b², with b a row of B and Σ μ = 1. Its
/// mean and variance are exact, and it is taken as a Beta number.
NuclearNormChance of_one_direction(const Side& others, double freedom,
                                   const UnrelatedSides& sides) {
  const double times = sides.numbers == Numbers::real ? 2 : 1;
  const double share = 1 / others.effective_rank();
  const double divisor = sides.weighted ? freedom : freedom + times;
  const double lost = sides.weighted ? 0 : 1 / freedom;
  const double variance = times * (share - lost) / (freedom * divisor);
  const double mean = 1 / freedom;
  const double sum = mean * (1 - mean) / variance - 1;
  if (!(variance > 0) || !(sum > 0)) return {std::sqrt(mean), 0, 0};
  const double of_root = gamma_ratio(mean * sum) / gamma_ratio(sum);
  return {of_root, std::sqrt(std::max(0.0, mean - of_root * of_root)), 0};
}

/// What varies is like the length of a vector of k Gaussian numbers. Then ‖Sxy‖²_F is like its
/// square, whose skewness √(8/k) follows from both spectra. The rest of the mean is steady.
double steady_part(const NuclearNormChance& chance, const Side& x, const Side& y, double freedom,
                   const UnrelatedSides& sides) {
  const double directions = sides.weighted ? std::numeric_limits<double>::infinity() : freedom;
  const double second = x.second_moment(directions) * y.second_moment(directions);
  const double third = x.third_moment(directions) * y.third_moment(directions);
  if (!(second > 0) || !(third > 0)) return 0;
  const double each = sides.numbers == Numbers::real ? 1 : 2;
  const double k = each * second * (second / third) * (second / third);
  if (!(k < 1e6)) return 0;
  const double mean_length = gamma_ratio(k / 2);
  const double relative_deviation = std::sqrt(k / (2 * mean_length * mean_length) - 1);
  return std::max(0.0, chance.mean - chance.deviation / relative_deviation);
}

}  // namespace

NuclearNormChance nuclear_norm_chance(const UnrelatedSides& sides) {
  const double freedom = sides.samples - 1;
  if (!(freedom >= 1) || sides.shares_x.empty() || sides.shares_y.empty()) return {};
  const double most =
      sides.weighted ? static_cast<double>(std::max(sides.shares_x.size(), sides.shares_y.size()))
                     : freedom;
  Side narrow(sides.shares_x, most);
  Side wide(sides.shares_y, most);
  if (narrow.size() > wide.size()) std::swap(narrow, wide);
  const double scale = std::sqrt(narrow.kept() * wide.kept());
  NuclearNormChance chance;
  if (narrow.size() == 1) {
    chance = of_one_direction(wide, freedom, sides);
  } else {
    const double dimensions = sides.weighted ? freedom : std::max(freedom, wide.size());
    const Integrals integrals(narrow, wide, dimensions, sides.weighted);
    const bool real = sides.numbers == Numbers::real;
    chance.mean = integrals.limit() + (real ? integrals.correction() : 0);
    chance.deviation = std::sqrt((real ? 2 : 1) * integrals.variance());
    chance.steady = steady_part(chance, narrow, wide, dimensions, sides);
  }
  return {std::clamp(scale * chance.mean, 0.0, 1.0), scale * chance.deviation,
          scale * chance.steady};
}

}  // namespace livecca
