#pragma once

namespace livecca {

/// What a solve computes, beside the facts that cost nothing. MeasureInfo::needs says what each
/// measure needs. Costs are in flops; d is the number of features of a side.
struct Quantities {
  /// For every tap its rank and whitening: a Cholesky factor with its inverse (d³) or an
  /// eigendecomposition (5·d³), see Whitening. For every pair ‖T‖_F, with T the whitened
  /// cross-covariance: 2·d³ to 4·d³.
  bool whitening = false;
  /// What a linear map of each side explains of the other: another d³ to 2·d³. Includes whitening.
  bool regression = false;
  /// The canonical correlations, which are the singular values of T: another 3·d³. Includes
  /// whitening.
  bool correlations = false;
  /// PWCCA's weights by the first side, which need one side's singular vectors of T: 8·d³ instead
  /// of 3·d³. Includes correlations.
  bool weights_x = false;
  /// Its weights by the second side: as much, and both together 12·d³.
  bool weights_y = false;
  /// A tap's leading principal directions (an eigendecomposition of the covariance, 5·d³), and the
  /// canonical correlations between the directions of two taps.
  bool svcca = false;
  /// ‖Sxy‖_*: singular values of the cross-covariance. No whitening. For every tap the eigenvalues
  /// of its covariance, which tell what unrelated data have: 4/3·d³, or nothing if svcca or
  /// partial_whitening finds them.
  bool nuclear_norm = false;
  /// ‖·‖_* of the partly whitened cross-covariance: as nuclear_norm, and the eigendecomposition of
  /// svcca.
  bool partial_whitening = false;
  /// A tap's condition number. A tap whitened by Cholesky needs its eigenvalues for it: 4/3·d³.
  /// Includes whitening.
  bool condition = false;

  static constexpr Quantities all() {
    return {.whitening = true,
            .regression = true,
            .correlations = true,
            .weights_x = true,
            .weights_y = true,
            .svcca = true,
            .nuclear_norm = true,
            .partial_whitening = true,
            .condition = true};
  }
  constexpr bool needs_weights() const { return weights_x || weights_y; }
  constexpr bool needs_correlations() const { return correlations || needs_weights(); }
  constexpr bool needs_whitening() const {
    return whitening || regression || needs_correlations() || condition;
  }
  constexpr bool needs_principal_directions() const { return svcca || partial_whitening; }

  /// Whether anything is asked beyond norms.
  constexpr bool needs_matrices() const {
    return needs_whitening() || needs_principal_directions() || nuclear_norm;
  }

  friend constexpr Quantities operator|(const Quantities& a, const Quantities& b) {
    return {.whitening = a.whitening || b.whitening,
            .regression = a.regression || b.regression,
            .correlations = a.correlations || b.correlations,
            .weights_x = a.weights_x || b.weights_x,
            .weights_y = a.weights_y || b.weights_y,
            .svcca = a.svcca || b.svcca,
            .nuclear_norm = a.nuclear_norm || b.nuclear_norm,
            .partial_whitening = a.partial_whitening || b.partial_whitening,
            .condition = a.condition || b.condition};
  }
  friend bool operator==(const Quantities&, const Quantities&) = default;
};

}  // namespace livecca
