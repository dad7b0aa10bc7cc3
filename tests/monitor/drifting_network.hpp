#pragma once

#include <Eigen/Core>
#include <array>
#include <string>
#include <vector>

#include "livecca/activations/eigen.hpp"
#include "livecca/monitor/monitor.hpp"
#include "support/random_data.hpp"

namespace livecca_tests {

/// A stand-in for a network that trains: its layer moves from noise to the reference's, a share of
/// the way at each epoch, so that the distances are known to fall.
class DriftingNetwork {
 public:
  static constexpr Eigen::Index images = 400;
  static constexpr Eigen::Index features = 6;

  explicit DriftingNetwork(std::uint64_t seed)
      : start_(normal_matrix(images, features, seed)),
        reference_(normal_matrix(images, features, seed + 1)) {}

  Eigen::MatrixXd layer(double share) const {
    return (1 - share) * start_ + share * reference_ * mix_;
  }
  const Eigen::MatrixXd& reference() const { return reference_; }

  /// Feeds the probe in batches and snapshots.
  livecca::SnapshotTicket epoch(livecca::Monitor& monitor, livecca::TapHandle net,
                                livecca::TapHandle ref, std::int64_t number, double share,
                                Eigen::Index batch = 128) const {
    const Eigen::MatrixXd activations = layer(share);
    for (Eigen::Index first = 0; first < images; first += batch) {
      const Eigen::Index rows = std::min(batch, images - first);
      auto step = monitor.begin(livecca::Stream::probe, number);
      step.observe(net, livecca::view_of(activations.middleRows(first, rows)));
      step.observe(ref, livecca::view_of(reference_.middleRows(first, rows)));
      step.commit();
    }
    return monitor.snapshot(number);
  }

 private:
  Eigen::MatrixXd start_;
  Eigen::MatrixXd reference_;
  Eigen::MatrixXd mix_ = normal_matrix(features, features, 99);
};

}  // namespace livecca_tests
