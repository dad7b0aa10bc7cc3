#include <doctest/doctest.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <array>

#include "synthetic_images.hpp"

using live_training::class_count;
using live_training::image_bytes;
using live_training::ImageSet;

namespace {

Eigen::MatrixXf pixels_of(const ImageSet& set) {
  using Bytes = Eigen::Matrix<std::uint8_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const Bytes> bytes(set.pixels.data(), static_cast<Eigen::Index>(set.size()),
                                      image_bytes);
  return (bytes.cast<float>().array() - 127.5F) / 64.0F;
}

/// The test accuracy of ridge regression from raw pixels to one target per class, solved in the
/// space of images, which are fewer than pixels.
double linear_accuracy(const ImageSet& train, const ImageSet& test, float ridge) {
  const Eigen::MatrixXf inputs = pixels_of(train);
  Eigen::MatrixXf targets =
      Eigen::MatrixXf::Constant(inputs.rows(), class_count, -1.0F / class_count);
  for (std::size_t i = 0; i < train.size(); ++i) {
    targets(static_cast<Eigen::Index>(i), train.labels[i]) += 1.0F;
  }
  Eigen::MatrixXf gram = inputs * inputs.transpose();
  gram.diagonal().array() += ridge;
  const Eigen::MatrixXf weights = inputs.transpose() * gram.llt().solve(targets);
  const Eigen::MatrixXf scores = pixels_of(test) * weights;
  std::size_t right = 0;
  for (Eigen::Index i = 0; i < scores.rows(); ++i) {
    Eigen::Index guess = 0;
    scores.row(i).maxCoeff(&guess);
    right += guess == test.labels[static_cast<std::size_t>(i)] ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(test.size());
}

}  // namespace

TEST_CASE("the same seed makes the same images and another seed makes others") {
  const ImageSet first = live_training::make_synthetic_images(40, 5);
  const ImageSet again = live_training::make_synthetic_images(40, 5);
  const ImageSet other = live_training::make_synthetic_images(40, 6);
  CHECK(first.pixels == again.pixels);
  CHECK(first.labels == again.labels);
  CHECK(first.pixels != other.pixels);
}

TEST_CASE("the classes are balanced and not in a fixed order") {
  const ImageSet set = live_training::make_synthetic_images(200, 5);
  std::array<int, class_count> counts{};
  for (const std::uint8_t label : set.labels) ++counts.at(label);
  CHECK(std::all_of(counts.begin(), counts.end(), [](int count) { return count == 20; }));
  CHECK(!std::is_sorted(set.labels.begin(), set.labels.begin() + 10));
}

TEST_CASE("a linear classifier on raw pixels stays near chance") {
  const live_training::Dataset data = live_training::make_synthetic_dataset(2500, 1000, 2018);
  for (const float ridge : {1.0F, 1000.0F, 100000.0F}) {
    const double accuracy = linear_accuracy(data.train, data.test, ridge);
    CAPTURE(ridge);
    MESSAGE("ridge ", ridge, ": accuracy ", accuracy);
    CHECK(accuracy < 0.20);
  }
}
