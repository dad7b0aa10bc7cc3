#pragma once

#include <cstdint>

namespace livecca {

/// How many rows moments hold and what they weigh. With equal weights every sum is a whole number
/// and exact up to 2^53.
struct SampleWeights {
  std::uint64_t samples = 0;  ///< rows, whatever they weigh
  double sum = 0;             ///< Σ w over rows
  double squares = 0;         ///< Σ w² over rows
  double image_sum = 0;       ///< Σ w over the images that gave at least one row
  double image_squares = 0;   ///< Σ w² over them

  /// Of rows that all weigh 1, from so many images.
  static SampleWeights equal(std::uint64_t rows, std::uint64_t images) {
    const auto row_sum = static_cast<double>(rows);
    const auto image_sum = static_cast<double>(images);
    return {rows, row_sum, row_sum, image_sum, image_sum};
  }

  /// (Σw)² / Σw² over images: what the noise floor counts. 0 if there are none.
  double effective_images() const { return effective(image_sum, image_squares); }
  /// (Σw)² / Σw² over rows.
  double effective_rows() const { return effective(sum, squares); }
  /// What a weighted scatter is divided by to be an unbiased covariance: Σw − Σw² / Σw, which is
  /// n − 1 where all weights are 1.
  double covariance_divisor() const { return sum > 0 ? sum - squares / sum : 0; }

  /// Every row now weighs `factor` times as much.
  void decay(double factor) {
    sum *= factor;
    squares *= factor * factor;
    image_sum *= factor;
    image_squares *= factor * factor;
  }
  void add(const SampleWeights& other) {
    samples += other.samples;
    sum += other.sum;
    squares += other.squares;
    image_sum += other.image_sum;
    image_squares += other.image_squares;
  }
  friend bool operator==(const SampleWeights&, const SampleWeights&) = default;

 private:
  // In this order n equal weights give n exactly.
  static double effective(double sum, double squares) {
    return squares > 0 ? sum / (squares / sum) : 0;
  }
};

}  // namespace livecca
