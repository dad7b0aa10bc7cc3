#pragma once

#include <doctest/doctest.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <vector>

#include "livecca/monitor/monitor.hpp"
#include "support/decompositions.hpp"
#include "support/random_data.hpp"
#include "support/temporary_folder.hpp"

namespace livecca_tests {

using RowMajorMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Activations of sequences that drift with the epoch, and their padding.
struct Sequences {
  static constexpr std::uint64_t seed = 1234;
  static constexpr Eigen::Index count = 200;
  static constexpr Eigen::Index steps = 6;
  static constexpr Eigen::Index features = 3;

  using Lengths = std::vector<std::int64_t>;

  /// Lengths of 0 to `longest`, over and over.
  static Lengths lengths(int shift, std::int64_t longest = steps) {
    Lengths lengths;
    for (int n = 0; n < count; ++n) lengths.push_back((n + shift) % (longest + 1));
    return lengths;
  }
  static Lengths whole(std::int64_t length = steps) { return Lengths(count, length); }

  /// Sequences × (steps · features), NaN beyond the lengths.
  static RowMajorMatrix activations(int epoch, const Lengths& lengths) {
    const Eigen::MatrixXd first = normal_matrix(count, steps * features, seed);
    const Eigen::MatrixXd noise =
        normal_matrix(count, steps * features, seed + static_cast<std::uint64_t>(epoch));
    RowMajorMatrix values = epoch == 0 ? first : Eigen::MatrixXd(first + 0.7 * epoch * noise);
    for (Eigen::Index n = 0; n < count; ++n) {
      const std::int64_t length = lengths[static_cast<std::size_t>(n)];
      values.row(n).tail((steps - length) * features).setConstant(std::nan(""));
    }
    return values;
  }

  /// Gives each batch of 80 sequences of an epoch, and its mask, to `observe`.
  template <typename Observe>
  static void batches(int epoch, const Lengths& lengths, const Observe& observe) {
    const RowMajorMatrix values = activations(epoch, lengths);
    for (Eigen::Index first = 0; first < count; first += 80) {
      const Eigen::Index some = std::min<Eigen::Index>(80, count - first);
      const std::vector<std::int64_t> shape{some, steps, features};
      const livecca::ActivationView view(values.data() + first * steps * features,
                                         livecca::DType::float64, shape);
      observe(view, livecca::SequenceMask::of_lengths(std::span(lengths).subspan(
                        static_cast<std::size_t>(first), static_cast<std::size_t>(some))));
    }
  }

  /// The rows of the steps that `has` names.
  static Eigen::MatrixXd rows(int epoch,
                              const std::function<bool(Eigen::Index, Eigen::Index)>& has) {
    const RowMajorMatrix values = activations(epoch, whole());
    Eigen::MatrixXd result(count * steps, features);
    Eigen::Index row = 0;
    for (Eigen::Index n = 0; n < count; ++n) {
      for (Eigen::Index step = 0; step < steps; ++step) {
        if (has(n, step)) result.row(row++) = values.row(n).segment(step * features, features);
      }
    }
    return result.topRows(row);
  }
};

/// 1 - the mean canonical correlation, by QR of the activations.
inline double mean_cca_distance(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
  const Eigen::MatrixXd basis_x = orthonormal_basis(centered(x));
  const Eigen::MatrixXd basis_y = orthonormal_basis(centered(y));
  return 1 - svd(Eigen::MatrixXd(basis_x.transpose() * basis_y)).values.mean();
}

/// Of a run that keeps every row of every sequence exactly.
inline livecca::MonitorOptions sequence_options(
    const std::filesystem::path& folder,
    const std::function<void(livecca::MonitorOptions&)>& change = {}) {
  livecca::MonitorOptions options;
  options.run_directory = folder / "run";
  options.positions = livecca::Positions::all();
  options.history_precision = livecca::PackPrecision::exact;
  if (change) change(options);
  return options;
}

}  // namespace livecca_tests
