#include <doctest/doctest.h>

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "livecca/moments/panel.hpp"
#include "matrices.hpp"

// Moments of rows of any number, width, type and strides against naive sums. LIVECCA_SHAPE_DRAWS in
// the environment takes more draws than the tests need (a few milliseconds each).

using namespace livecca;
using Eigen::Index;
using livecca_tests::product_of;
using livecca_tests::scatter_of;

namespace {

using Matrix = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;

constexpr std::uint64_t shapes_seed = 20251;
constexpr std::uint64_t usual_draws = 60;

std::uint64_t draws_wanted() {
  const char* const text = std::getenv("LIVECCA_SHAPE_DRAWS");
  return text == nullptr ? usual_draws : std::strtoull(text, nullptr, 10);
}

/// Means of 0, 4 or 8, and deviations of 1.
constexpr double largest_number = 14;

/// Numbers of one type, some of which lie between those of the view.
class Side {
 public:
  Side(Index rows, Index features, std::mt19937_64& engine)
      : rows_(rows), features_(features), dtype_(static_cast<DType>(engine() % 4)) {
    const std::int64_t gap = 1 + static_cast<std::int64_t>(engine() % 3);
    const std::int64_t pad = static_cast<std::int64_t>(engine() % 5);
    const bool by_rows = engine() % 3 != 0;
    const bool repeats_rows = engine() % 16 == 0;  // one row, again and again
    strides_ = by_rows ? std::array{features * gap + pad, gap} : std::array{gap, rows * gap + pad};
    if (repeats_rows) strides_[0] = 0;
    for (std::size_t axis = 0; axis < 2; ++axis) {
      const std::int64_t extent = axis == 0 ? rows : features;
      if (engine() % 4 != 0 || extent == 0) continue;
      begin_ += (extent - 1) * strides_[axis];
      strides_[axis] = -strides_[axis];
    }
    const double offset = static_cast<double>(engine() % 3) * 4;
    std::normal_distribution<double> normal(offset, 1);
    const auto size =
        static_cast<std::size_t>((rows + 1) * (features + 5) * 3 + features * 5 + rows * 5);
    bytes_.resize(size * size_of(dtype_));
    for (std::size_t i = 0; i < size; ++i) store(i, normal(engine));
  }

  /// Some rows of it.
  ActivationView view(Index first, Index count) const {
    const std::array<std::int64_t, 2> shape{count, features_};
    const std::int64_t at = begin_ + first * strides_[0];
    return {bytes_.data() + at * static_cast<std::int64_t>(size_of(dtype_)), dtype_, shape,
            strides_};
  }

  Matrix centred() const {
    Matrix all(rows_, features_);
    for (Index i = 0; i < rows_; ++i) {
      for (Index j = 0; j < features_; ++j)
        all(i, j) = stored(begin_ + i * strides_[0] + j * strides_[1]);
    }
    if (rows_ > 0) all.rowwise() -= all.colwise().mean().eval();
    return all;
  }

 private:
  void store(std::size_t at, double value) {
    const auto put = [&](auto number) {
      std::copy_n(reinterpret_cast<const unsigned char*>(&number), sizeof number,
                  bytes_.begin() + static_cast<std::ptrdiff_t>(at * sizeof number));
    };
    if (dtype_ == DType::float16) return put(Eigen::half(static_cast<float>(value)));
    if (dtype_ == DType::bfloat16) return put(Eigen::bfloat16(static_cast<float>(value)));
    if (dtype_ == DType::float32) return put(static_cast<float>(value));
    put(value);
  }

  long double stored(std::int64_t at) const {
    const auto get = [&](auto number) {
      std::copy_n(bytes_.begin() + at * static_cast<std::int64_t>(sizeof number), sizeof number,
                  reinterpret_cast<unsigned char*>(&number));
      return static_cast<long double>(number);
    };
    if (dtype_ == DType::float16) return get(Eigen::half());
    if (dtype_ == DType::bfloat16) return get(Eigen::bfloat16());
    if (dtype_ == DType::float32) return get(0.0F);
    return get(0.0);
  }

  Index rows_;
  Index features_;
  DType dtype_;
  std::array<std::int64_t, 2> strides_{};
  std::int64_t begin_ = 0;
  std::vector<unsigned char> bytes_;
};

/// Edges of tiles and of the panels in them come often.
Index random_width(std::mt19937_64& engine) {
  if (engine() % 3 != 0) return 1 + static_cast<Index>(engine() % 300);
  constexpr std::array<Index, 8> edges{8, 16, 24, 48, 64, 96, 128, 192};
  return edges[engine() % edges.size()] + static_cast<Index>(engine() % 3) - 1;
}

/// The largest error, in units of what rounding allows: a sum of n products one after the other
/// errs by at most n ε of their sizes (Higham, section 3.1); each number is known to some ε of the
/// largest.
double worst(const Eigen::MatrixXd& found, const Matrix& x, const Matrix& y, double largest,
             double epsilon) {
  const Matrix off = (found.cast<long double>() - x.transpose() * y).cwiseAbs();
  const Matrix sizes = x.cwiseAbs().transpose() * y.cwiseAbs();
  const auto rows = static_cast<long double>(x.rows());
  const auto allowed = ((rows + 8) * sizes.array() + 16 * std::sqrt(rows) * largest) * epsilon;
  return static_cast<double>((off.array() / allowed).maxCoeff());
}

struct Shapes {
  Index rows;
  Index features_x;
  Index features_y;
  Precision precision;
};

/// Streams rows in batches of any size into a tap, its reference and their pair. Returns the
/// largest error in units of what rounding allows, see worst().
double worst_of(const Shapes& shapes, Executor& executor, std::mt19937_64& engine) {
  const Side x(shapes.rows, shapes.features_x, engine);
  const Side y(shapes.rows, shapes.features_y, engine);
  Panel panel(executor, {.precision = shapes.precision});
  panel.add_tap({"net", "layer"}, Layout::nc);
  panel.add_tap({"reference", "layer"}, Layout::nc);
  panel.add_pair(0, 1);
  for (Index first = 0, count = 0; first < shapes.rows; first += count) {
    count = std::min<Index>(shapes.rows - first, 1 + static_cast<Index>(engine() % 400));
    auto step = panel.begin();
    step.observe(0, x.view(first, count));
    step.observe(1, y.view(first, count));
    step.commit();
  }
  const PanelMoments moments = panel.end_window();
  if (shapes.rows == 0) return 0;
  const Matrix centred_x = x.centred();
  const Matrix centred_y = y.centred();
  const double epsilon = shapes.precision == Precision::fast
                             ? std::numeric_limits<float>::epsilon()
                             : std::numeric_limits<double>::epsilon();
  return std::max(
      {worst(scatter_of(*moments.taps[0].moments), centred_x, centred_x, largest_number, epsilon),
       worst(scatter_of(*moments.taps[1].moments), centred_y, centred_y, largest_number, epsilon),
       worst(product_of(*moments.pairs[0].moments), centred_x, centred_y, largest_number,
             epsilon)});
}

}  // namespace

TEST_CASE("moments are those of naive sums for rows of any shape and type and strides") {
  const std::uint64_t draws = draws_wanted();
  MESSAGE("seed " << shapes_seed << ", " << draws << " draws");
  Executor executor(2);
  double worst_exact = 0;
  double worst_fast = 0;
  for (std::uint64_t draw = 0; draw < draws; ++draw) {
    CAPTURE(draw);
    std::mt19937_64 engine(shapes_seed + draw);
    const Index rows =
        engine() % 8 == 0 ? static_cast<Index>(engine() % 3) : static_cast<Index>(engine() % 601);
    const bool fast = engine() % 2 == 0;
    CAPTURE(rows);
    CAPTURE(fast);
    const Shapes shapes{.rows = rows,
                        .features_x = random_width(engine),
                        .features_y = random_width(engine),
                        .precision = fast ? Precision::fast : Precision::exact};
    double& off = fast ? worst_fast : worst_exact;
    off = std::max(off, worst_of(shapes, executor, engine));
    REQUIRE(off <= 1);
  }
  MESSAGE("largest error, in units of what rounding allows: exact " << worst_exact << ", fast "
                                                                    << worst_fast);
}

TEST_CASE("so are those of taps so wide that their tiles are large") {
  Executor executor(2);
  std::mt19937_64 engine(shapes_seed);
  for (const Precision precision : {Precision::exact, Precision::fast}) {
    // More than one block of rows, and tiles that end within a panel.
    CHECK(worst_of({.rows = 270, .features_x = 590, .features_y = 301, .precision = precision},
                   executor, engine) <= 1);
  }
}
