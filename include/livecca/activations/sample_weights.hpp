#pragma once

#include <cstdint>

namespace livecca {

/// The number of rows in moments, and their weights. With equal weights every sum is a whole number
/// and exact up to 2^53.
struct SampleWeights {
  std::uint64_t samples = 0;  ///< rows, regardless of weight
  double sum = 0;             ///< Σ w over rows
  double squares = 0;         ///< Σ w² over rows
  double image_sum = 0;       ///< Σ w over the images that gave at least one row
  double image_squares = 0;   ///< Σ w² over them

  /// The weights of rows that all weigh 1, from so many images.
  static SampleWeights equal(std::uint64_t rows, std::uint64_t images) {
    const auto row_sum = static_cast<double>(rows);
    const auto image_sum = static_cast<double>(images);
    return {rows, row_sum, row_sum, image_sum, image_sum};
  }

  /// (Σw)² / Σw² over images; 0 without images. The noise floor uses this number.
  double effective_images() const { return effective(image_sum, image_squares); }
  /// (Σw)² / Σw² over rows.
  double effective_rows() const { return effective(sum, squares); }
  /// A weighted scatter divided by this number is an unbiased covariance: Σw − Σw² / Σw. It is n −
  /// 1 if all weights are 1.
  double covariance_divisor() const { return sum > 0 ? sum - squares / sum : 0; }

  /// Multiplies the weight of every row by `factor`.
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
