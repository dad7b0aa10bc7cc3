#pragma once

namespace livecca {

/// Γ(x + ½) / Γ(x), to rounding, for x > 0.
double gamma_ratio(double x);

/// The regularised incomplete Beta function I_x(a, b): the probability that a Beta(a, b) number is
/// at most x. a, b > 0. Relative error about 1e-12, 1e-9 for a or b of a million. Cost:
/// O(√max(a, b)).
double incomplete_beta(double a, double b, double x);

/// The law of a number in [0, 1] whose square is Beta(a, b).
class RootBetaLaw {
 public:
  RootBetaLaw(double a, double b) : a_(a), b_(b) {}

  /// The law with this mean in (0, 1) and standard deviation > 0.
  static RootBetaLaw of(double mean, double deviation);

  /// The probability of less than the value.
  double below(double value) const;
  /// The probability of at least the value; small ones keep their digits.
  double above(double value) const;
  /// The value that is exceeded with a probability of 1 − p.
  double quantile(double p) const;

  double a() const { return a_; }
  double b() const { return b_; }

 private:
  double a_;
  double b_;
};

}  // namespace livecca
