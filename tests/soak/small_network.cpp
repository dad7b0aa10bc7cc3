#include "small_network.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <istream>
#include <numbers>
#include <ostream>

namespace livecca_soak {
namespace {

constexpr std::array<Eigen::Index, 3> hidden_widths{24, 16, 10};
constexpr float rate = 0.05F;
constexpr float friction = 0.9F;
constexpr float noise_share = 0.1F;

Matrix times(const Matrix& inputs, const Matrix& weights) {
  Matrix result = inputs * weights.topRows(weights.rows() - 1);
  result.rowwise() += weights.row(weights.rows() - 1);
  return result;
}

/// Turns scores into probabilities.
void softmax(Matrix& scores) {
  for (Eigen::Index i = 0; i < scores.rows(); ++i) {
    const float most = scores.row(i).maxCoeff();
    scores.row(i) = (scores.row(i).array() - most).exp().matrix();
    scores.row(i) /= scores.row(i).sum();
  }
}

}  // namespace

float uniform(Random& random) { return static_cast<float>(random() >> 40U) * 0x1p-24F; }

float normal(Random& random) {
  const float radius = std::sqrt(-2 * std::log(1 - uniform(random)));
  return radius * std::cos(2 * std::numbers::pi_v<float> * uniform(random));
}

SmallNetwork::SmallNetwork(Eigen::Index inputs, Eigen::Index classes, Random& random) {
  std::vector<Eigen::Index> widths{inputs};
  widths.insert(widths.end(), hidden_widths.begin(), hidden_widths.end());
  widths.push_back(classes);
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    Layer layer;
    const float scale = std::sqrt(2 / static_cast<float>(widths[i]));
    layer.weights.resize(widths[i] + 1, widths[i + 1]);
    for (float& weight : layer.weights.reshaped()) weight = scale * normal(random);
    layer.weights.bottomRows(1).setZero();
    layer.momentum = Matrix::Zero(layer.weights.rows(), layer.weights.cols());
    layers_.push_back(std::move(layer));
  }
  hidden_.resize(hidden_widths.size());
}

Matrix SmallNetwork::forward(const Matrix& inputs, Random* noise) {
  const Matrix* below = &inputs;
  for (std::size_t i = 0; i < hidden_.size(); ++i) {
    Matrix& hidden = hidden_[i];
    hidden = times(*below, layers_[i].weights).array().tanh();
    if (noise != nullptr) {
      for (float& value : hidden.reshaped()) value *= 1 + noise_share * normal(*noise);
    }
    below = &hidden;
  }
  return times(*below, layers_.back().weights);
}

void SmallNetwork::run(const Matrix& inputs) { forward(inputs, nullptr); }

double SmallNetwork::learn(const Matrix& inputs, const std::vector<int>& classes, Random& noise) {
  Matrix error = forward(inputs, &noise);
  softmax(error);
  double loss = 0;
  const auto images = static_cast<float>(inputs.rows());
  for (Eigen::Index i = 0; i < inputs.rows(); ++i) {
    float& right = error(i, classes[static_cast<std::size_t>(i)]);
    loss -= std::log(std::max(1e-12F, right)) / images;
    right -= 1;
  }
  error /= images;
  for (std::size_t i = layers_.size(); i-- > 0;) {
    Layer& layer = layers_[i];
    const Matrix& below = i > 0 ? hidden_[i - 1] : inputs;
    Matrix gradient(layer.weights.rows(), layer.weights.cols());
    gradient.topRows(below.cols()) = below.transpose() * error;
    gradient.bottomRows(1) = error.colwise().sum();
    if (i > 0) {
      const Matrix through = error * layer.weights.topRows(below.cols()).transpose();
      error = (through.array() * (1 - below.array().square())).matrix();
    }
    layer.momentum = friction * layer.momentum - rate * gradient;
    layer.weights += layer.momentum;
  }
  return loss;
}

void SmallNetwork::write(std::ostream& out) const {
  for (const Layer& layer : layers_) {
    for (const Matrix* matrix : {&layer.weights, &layer.momentum}) {
      out.write(reinterpret_cast<const char*>(matrix->data()),
                static_cast<std::streamsize>(matrix->size() * sizeof(float)));
    }
  }
}

bool SmallNetwork::read(std::istream& in) {
  for (Layer& layer : layers_) {
    for (Matrix* matrix : {&layer.weights, &layer.momentum}) {
      in.read(reinterpret_cast<char*>(matrix->data()),
              static_cast<std::streamsize>(matrix->size() * sizeof(float)));
    }
  }
  return in.good();
}

}  // namespace livecca_soak
