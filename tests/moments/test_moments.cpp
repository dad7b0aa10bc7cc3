#include "livecca/moments/moments.hpp"

#include <doctest/doctest.h>

#include <Eigen/Core>
#include <cmath>
#include <cstring>
#include <random>

#include "livecca/activations/eigen.hpp"
#include "livecca/common/error.hpp"
#include "livecca/moments/cross_moments.hpp"
#include "support/random_data.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;

namespace {

constexpr std::uint64_t moments_seed = 20240;

PackedRows centered(const Eigen::MatrixXd& matrix) {
  PackedRows rows;
  REQUIRE(rows.pack(view_of(matrix), Layout::nc, Positions::all(), 0));
  rows.center(std::vector<std::uint8_t>(rows.rows(), 1));
  return rows;
}

Eigen::MatrixXd lower(const Moments& moments) {
  const auto d = static_cast<Eigen::Index>(moments.features());
  const Eigen::Map<const Eigen::MatrixXd> all(moments.scatter().data(), d, d);
  return all.selfadjointView<Eigen::Lower>();
}

/// The scatter in 80-bit arithmetic by the definition: an independent computation.
Eigen::MatrixXd scatter_by_definition(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
  using Long = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
  const auto centre = [](const Eigen::MatrixXd& m) {
    Long wide = m.cast<long double>();
    const Eigen::Matrix<long double, 1, Eigen::Dynamic> mean = wide.colwise().mean();
    wide.rowwise() -= mean;
    return wide;
  };
  return (centre(x).transpose() * centre(y)).cast<double>();
}

double relative_error(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  return (a - b).norm() / b.norm();
}

/// Cuts rows into parts of random length and merges their accumulators in a random tree.
template <typename Accumulator, typename MakePart>
Accumulator merged_in_random_tree(Eigen::Index rows, std::uint64_t tree_seed,
                                  const MakePart& make_part) {
  std::mt19937_64 engine(tree_seed);
  std::vector<Accumulator> parts;
  for (Eigen::Index first = 0; first < rows;) {
    const auto length =
        std::min<Eigen::Index>(1 + static_cast<Eigen::Index>(engine() % 120), rows - first);
    parts.push_back(make_part(first, length));
    first += length;
  }
  while (parts.size() > 1) {
    const std::size_t i = engine() % parts.size();
    std::size_t j = engine() % (parts.size() - 1);
    if (j >= i) ++j;
    parts[i].merge(parts[j]);
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(j));
  }
  return parts.front();
}

}  // namespace

TEST_CASE("one pass gives the scatter and the mean of the definition") {
  Executor executor(2);
  const Eigen::MatrixXd x = normal_matrix(500, 150, moments_seed);
  Moments moments(150);
  moments.update(centered(x), executor);
  CHECK(moments.samples() == 500);
  CHECK(relative_error(lower(moments), scatter_by_definition(x, x)) < 1e-14);
  for (Eigen::Index j = 0; j < 150; ++j) {
    CHECK(moments.mean().value(static_cast<std::size_t>(j)) ==
          doctest::Approx(x.col(j).mean()).epsilon(1e-12));
  }
}

TEST_CASE("batches and merges in any tree give the one pass to 1e-12, at any offset") {
  Executor executor(2);
  for (const double offset : {0.0, 1e4, 1e8}) {
    CAPTURE(offset);
    // What is stored is the truth: the offset has rounded it already.
    const Eigen::MatrixXd x = normal_matrix(700, 21, moments_seed).array() + offset;
    const Eigen::MatrixXd y = normal_matrix(700, 13, moments_seed + 1).array() - offset;
    const Eigen::MatrixXd xx = scatter_by_definition(x, x);
    const Eigen::MatrixXd xy = scatter_by_definition(x, y);
    for (std::uint64_t tree = 0; tree < 20; ++tree) {
      CAPTURE(tree);
      const auto moments = merged_in_random_tree<Moments>(
          x.rows(), tree, [&](Eigen::Index first, Eigen::Index length) {
            Moments part(21);
            part.update(centered(x.middleRows(first, length)), executor);
            return part;
          });
      const auto cross = merged_in_random_tree<CrossMoments>(
          x.rows(), tree, [&](Eigen::Index first, Eigen::Index length) {
            CrossMoments part(21, 13);
            part.update(centered(x.middleRows(first, length)),
                        centered(y.middleRows(first, length)), executor);
            return part;
          });
      CHECK(moments.samples() == 700);
      CHECK(relative_error(lower(moments), xx) < 1e-12);
      CHECK(relative_error(Eigen::Map<const Eigen::MatrixXd>(cross.product().data(), 21, 13), xy) <
            1e-12);
    }
    Moments batches(21);
    for (Eigen::Index first = 0; first < 700; first += 7) {
      batches.update(centered(x.middleRows(first, 7)), executor);
    }
    CHECK(relative_error(lower(batches), xx) < 1e-12);
  }
}

TEST_CASE("merging is associative and commutative to rounding") {
  Executor executor(1);
  const auto part = [&](std::uint64_t part_seed, Eigen::Index rows) {
    Moments moments(9);
    moments.update(centered(normal_matrix(rows, 9, part_seed)), executor);
    return moments;
  };
  const Moments a = part(1, 10);
  const Moments b = part(2, 1);
  const Moments c = part(3, 200);
  Moments left = a;
  left.merge(b);
  left.merge(c);
  Moments bc = c;
  bc.merge(b);
  Moments right = bc;
  right.merge(a);
  CHECK(relative_error(lower(left), lower(right)) < 1e-14);
  CHECK(left.samples() == right.samples());
}

TEST_CASE("1, 2 and 4 threads give the same bits") {
  const Eigen::MatrixXd x = normal_matrix(333, 300, moments_seed);
  const Eigen::MatrixXd y = normal_matrix(333, 170, moments_seed + 5);
  const auto run = [&](int threads) {
    Executor executor(threads);
    Moments moments(300);
    CrossMoments cross(300, 170);
    for (Eigen::Index first = 0; first < 333; first += 111) {
      moments.update(centered(x.middleRows(first, 111)), executor);
      cross.update(centered(x.middleRows(first, 111)), centered(y.middleRows(first, 111)),
                   executor);
    }
    return std::pair(moments, cross);
  };
  const auto one = run(1);
  for (const int threads : {2, 4}) {
    const auto more = run(threads);
    CHECK(std::memcmp(one.first.scatter().data(), more.first.scatter().data(),
                      one.first.scatter().size_bytes()) == 0);
    CHECK(std::memcmp(one.second.product().data(), more.second.product().data(),
                      one.second.product().size_bytes()) == 0);
  }
}

TEST_CASE("an empty batch changes nothing, reset forgets, an empty merge is the other") {
  Executor executor(1);
  Moments moments(3);
  PackedRows none = centered(normal_matrix(4, 3, moments_seed));
  {
    PackedRows rows;
    const Eigen::MatrixXd x = normal_matrix(4, 3, moments_seed);
    REQUIRE(rows.pack(view_of(x), Layout::nc, Positions::all(), 0));
    rows.center(std::vector<std::uint8_t>(4, 0));
    moments.update(rows, executor);
    CHECK(moments.samples() == 0);
  }
  moments.update(none, executor);
  Moments fresh(3);
  fresh.merge(moments);
  CHECK(relative_error(lower(fresh), lower(moments)) == 0);
  moments.reset();
  CHECK(moments.samples() == 0);
  CHECK(lower(moments).norm() == 0);
}

TEST_CASE("rows that do not fit an accumulator are refused") {
  Executor executor(1);
  Moments moments(3);
  CHECK_THROWS_AS(moments.update(centered(normal_matrix(4, 2, moments_seed)), executor), Error);
  CHECK_THROWS_AS(moments.merge(Moments(4)), Error);
  CrossMoments cross(3, 2);
  CHECK_THROWS_AS(cross.update(centered(normal_matrix(4, 3, moments_seed)),
                               centered(normal_matrix(5, 2, moments_seed)), executor),
                  Error);
}
