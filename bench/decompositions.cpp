// Eigen against LAPACK on the two decompositions of a snapshot, one matrix at a time: the
// measurement behind docs/decisions/0003. Read the ratio of two lines of one run, not the times.

#include <benchmark/benchmark.h>
#include <lapacke.h>

#include <Eigen/Eigenvalues>
#include <Eigen/SVD>

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

MatrixXd correlated(Index d) {
  std::srand(7);
  return MatrixXd::Random(2 * d, d);
}

MatrixXd covariance(Index d) {
  const MatrixXd x = correlated(d);
  return x.transpose() * x;
}

MatrixXd cross(Index d) {
  const MatrixXd x = correlated(d);
  return x.topRows(d).transpose() * x.bottomRows(d) / static_cast<double>(d);
}

void eigen_symmetric(benchmark::State& state) {
  const MatrixXd matrix = covariance(state.range(0));
  for (auto _ : state) {
    const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(matrix);
    benchmark::DoNotOptimize(solver.eigenvectors().data());
  }
}

void lapack_symmetric(benchmark::State& state) {
  const MatrixXd matrix = covariance(state.range(0));
  const auto d = static_cast<lapack_int>(state.range(0));
  for (auto _ : state) {
    MatrixXd vectors = matrix;
    VectorXd values(d);
    LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'L', d, vectors.data(), d, values.data());
    benchmark::DoNotOptimize(vectors.data());
  }
}

void eigen_svd(benchmark::State& state) {
  const MatrixXd matrix = cross(state.range(0));
  for (auto _ : state) {
    const Eigen::BDCSVD<MatrixXd> svd(matrix, Eigen::ComputeThinU | Eigen::ComputeThinV);
    benchmark::DoNotOptimize(svd.singularValues().data());
  }
}

void lapack_svd(benchmark::State& state) {
  const MatrixXd matrix = cross(state.range(0));
  const auto d = static_cast<lapack_int>(state.range(0));
  for (auto _ : state) {
    MatrixXd work = matrix;
    MatrixXd u(d, d);
    MatrixXd vt(d, d);
    VectorXd values(d);
    LAPACKE_dgesdd(LAPACK_COL_MAJOR, 'S', d, d, work.data(), d, values.data(), u.data(), d,
                   vt.data(), d);
    benchmark::DoNotOptimize(values.data());
  }
}

}  // namespace

BENCHMARK(eigen_symmetric)->RangeMultiplier(2)->Range(64, 1024)->Unit(benchmark::kMillisecond);
BENCHMARK(lapack_symmetric)->RangeMultiplier(2)->Range(64, 1024)->Unit(benchmark::kMillisecond);
BENCHMARK(eigen_svd)->RangeMultiplier(2)->Range(64, 1024)->Unit(benchmark::kMillisecond);
BENCHMARK(lapack_svd)->RangeMultiplier(2)->Range(64, 1024)->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
