#include <doctest/doctest.h>

#include <Eigen/Core>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <numeric>
#include <vector>

#include "livecca/activations/fourier.hpp"
#include "livecca/common/error.hpp"
#include "support/stored_tensor.hpp"

using namespace livecca;
using livecca_tests::Extents;
using livecca_tests::StoredTensor;

namespace {

constexpr std::uint64_t fourier_seed = 314;
using Complex = std::complex<double>;

/// The definition, term by term.
Complex coefficient(const StoredTensor& tensor, std::int64_t n, std::int64_t c,
                    const Frequency& k) {
  const Extents& extents = tensor.extents();
  Complex sum = 0;
  for (std::int64_t d = 0; d < extents.d; ++d)
    for (std::int64_t h = 0; h < extents.h; ++h)
      for (std::int64_t w = 0; w < extents.w; ++w) {
        const double turns = static_cast<double>(k.depth * d) / static_cast<double>(extents.d) +
                             static_cast<double>(k.height * h) / static_cast<double>(extents.h) +
                             static_cast<double>(k.width * w) / static_cast<double>(extents.w);
        sum += tensor.at(n, c, d, h, w) * std::polar(1.0, -2 * std::numbers::pi * turns);
      }
  return sum / static_cast<double>(tensor.positions());
}

double real_part(const Spectrum& spectrum, std::size_t f, std::int64_t n, std::int64_t c) {
  const ActivationView view = spectrum.at(f);
  return static_cast<const double*>(view.data())[n * view.shape()[1] + c];
}

Complex value_of(const Spectrum& spectrum, std::size_t f, std::int64_t n, std::int64_t c) {
  const auto channels = static_cast<std::int64_t>(spectrum.channels());
  return {real_part(spectrum, f, n, c), real_part(spectrum, f, n, channels + c)};
}

void check_against_definition(Extents extents, Layout layout, std::int64_t gap) {
  CAPTURE(name_of(layout));
  CAPTURE(extents.d);
  CAPTURE(extents.h);
  CAPTURE(extents.w);
  StoredTensor tensor(extents, fourier_seed);
  Spectrum spectrum;
  const auto transformed =
      spectrum.transform(tensor.view<double>(layout, DType::float64, gap, gap > 0), layout);
  REQUIRE_MESSAGE(transformed, transformed.why());
  CHECK(spectrum.images() == static_cast<std::size_t>(extents.n));
  CHECK(spectrum.channels() == static_cast<std::size_t>(extents.c));
  double worst = 0;
  std::int64_t multiplicities = 0;
  for (std::size_t f = 0; f < spectrum.frequencies().size(); ++f) {
    multiplicities += spectrum.frequencies()[f].multiplicity;
    for (std::int64_t n = 0; n < extents.n; ++n)
      for (std::int64_t c = 0; c < extents.c; ++c)
        worst = std::max(worst, std::abs(value_of(spectrum, f, n, c) -
                                         coefficient(tensor, n, c, spectrum.frequencies()[f])));
  }
  CHECK(worst < 1e-13);
  CHECK(multiplicities == tensor.positions());
  // Parseval.
  for (std::int64_t n = 0; n < extents.n; ++n)
    for (std::int64_t c = 0; c < extents.c; ++c) {
      double mean_square = 0;
      for (std::int64_t p = 0; p < tensor.positions(); ++p)
        mean_square += tensor.at(n, c, p) * tensor.at(n, c, p);
      mean_square /= static_cast<double>(tensor.positions());
      double sum = 0;
      for (std::size_t f = 0; f < spectrum.frequencies().size(); ++f)
        sum += spectrum.frequencies()[f].multiplicity * std::norm(value_of(spectrum, f, n, c));
      CHECK(sum == doctest::Approx(mean_square).epsilon(1e-12));
    }
}

}  // namespace

TEST_CASE("a spectrum is the discrete Fourier transform, for grids of every kind of extent") {
  MESSAGE("seed " << fourier_seed);
  for (const std::int64_t w : {1, 2, 3, 4, 5, 7, 8, 12, 15}) {
    check_against_definition({.n = 2, .c = 3, .w = w}, Layout::ncl, 0);
    for (const std::int64_t h : {1, 2, 3, 6, 7}) {
      check_against_definition({.n = 2, .c = 2, .h = h, .w = w}, Layout::nchw, 0);
      check_against_definition({.n = 2, .c = 2, .h = h, .w = w}, Layout::nhwc, 2);
    }
  }
  for (const std::int64_t d : {1, 2, 3, 4, 5}) {
    check_against_definition({.n = 2, .c = 2, .d = d, .h = 3, .w = 4}, Layout::ncdhw, 1);
    check_against_definition({.n = 1, .c = 2, .d = d, .h = 4, .w = 5}, Layout::ncdhw, 0);
  }
}

TEST_CASE("each frequency stands for its conjugate, and only one of the two is there") {
  for (const Grid grid : {Grid{4, 6}, Grid{5, 4}, Grid{1, 7}, Grid{4, 4, 6}, Grid{3, 2, 5}}) {
    const auto frequencies = half_spectrum(grid);
    const auto wrapped = [](std::int64_t index, std::size_t extent) {
      const auto n = static_cast<std::int64_t>(extent);
      return ((index % n) + n) % n;
    };
    const auto same = [&](const Frequency& a, const Frequency& b, int sign) {
      return wrapped(a.depth, grid.depth) == wrapped(sign * b.depth, grid.depth) &&
             wrapped(a.height, grid.height) == wrapped(sign * b.height, grid.height) &&
             wrapped(a.width, grid.width) == wrapped(sign * b.width, grid.width);
    };
    std::size_t count = 0;
    for (const Frequency& a : frequencies) {
      CHECK(a.multiplicity == (same(a, a, -1) ? 1 : 2));
      count += static_cast<std::size_t>(a.multiplicity);
      for (const Frequency& b : frequencies) {
        if (&a == &b) continue;
        CHECK_FALSE(same(a, b, 1));
        CHECK_FALSE(same(a, b, -1));
      }
    }
    CHECK(count == grid.size());
    CHECK(frequencies.front() == Frequency{});
  }
}

TEST_CASE("unequal grids share what both tell apart; an equal axis shares all of it") {
  const auto text = [](const Grid& a, const Grid& b) {
    std::string result;
    for (const Frequency& k : common_frequencies(a, b)) {
      result += k.text() + "x" + std::to_string(k.multiplicity) + " ";
    }
    return result;
  };
  // 4: only −1, 0, 1, as its 2 is its −2 too.
  CHECK(text(Grid{1, 4}, Grid{1, 8}) == "(0,0,0)x1 (0,0,1)x2 ");
  CHECK(text(Grid{1, 5}, Grid{1, 8}) == "(0,0,0)x1 (0,0,1)x2 (0,0,2)x2 ");
  CHECK(text(Grid{1, 4}, Grid{1, 4}) == "(0,0,0)x1 (0,0,1)x2 (0,0,2)x1 ");
  CHECK(text(Grid{3, 4}, Grid{2, 4}) == "(0,0,0)x1 (0,0,1)x2 (0,0,2)x1 ");
  CHECK(text(Grid{4, 3}, Grid{4, 5}) ==
        "(0,0,0)x1 (0,0,1)x2 (0,1,0)x2 (0,1,1)x2 (0,2,0)x1 (0,2,1)x2 (0,-1,1)x2 ");
  for (const Grid a : {Grid{4, 6}, Grid{5, 5}, Grid{8, 6, 3}, Grid{1, 9}}) {
    for (const Grid b : {Grid{4, 7}, Grid{2, 5}, Grid{8, 6, 4}, Grid{4, 6}}) {
      CHECK(common_frequencies(a, b) == common_frequencies(b, a));
      for (const Frequency& k : common_frequencies(a, b)) {
        const auto spectrum = half_spectrum(a);
        CHECK(std::ranges::find(spectrum, k) != spectrum.end());
      }
    }
  }
}

TEST_CASE("coefficients of unequal grids are of one scale: a smooth image's agree") {
  const auto image = [](std::int64_t extent) {
    StoredTensor tensor({.n = 1, .c = 1, .h = extent, .w = extent}, fourier_seed);
    for (std::int64_t h = 0; h < extent; ++h)
      for (std::int64_t w = 0; w < extent; ++w) {
        const double y = static_cast<double>(h) / static_cast<double>(extent);
        const double x = static_cast<double>(w) / static_cast<double>(extent);
        tensor.at(0, 0, 0, h, w) = 3 + 2 * std::cos(2 * std::numbers::pi * (x - y)) +
                                   std::sin(2 * std::numbers::pi * 2 * y);
      }
    return tensor;
  };
  StoredTensor small = image(6);
  StoredTensor large = image(9);
  Spectrum a;
  Spectrum b;
  REQUIRE(a.transform(small.view(Layout::nchw), Layout::nchw));
  REQUIRE(b.transform(large.view(Layout::nchw), Layout::nchw));
  for (const Frequency& k : common_frequencies(a.grid(), b.grid())) {
    const auto place = [&](const Spectrum& spectrum) {
      return static_cast<std::size_t>(std::ranges::find(spectrum.frequencies(), k) -
                                      spectrum.frequencies().begin());
    };
    CHECK(std::abs(value_of(a, place(a), 0, 0) - value_of(b, place(b), 0, 0)) < 1e-14);
  }
  CHECK(std::abs(value_of(a, 0, 0, 0) - 3.0) < 1e-14);
}

TEST_CASE("a value that is not finite makes every frequency of its image so, and no other's") {
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    StoredTensor tensor({.n = 3, .c = 2, .h = 4, .w = 6}, fourier_seed);
    tensor.at(1, 0, 0, 2, 3) = bad;
    Spectrum spectrum;
    REQUIRE(spectrum.transform(tensor.view(Layout::nhwc), Layout::nhwc));
    for (std::size_t f = 0; f < spectrum.frequencies().size(); ++f) {
      for (std::int64_t n = 0; n < 3; ++n) {
        const Complex value = value_of(spectrum, f, n, 0);
        CHECK((std::isfinite(value.real()) && std::isfinite(value.imag())) == (n != 1));
      }
    }
  }
}

TEST_CASE("half precision is transformed in float64, and one spectrum serves many views") {
  Spectrum spectrum;
  for (const Extents extents : {Extents{.n = 2, .c = 3, .w = 6}, Extents{.n = 5, .c = 1, .w = 9},
                                Extents{.n = 1, .c = 4, .w = 6}}) {
    StoredTensor tensor(extents, fourier_seed);
    const auto view = tensor.view<Eigen::half>(Layout::ncl, DType::float16, 1);
    REQUIRE(spectrum.transform(view, Layout::ncl));
    for (std::size_t f = 0; f < spectrum.frequencies().size(); ++f) {
      const Complex expected =
          coefficient(tensor, extents.n - 1, extents.c - 1, spectrum.frequencies()[f]);
      CHECK(std::abs(value_of(spectrum, f, extents.n - 1, extents.c - 1) - expected) < 1e-14);
    }
  }
}

TEST_CASE("a small signal on an offset keeps what half precision holds of it") {
  StoredTensor tensor({.n = 3, .c = 2, .h = 4, .w = 4}, fourier_seed);
  for (std::int64_t i = 0; i < 3 * 2 * 16; ++i) {
    double& value = tensor.at(i / 32, i / 16 % 2, 0, i / 4 % 4, i % 4);
    value = static_cast<double>(Eigen::half(static_cast<float>(3 + 0.02 * value)));
  }
  Spectrum half;
  Spectrum full;
  REQUIRE(half.transform(tensor.view<Eigen::half>(Layout::nchw, DType::float16, 1), Layout::nchw));
  REQUIRE(full.transform(tensor.view(Layout::nchw), Layout::nchw));
  for (std::size_t f = 0; f < full.frequencies().size(); ++f) {
    for (std::int64_t n = 0; n < 3; ++n) {
      CHECK(value_of(half, f, n, 1) == value_of(full, f, n, 1));
    }
    // The less of the maps a frequency has, the more of it may be rounding.
    CHECK(half.at(f).roundoff() >= roundoff_of(DType::float16) / 4);
    CHECK((half.at(f).roundoff() > 10 * roundoff_of(DType::float16)) == (f > 0));
    CHECK(half.at(f).roundoff() > 100 * full.at(f).roundoff());
  }
}

TEST_CASE("what has no positions is not transformed, and says why") {
  StoredTensor tensor({.n = 2, .c = 3, .w = 6}, fourier_seed);
  Spectrum spectrum;
  CHECK(spectrum.transform(tensor.view(Layout::ntc), Layout::ntc).why().find("got ntc") !=
        std::string::npos);
  CHECK(spectrum.transform(tensor.view(Layout::ncl), Layout::nchw)
            .why()
            .starts_with("expected 4 axes for layout nchw"));
  REQUIRE(spectrum.transform(tensor.view(Layout::ncl), Layout::ncl));
  CHECK_THROWS_AS(spectrum.at(4), Error);
  CHECK_FALSE(spectrum.transform(tensor.view(Layout::ncl), Layout::nc));
  CHECK(spectrum.images() == 0);
}
