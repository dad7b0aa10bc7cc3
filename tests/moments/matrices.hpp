#pragma once

#include <doctest/doctest.h>

#include <Eigen/Core>

#include "livecca/moments/panel_moments.hpp"

namespace livecca_tests {

/// A tap's scatter, both triangles.
inline Eigen::MatrixXd scatter_of(const livecca::Moments& moments) {
  const auto d = static_cast<Eigen::Index>(moments.features());
  const Eigen::Map<const Eigen::MatrixXd> all(moments.scatter().data(), d, d);
  return all.selfadjointView<Eigen::Lower>();
}

inline Eigen::MatrixXd product_of(const livecca::CrossMoments& moments) {
  return Eigen::Map<const Eigen::MatrixXd>(moments.product().data(),
                                           static_cast<Eigen::Index>(moments.features_x()),
                                           static_cast<Eigen::Index>(moments.features_y()));
}

/// What a pair of centred matrices comes to, by the definition.
inline Eigen::MatrixXd product(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
  return (x.rowwise() - x.colwise().mean()).transpose() * (y.rowwise() - y.colwise().mean());
}

inline void check_equal(const Eigen::MatrixXd& a, const Eigen::MatrixXd& expected) {
  REQUIRE(a.rows() == expected.rows());
  REQUIRE(a.cols() == expected.cols());
  CHECK((a - expected).norm() < 1e-12 * expected.norm());
}

/// Whether all numbers of two windows are the same bits.
inline bool same_bits(const livecca::PanelMoments& a, const livecca::PanelMoments& b) {
  if (a.taps.size() != b.taps.size() || a.pairs.size() != b.pairs.size()) return false;
  for (std::size_t i = 0; i < a.taps.size(); ++i) {
    const auto& x = a.taps[i].moments;
    const auto& y = b.taps[i].moments;
    if (x.has_value() != y.has_value()) return false;
    if (!x) continue;
    if (scatter_of(*x) != scatter_of(*y) || x->weights() != y->weights() ||
        x->mean().origin != y->mean().origin || x->mean().offset != y->mean().offset) {
      return false;
    }
    if (x->norm_sums().has_value() != y->norm_sums().has_value()) return false;
    if (x->norm_sums() &&
        (x->norm_sums()->p != y->norm_sums()->p || x->norm_sums()->pp != y->norm_sums()->pp ||
         x->norm_sums()->px != y->norm_sums()->px)) {
      return false;
    }
  }
  for (std::size_t i = 0; i < a.pairs.size(); ++i) {
    const auto& x = a.pairs[i].moments;
    const auto& y = b.pairs[i].moments;
    if (x.has_value() != y.has_value()) return false;
    if (!x) continue;
    if (product_of(*x) != product_of(*y) || x->weights() != y->weights() ||
        x->squared_difference() != y->squared_difference()) {
      return false;
    }
    if (x->norm_sums().has_value() != y->norm_sums().has_value()) return false;
    if (x->norm_sums() &&
        (x->norm_sums()->pq != y->norm_sums()->pq || x->norm_sums()->qx != y->norm_sums()->qx ||
         x->norm_sums()->py != y->norm_sums()->py)) {
      return false;
    }
  }
  return true;
}

}  // namespace livecca_tests
