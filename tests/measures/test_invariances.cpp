#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <array>
#include <cmath>
#include <map>
#include <string>

#include "livecca/measures/measure.hpp"
#include "support/decompositions.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"

// What the comment of each Measure claims.

using namespace livecca;
using Eigen::MatrixXd;
using livecca_tests::normal_matrix;
using livecca_tests::orthonormal_basis;
using livecca_tests::shared_latents;

namespace {

constexpr std::uint64_t invariances_seed = 1618;

/// Maps of a side's neurons, each a special case of the next but the last.
enum class Map { permutation, rotation, invertible, scale };

struct Claims {
  Measure measure;
  Map x;  ///< the widest maps of x that change nothing
  Map y;
  bool any_scale = true;  ///< one common scale of a side changes nothing
};

constexpr std::array claims{
    Claims{Measure::mean_cca, Map::invertible, Map::invertible},
    Claims{Measure::r2_cca, Map::invertible, Map::invertible},
    Claims{Measure::r2_cca_adjusted, Map::invertible, Map::invertible},
    Claims{Measure::pwcca, Map::permutation, Map::invertible},
    Claims{Measure::pwcca_y, Map::invertible, Map::permutation},
    Claims{Measure::pwcca_mean, Map::permutation, Map::permutation},
    Claims{Measure::svcca, Map::rotation, Map::rotation},
    Claims{Measure::linear_cka, Map::rotation, Map::rotation},
    Claims{Measure::linear_cka_debiased, Map::rotation, Map::rotation},
    Claims{Measure::rv2, Map::rotation, Map::rotation},
    Claims{Measure::linreg_x_from_y, Map::rotation, Map::invertible},
    Claims{Measure::linreg_y_from_x, Map::invertible, Map::rotation},
    Claims{Measure::procrustes, Map::rotation, Map::rotation, false},
    Claims{Measure::procrustes_normalised, Map::rotation, Map::rotation},
    Claims{Measure::angular, Map::rotation, Map::rotation},
    Claims{Measure::partial_whitening, Map::rotation, Map::rotation, false}};

using Values = std::map<std::string, double>;

Values values_of(const MatrixXd& x, const MatrixXd& y) {
  Executor executor(1);
  PanelOptions options;
  options.norm_sums = true;
  const PanelSolution solution =
      livecca::solve(livecca_tests::stream(x, y, 128, executor, options), {}, executor);
  Values values;
  for (const MeasureInfo& info : measures()) {
    values[std::string(info.name)] = evaluate(solution, 0, info).value.value();
  }
  return values;
}

MatrixXd map_of(Map kind, Eigen::Index features, std::uint64_t draw) {
  const MatrixXd random = normal_matrix(features, features, invariances_seed + draw);
  switch (kind) {
    case Map::permutation: {
      // With signs: a turned neuron is the same neuron.
      MatrixXd turned = MatrixXd::Zero(features, features);
      for (Eigen::Index j = 0; j < features; ++j) {
        turned((j * 3 + 1) % features, j) = j % 2 == 0 ? 1 : -1;
      }
      return turned;
    }
    case Map::rotation:
      return orthonormal_basis(random);
    case Map::scale:
      return 3.7 * MatrixXd::Identity(features, features);
    case Map::invertible:
      break;
  }
  return random + 2 * MatrixXd::Identity(features, features);
}

bool covers(Map widest, Map kind, bool any_scale) {
  return kind == Map::scale ? any_scale : widest >= kind;
}

}  // namespace

TEST_CASE("measures ignore the maps that their comments name, and no others") {
  MESSAGE("seed " << invariances_seed);
  const auto views = shared_latents(400, 8, 7, invariances_seed);
  const Values plain = values_of(views.x, views.y);
  for (const Map kind : {Map::permutation, Map::rotation, Map::invertible, Map::scale}) {
    CAPTURE(static_cast<int>(kind));
    const Values mapped_x = values_of(views.x * map_of(kind, 8, 10), views.y);
    const Values mapped_y = values_of(views.x, views.y * map_of(kind, 7, 11));
    for (const Claims& claim : claims) {
      const std::string name(info_of(claim.measure).name);
      CAPTURE(name);
      // Relative, as Procrustes is in the activations' unit.
      const double unit = std::max(1.0, std::abs(plain.at(name)));
      const double change_x = std::abs(mapped_x.at(name) - plain.at(name)) / unit;
      const double change_y = std::abs(mapped_y.at(name) - plain.at(name)) / unit;
      if (covers(claim.x, kind, claim.any_scale)) CHECK(change_x < 1e-10);
      if (covers(claim.y, kind, claim.any_scale)) CHECK(change_y < 1e-10);
      if (!covers(claim.x, kind, claim.any_scale)) CHECK(change_x > 1e-4);
      if (!covers(claim.y, kind, claim.any_scale)) CHECK(change_y > 1e-4);
    }
  }
}

TEST_CASE("an offset of the neurons changes nothing") {
  const auto views = shared_latents(400, 8, 7, invariances_seed + 1);
  const Values plain = values_of(views.x, views.y);
  const Values shifted = values_of(views.x.array() + 1024,
                                   views.y.rowwise() + Eigen::RowVectorXd::LinSpaced(7, -64, 64));
  for (const auto& [name, value] : plain) {
    CAPTURE(name);
    CHECK(shifted.at(name) == doctest::Approx(value).epsilon(1e-10));
  }
}

TEST_CASE("a side compared with itself: similarity 1, distance 0") {
  const auto views = shared_latents(500, 10, 10, invariances_seed + 2);
  for (const auto& [name, value] : values_of(views.x, views.x)) {
    CAPTURE(name);
    const MeasureInfo& info = *find_measure(name);
    if (info.direction == Direction::similarity) {
      CHECK(std::abs(value - 1) < 1e-10);
    } else {
      // arccos and differences near their end keep half of the digits.
      const double unit = info.measure == Measure::procrustes ? views.x.norm() : 1;
      CHECK(std::abs(value) / unit < 1e-7);
    }
  }
}

TEST_CASE("swapped sides swap the sided measures and leave the others") {
  const auto views = shared_latents(400, 9, 6, invariances_seed + 3);
  const Values forth = values_of(views.x, views.y);
  const Values back = values_of(views.y, views.x);
  const std::map<std::string, std::string> sided{{"pwcca", "pwcca_y"},
                                                 {"pwcca_y", "pwcca"},
                                                 {"linreg_x_from_y", "linreg_y_from_x"},
                                                 {"linreg_y_from_x", "linreg_x_from_y"}};
  for (const auto& [name, value] : forth) {
    CAPTURE(name);
    const auto other = sided.find(name);
    const std::string swapped = other == sided.end() ? name : other->second;
    CHECK(back.at(swapped) == doctest::Approx(value).epsilon(1e-10));
    if (other != sided.end()) CHECK(std::abs(back.at(name) - value) > 1e-4);
  }
}

TEST_CASE("values lie in their ranges, whatever the sizes") {
  MESSAGE("seed " << invariances_seed);
  for (std::uint64_t draw = 0; draw < 20; ++draw) {
    CAPTURE(draw);
    const auto dx = static_cast<Eigen::Index>(1 + draw % 7);
    const auto dy = static_cast<Eigen::Index>(1 + draw * 5 % 9);
    const auto views =
        shared_latents(static_cast<Eigen::Index>(40 + 10 * draw), dx, dy, invariances_seed + draw);
    for (const auto& [name, value] : values_of(views.x, views.y)) {
      CAPTURE(name);
      const MeasureInfo& info = *find_measure(name);
      const bool unbiased = info.needs_norm_sums;
      if (info.direction == Direction::similarity) {
        CHECK(value <= 1);
        if (info.measure != Measure::r2_cca_adjusted) CHECK(value >= (unbiased ? -1 : 0));
      } else {
        CHECK(value >= 0);
        if (info.measure == Measure::procrustes_normalised) CHECK(value <= 2);
        if (info.measure == Measure::angular || info.measure == Measure::partial_whitening) {
          CHECK(value <= std::acos(0.0));
        }
      }
    }
  }
}
