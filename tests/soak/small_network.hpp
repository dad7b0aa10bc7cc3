#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <iosfwd>
#include <random>
#include <vector>

namespace livecca_soak {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Random = std::mt19937_64;

/// The next number in [0, 1), and one of a normal distribution: of the engine's state alone, so
/// that a saved engine goes on with the same numbers.
float uniform(Random& random);
float normal(Random& random);

/// A perceptron of three hidden layers that learns classes by gradient descent with momentum.
class SmallNetwork {
 public:
  SmallNetwork(Eigen::Index inputs, Eigen::Index classes, Random& random);

  /// Without noise. The hidden activations are then in hidden().
  void run(const Matrix& inputs);
  /// One step on a batch, with noise on the hidden activations; returns the loss. hidden() are
  /// those of this step.
  double learn(const Matrix& inputs, const std::vector<int>& classes, Random& noise);

  /// After the activation function, images × neurons.
  const std::vector<Matrix>& hidden() const { return hidden_; }

  /// Weights and momentum, as bytes.
  void write(std::ostream& out) const;
  /// Of a network of the same shape. False if there are too few bytes.
  bool read(std::istream& in);

 private:
  struct Layer {
    Matrix weights;  ///< inputs × neurons; the last row is the bias
    Matrix momentum;
  };

  Matrix forward(const Matrix& inputs, Random* noise);

  std::vector<Layer> layers_;
  std::vector<Matrix> hidden_;
};

}  // namespace livecca_soak
