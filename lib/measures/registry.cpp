#include <algorithm>
#include <array>

#include "livecca/measures/measure.hpp"

namespace livecca {
namespace {

constexpr Quantities nothing{};
constexpr Quantities whitening{.whitening = true};
constexpr Quantities correlations{.whitening = true, .correlations = true};
constexpr Quantities weights{.whitening = true, .correlations = true, .weights = true};
constexpr Quantities svcca{.svcca = true};
constexpr Quantities nuclear_norm{.nuclear_norm = true};
constexpr Quantities partial{.partial_whitening = true};

constexpr auto similarity = Direction::similarity;
constexpr auto distance = Direction::distance;

/// Of a number that is no measure: without a name.
constexpr MeasureInfo facts_of(Measure measure) {
  switch (measure) {
    case Measure::mean_cca:
      return {Measure::mean_cca,
              "mean_cca",
              similarity,
              Measure::mean_cca,
              true,
              correlations,
              false,
              "mean canonical correlation over the smaller rank"};
    case Measure::r2_cca:
      return {Measure::r2_cca, "r2_cca",  similarity, Measure::r2_cca,
              false,           whitening, false,      "mean squared canonical correlation"};
    case Measure::r2_cca_adjusted:
      return {Measure::r2_cca_adjusted,
              "r2_cca_adjusted",
              similarity,
              Measure::r2_cca_adjusted,
              false,
              whitening,
              false,
              "r2_cca corrected for chance: around 0 for unrelated data"};
    case Measure::pwcca:
      return {
          Measure::pwcca, "pwcca",
          similarity,     Measure::pwcca_y,
          true,           weights,
          false,          "canonical correlations weighted by what they explain of the first side"};
    case Measure::pwcca_y:
      return {Measure::pwcca_y,
              "pwcca_y",
              similarity,
              Measure::pwcca,
              false,
              weights,
              false,
              "canonical correlations weighted by what they explain of the second side"};
    case Measure::pwcca_mean:
      return {Measure::pwcca_mean,
              "pwcca_mean",
              similarity,
              Measure::pwcca_mean,
              false,
              weights,
              false,
              "the mean of pwcca and pwcca_y"};
    case Measure::svcca:
      return {Measure::svcca, "svcca",
              similarity,     Measure::svcca,
              true,           svcca,
              false,          "mean canonical correlation of the leading principal directions"};
    case Measure::linear_cka:
      return {Measure::linear_cka,
              "linear_cka",
              similarity,
              Measure::linear_cka,
              false,
              nothing,
              false,
              "linear centred kernel alignment (the RV coefficient)"};
    case Measure::linear_cka_debiased:
      return {Measure::linear_cka_debiased,
              "linear_cka_debiased",
              similarity,
              Measure::linear_cka_debiased,
              false,
              nothing,
              true,
              "linear_cka from unbiased estimates: around 0 for unrelated data"};
    case Measure::rv2:
      return {Measure::rv2,
              "rv2",
              similarity,
              Measure::rv2,
              false,
              nothing,
              true,
              "linear_cka of Gram matrices without their diagonals (modified RV coefficient)"};
    case Measure::linreg_x_from_y:
      return {Measure::linreg_x_from_y,
              "linreg_x_from_y",
              similarity,
              Measure::linreg_y_from_x,
              false,
              whitening,
              false,
              "share of the first side's variance that a linear map of the second explains"};
    case Measure::linreg_y_from_x:
      return {Measure::linreg_y_from_x,
              "linreg_y_from_x",
              similarity,
              Measure::linreg_x_from_y,
              false,
              whitening,
              false,
              "share of the second side's variance that a linear map of the first explains"};
    case Measure::procrustes:
      return {Measure::procrustes,
              "procrustes",
              distance,
              Measure::procrustes,
              true,
              nuclear_norm,
              false,
              "distance that is left after the best rotation, in the activations' unit"};
    case Measure::procrustes_normalised:
      return {Measure::procrustes_normalised,
              "procrustes_normalised",
              distance,
              Measure::procrustes_normalised,
              true,
              nuclear_norm,
              false,
              "squared Procrustes distance of the sides scaled to norm 1: 0 to 2"};
    case Measure::angular:
      return {Measure::angular,
              "angular",
              distance,
              Measure::angular,
              true,
              nuclear_norm,
              false,
              "angle between the sides after the best rotation: 0 to pi/2"};
    case Measure::partial_whitening:
      return {Measure::partial_whitening,
              "partial_whitening",
              distance,
              Measure::partial_whitening,
              true,
              partial,
              false,
              "angular distance of partly whitened sides, between `angular` and CCA"};
  }
  return {};
}

constexpr std::size_t count = [] {
  std::size_t i = 0;
  while (!facts_of(static_cast<Measure>(i)).name.empty()) ++i;
  return i;
}();

constexpr std::array<MeasureInfo, count> registry = [] {
  std::array<MeasureInfo, count> all{};
  for (std::size_t i = 0; i < count; ++i) all[i] = facts_of(static_cast<Measure>(i));
  return all;
}();

}  // namespace

const char* name_of(Direction direction) {
  switch (direction) {
    case Direction::similarity:
      return "similarity";
    case Direction::distance:
      return "distance";
  }
  return nullptr;
}

std::string MeasureInfo::row_name() const { return std::string(name) + '_' + name_of(shown()); }

std::span<const MeasureInfo> measures() { return registry; }

const MeasureInfo* find_measure(std::string_view name) {
  const auto found = std::ranges::find(registry, name, &MeasureInfo::name);
  return found == registry.end() ? nullptr : &*found;
}

const MeasureInfo& info_of(Measure measure) { return registry[static_cast<std::size_t>(measure)]; }

Quantities needs_of(std::span<const MeasureInfo* const> measures) {
  Quantities needs;
  for (const MeasureInfo* measure : measures) needs = needs | measure->needs;
  return needs;
}

}  // namespace livecca
