#include "packs/half_scaling.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>

#include "moments/variance_floor.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double largest_loss = 1e-4;
// Whitening takes a direction for the data's from 16 times the variance of the rounding in it.
constexpr double room_above_noise = 32;
// Values are scaled to below 2^15: half precision ends at 65,504.
constexpr int bits_of_reach = 15;
constexpr double largest_half = 65504;
constexpr double half_roundoff = 0x1p-11;
constexpr double half_smallest_step = 0x1p-25;  // half of the distance of the smallest numbers

double squared(double x) { return x * x; }

/// The nearest number of the decoded type.
double as_decoded(double value, DType decoded) {
  return decoded == DType::float64 ? value : static_cast<double>(static_cast<float>(value));
}

/// The power of two that brings `reach` below 2^15, as far as the decoded type has it.
double scale_of(double reach, DType decoded) {
  if (reach == 0) return 1;
  int exponent = 0;
  std::frexp(reach, &exponent);
  const int smallest = decoded == DType::float64 ? -1022 : -126;
  return std::ldexp(1.0, std::max(exponent - bits_of_reach, smallest));
}

/// Whether rounding up still gives a number whose square is one.
bool has_room(double value, DType decoded) {
  const double largest = decoded == DType::float64
                             ? PackedRows::largest_magnitude
                             : static_cast<double>(std::numeric_limits<float>::max());
  return std::abs(value) <= largest / 2;
}

/// The features that vary, their deviations and their noise relative to those.
struct Varying {
  std::vector<Index> features;
  std::vector<double> deviation;
  std::vector<double> noise;
};

/// Looks at one feature, whose scale and shift it chooses.
class FeatureScaling {
 public:
  FeatureScaling(const Moments& moments, DType decoded)
      : moments_(moments), decoded_(decoded), divisor_(moments.weights().covariance_divisor()) {}

  void take(std::size_t feature, double lowest, double highest, HalfScaling& scaling,
            Varying& varying) const {
    const double mean = moments_.mean().value(feature);
    const double shift = as_decoded(std::clamp(mean, lowest, highest), decoded_);
    const double reach = std::max(highest - shift, shift - lowest);
    const double scale = scale_of(reach, decoded_);
    scaling.shift.push_back(shift);
    scaling.scale.push_back(scale);
    const double variance = moments_.scatter()[feature * (moments_.features() + 1)] / divisor_;
    const double square = variance + squared(mean);
    const double rounded = squared(moments_.roundoff()) / 3 * square;
    if (reach == 0 || !neuron_varies(variance, rounded)) return;
    const double in_half = squared(half_roundoff) * (variance + squared(mean - shift)) +
                           squared(half_smallest_step * scale);
    const double in_decoding = squared(roundoff_of(decoded_)) * square;
    varying.features.push_back(static_cast<Index>(feature));
    varying.deviation.push_back(std::sqrt(variance));
    varying.noise.push_back((in_half + in_decoding) / 3 / variance);
    const double relative = std::sqrt((in_half + in_decoding) / square);
    scaling.roundoff = scaling.roundoff == 0 ? relative : std::min(scaling.roundoff, relative);
  }

 private:
  const Moments& moments_;
  DType decoded_;
  double divisor_;
};

MatrixXd correlation_of(const Moments& moments, const Varying& varying) {
  const auto all = static_cast<Index>(moments.features());
  const Eigen::Map<const MatrixXd> scatter(moments.scatter().data(), all, all);
  const double divisor = moments.weights().covariance_divisor();
  const auto d = static_cast<Index>(varying.features.size());
  MatrixXd correlation = MatrixXd::Identity(d, d);
  for (Index j = 0; j < d; ++j) {
    for (Index i = j + 1; i < d; ++i) {
      const auto row = static_cast<std::size_t>(i);
      const auto column = static_cast<std::size_t>(j);
      correlation(i, j) = scatter(varying.features[row], varying.features[column]) / divisor /
                          varying.deviation[row] / varying.deviation[column];
      correlation(j, i) = correlation(i, j);
    }
  }
  return correlation;
}

/// The estimate of the loss, or nothing if R is not of full rank with room above the noise.
std::optional<double> estimate_loss(const Moments& moments, const Varying& varying) {
  const auto d = static_cast<Index>(varying.features.size());
  if (d == 0) return 0.0;
  if (moments.samples() <= varying.features.size()) return std::nullopt;
  const MatrixXd correlation = correlation_of(moments, varying);
  const Eigen::LLT<MatrixXd, Eigen::Lower> factor(correlation);
  if (factor.info() != Eigen::Success) return std::nullopt;
  const Eigen::Map<const VectorXd> noise(varying.noise.data(), d);
  // The factor's estimate of ‖R‖₁ ‖R⁻¹‖₁, either of which is at least the largest eigenvalue.
  const double norm = correlation.cwiseAbs().colwise().sum().maxCoeff();
  const double reciprocal = factor.rcond() * norm;  // 1 / ‖R⁻¹‖₁
  if (!(noise.maxCoeff() * room_above_noise <= reciprocal)) return std::nullopt;
  // Column j of L⁻¹ has the squared norm (R⁻¹)_jj.
  const MatrixXd inverse = factor.matrixL().solve(MatrixXd::Identity(d, d));
  const double loss =
      inverse.colwise().squaredNorm().dot(noise.transpose()) / 2 / static_cast<double>(d);
  if (!(loss <= largest_loss)) return std::nullopt;
  return loss;
}

}  // namespace

std::optional<HalfScaling> half_scaling(const Moments& moments, const ValueRange& range,
                                        DType decoded) {
  const std::size_t features = moments.features();
  if (range.lowest.size() != features || range.highest.size() != features ||
      !(moments.weights().covariance_divisor() > 0)) {
    return std::nullopt;
  }
  HalfScaling result;
  Varying varying;
  const FeatureScaling scaling(moments, decoded);
  for (std::size_t j = 0; j < features; ++j) {
    const double lowest = range.lowest[j];
    const double highest = range.highest[j];
    if (!(lowest <= highest) || !has_room(lowest, decoded) || !has_room(highest, decoded)) {
      return std::nullopt;
    }
    scaling.take(j, lowest, highest, result, varying);
  }
  const auto loss = estimate_loss(moments, varying);
  if (!loss) return std::nullopt;
  result.loss = *loss;
  return result;
}

void to_halves(std::span<const double> values, const HalfScaling* scaling,
               std::vector<std::uint16_t>& into) {
  into.resize(values.size());
  const auto half_of = [](double value) {
    return Eigen::numext::bit_cast<std::uint16_t>(
        static_cast<Eigen::half>(static_cast<float>(value)));
  };
  if (scaling == nullptr) {
    std::ranges::transform(values, into.begin(), half_of);
    return;
  }
  const std::size_t features = scaling->scale.size();
  for (std::size_t first = 0; first < values.size(); first += features) {
    for (std::size_t j = 0; j < features; ++j) {
      // Only a row that is not valid, whatever it holds, can lie beyond the scale.
      const double scaled = (values[first + j] - scaling->shift[j]) / scaling->scale[j];
      into[first + j] = half_of(std::clamp(scaled, -largest_half, largest_half));
    }
  }
}

}  // namespace livecca
