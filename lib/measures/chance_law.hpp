#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>

#include "measures/nuclear_norm_chance.hpp"
#include "measures/numbers.hpp"
#include "measures/root_beta_law.hpp"

namespace livecca {

/// A floor that positions raise: what they make two sides have in common, and what chance makes of
/// the rest.
struct RaisedFloor {
  double shared = 0;
  double share_of_rest = 1;
  double rest = 0;
  /// By how much the score varies because what is shared and chance add up before they are squared.
  double deviation = 0;

  double mean() const { return shared + share_of_rest * rest; }
};

/// The law of a similarity of independent Gaussian data. p and q are ranks, n is the effective
/// number of samples, as in noise_floor.hpp, which says how exact these laws are.
class ChanceLaw {
 public:
  /// The mean canonical correlation, or a weighted mean whose weights sum to 1 and do not depend on
  /// the correlations. `weight_spread` is Σ (w − 1/k)² over its k weights; 0 for the plain mean.
  static ChanceLaw of_mean_correlation(std::size_t p, std::size_t q, double n,
                                       double weight_spread = 0, Numbers numbers = Numbers::real);
  /// The mean squared canonical correlation.
  static ChanceLaw of_mean_squared_correlation(std::size_t p, std::size_t q, double n,
                                               Numbers numbers);
  /// The share that a regression on data of rank q explains, of data of this effective rank.
  static ChanceLaw of_regression(std::size_t q, double effective_rank, double n, Numbers numbers);
  static ChanceLaw of_linear_cka(double effective_rank_x, double effective_rank_y, double n,
                                 Numbers numbers);
  /// ‖Sxy‖_* / √(tr Sxx · tr Syy), the cosine of the shape distances. The latest few laws are kept
  /// for each thread, because several measures share one.
  static ChanceLaw of_nuclear_norm(const UnrelatedSides& sides);

  /// A weighted mean of scores of which nobody knows how they vary together. Its deviation is that
  /// of scores that rise and fall as one, the largest there can be.
  static ChanceLaw of_mean_at_most(std::span<const ChanceLaw> laws,
                                   std::span<const double> weights);

  /// The law with this mean, at most 1, and a deviation to which `doubt` of the mean is added. For
  /// a law that says something.
  ChanceLaw raised_to(const RaisedFloor& floor, double doubt) const;

  /// Whether every score is chance: there are too few samples to say anything.
  bool says_nothing() const { return kind_ == Kind::nothing; }
  double mean() const { return mean_; }
  double deviation() const { return deviation_; }
  /// The probability of at least this score. 1 if the law says nothing, NaN of NaN.
  double above(double value) const;

  /// What a score is without chance: (R² − floor) / (1 − floor), as of an adjusted R², in squares
  /// if the score is a mean of roots; beside what positions have in common.
  double effect_of(double value) const;
  /// The score that such an effect has here.
  double score_of(double effect) const;

 private:
  enum class Kind { nothing, root_beta, beta };

  /// The square of what is above `forced` is a Beta number.
  static ChanceLaw of_root(double mean, double deviation, double forced);
  static ChanceLaw of_beta(double mean, double variance);

  Kind kind_ = Kind::nothing;
  double mean_ = 1;
  double deviation_ = 0;
  double forced_ = 0;  ///< the part of the mean that does not vary
  RaisedFloor floor_;
  double a_ = 1;
  double b_ = 1;
};

/// How many samples would tell a similarity from chance, in four of five cases, if its effect_of()
/// is what it looks like now. `law` makes the law for another number of samples than n. Empty if
/// the similarity is not above its floor, if the law at n says nothing, or if a billion samples
/// would not do: what is doubtful about a floor that positions raise does not fall with them. Cost:
/// some ten laws.
std::optional<double> samples_to_tell(double similarity, double n,
                                      const std::function<ChanceLaw(double)>& law);

}  // namespace livecca
