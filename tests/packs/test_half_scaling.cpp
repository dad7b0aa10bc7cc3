#include <doctest/doctest.h>

#include <Eigen/Core>

#include "support/decompositions.hpp"
#include "support/pack_fixture.hpp"
#include "support/random_data.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::centered;
using livecca_tests::normal_matrix;
using livecca_tests::orthonormal_basis;
using livecca_tests::PackFixture;
using livecca_tests::rows_of;
using livecca_tests::svd;
using livecca_tests::TemporaryFolder;

namespace {

constexpr std::uint64_t half_scaling_seed = 777;

/// By QR of the activations, without covariances.
double mean_cca(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
  return svd(orthonormal_basis(centered(x)).transpose() * orthonormal_basis(centered(y)))
      .values.mean();
}

/// Features whose correlation has eigenvalues down to about `smallest`.
Eigen::MatrixXf ill_conditioned(Eigen::Index rows, Eigen::Index features, double smallest,
                                double offset) {
  Eigen::MatrixXd latents = normal_matrix(rows, features, half_scaling_seed);
  for (Eigen::Index j = 0; j < features; ++j) {
    latents.col(j) *=
        std::pow(smallest, 0.5 * static_cast<double>(j) / static_cast<double>(features - 1));
  }
  const Eigen::MatrixXd mixed =
      latents *
      orthonormal_basis(centered(normal_matrix(features + 1, features, half_scaling_seed + 1)))
          .bottomRows(features);
  return (mixed.array() + offset).cast<float>();
}

}  // namespace

TEST_CASE("the estimated loss of half precision is what the correlations lose") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "pack.safetensors";
  for (const double offset : {0.0, 3.0}) {
    for (const double smallest : {1.0, 1e-2, 1e-4, 1e-6, 1e-8}) {
      CAPTURE(offset);
      CAPTURE(smallest);
      const Eigen::MatrixXf values = ill_conditioned(2000, 24, smallest, offset);
      PackFixture fixture(path);
      fixture.append_matrix("layer", values);
      const auto pack = fixture.finish(path);
      const RecordedLayer& layer = pack->layers()[0];
      const double lost = 1 - mean_cca(values.cast<double>(), rows_of(*pack, "layer"));
      if (smallest >= 1e-2) CHECK(layer.stored == DType::float16);
      if (smallest <= 1e-8) CHECK(layer.stored == DType::float32);
      if (layer.stored != DType::float16) {
        CHECK(lost < 1e-12);
        continue;
      }
      CHECK(lost < 1e-4);
      // The estimate takes the rounding at its most; on average it is 0.54 of that.
      CHECK(lost < 0.8 * layer.estimated_loss);
      CHECK(lost > 0.4 * layer.estimated_loss);
    }
  }
}

TEST_CASE("a pair of networks has the same correlations from half precision as from float32") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "pack.safetensors";
  const auto views = livecca_tests::shared_latents(1500, 20, 12, half_scaling_seed);
  Eigen::MatrixXf x = views.x.cast<float>();
  x = x.cwiseMax(0);  // as after a ReLU
  x.col(5).setZero();
  PackFixture fixture(path);
  fixture.append_matrix("x", x);
  fixture.append_matrix("y", Eigen::MatrixXf(views.y.cast<float>()));
  const auto pack = fixture.finish(path);
  REQUIRE(pack->find("x")->stored == DType::float16);
  REQUIRE(pack->find("y")->stored == DType::float16);
  const Eigen::MatrixXd decoded = rows_of(*pack, "x");
  CHECK(decoded.col(5).isZero(0));
  const auto alive = [](const Eigen::MatrixXd& all) {
    Eigen::MatrixXd some(all.rows(), all.cols() - 1);
    some << all.leftCols(5), all.rightCols(all.cols() - 6);
    return some;
  };
  const double exact = mean_cca(alive(x.cast<double>()), views.y);
  CHECK(std::abs(mean_cca(alive(decoded), rows_of(*pack, "y")) - exact) < 1e-5);
}
