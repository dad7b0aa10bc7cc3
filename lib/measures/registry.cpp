#include <algorithm>
#include <array>

#include "livecca/measures/measure.hpp"

namespace livecca {
namespace {

constexpr Quantities nothing{};
constexpr Quantities whitening{.whitening = true};
constexpr Quantities regression{.whitening = true, .regression = true};
constexpr Quantities correlations{.whitening = true, .correlations = true};
constexpr Quantities weights_x{.whitening = true, .correlations = true, .weights_x = true};
constexpr Quantities weights_y{.whitening = true, .correlations = true, .weights_y = true};
constexpr Quantities weights = weights_x | weights_y;
constexpr Quantities leading{.svcca = true};
constexpr Quantities nuclear_norm{.nuclear_norm = true};
constexpr Quantities partial{.partial_whitening = true};

constexpr auto similarity = Direction::similarity;
constexpr auto distance = Direction::distance;

constexpr std::array registry = [] {
  using enum Measure;
  // measure, name, direction, measure of the swapped pair, has_distance, needs, needs_norm_sums
  // clang-format off
  return std::to_array<MeasureInfo>({
      {mean_cca,              "mean_cca",              similarity, mean_cca,              true,  correlations, false,
       "mean canonical correlation over the smaller rank"},
      {r2_cca,                "r2_cca",                similarity, r2_cca,                false, whitening,    false,
       "mean squared canonical correlation"},
      {r2_cca_adjusted,       "r2_cca_adjusted",       similarity, r2_cca_adjusted,       false, whitening,    false,
       "r2_cca corrected for chance: around 0 for unrelated data"},
      {pwcca,                 "pwcca",                 similarity, pwcca_y,               true,  weights_x,    false,
       "canonical correlations weighted by what they explain of the first side"},
      {pwcca_y,               "pwcca_y",               similarity, pwcca,                 false, weights_y,    false,
       "canonical correlations weighted by what they explain of the second side"},
      {pwcca_mean,            "pwcca_mean",            similarity, pwcca_mean,            false, weights,      false,
       "the mean of pwcca and pwcca_y"},
      {svcca,                 "svcca",                 similarity, svcca,                 true,  leading,      false,
       "mean canonical correlation of the leading principal directions"},
      {linear_cka,            "linear_cka",            similarity, linear_cka,            false, nothing,      false,
       "linear centred kernel alignment (the RV coefficient)"},
      {linear_cka_debiased,   "linear_cka_debiased",   similarity, linear_cka_debiased,   false, nothing,      true,
       "linear_cka from unbiased estimates: around 0 for unrelated data"},
      {rv2,                   "rv2",                   similarity, rv2,                   false, nothing,      true,
       "linear_cka of Gram matrices without their diagonals (modified RV coefficient)"},
      {linreg_x_from_y,       "linreg_x_from_y",       similarity, linreg_y_from_x,       false, regression,   false,
       "share of the first side's variance that a linear map of the second explains"},
      {linreg_y_from_x,       "linreg_y_from_x",       similarity, linreg_x_from_y,       false, regression,   false,
       "share of the second side's variance that a linear map of the first explains"},
      {procrustes,            "procrustes",            distance,   procrustes,            true,  nuclear_norm, false,
       "distance that is left after the best rotation, in the activations' unit"},
      {procrustes_normalised, "procrustes_normalised", distance,   procrustes_normalised, true,  nuclear_norm, false,
       "squared Procrustes distance of the sides scaled to norm 1: 0 to 2"},
      {angular,               "angular",               distance,   angular,               true,  nuclear_norm, false,
       "angle between the sides after the best rotation: 0 to pi/2"},
      {partial_whitening,     "partial_whitening",     distance,   partial_whitening,     true,  partial,      false,
       "angular distance of partly whitened sides, between `angular` and CCA"},
  });
  // clang-format on
}();

/// The compiler names a measure that is missing here; it is then missing above, too.
constexpr bool is_measure(Measure measure) {
  switch (measure) {
    case Measure::mean_cca:
    case Measure::r2_cca:
    case Measure::r2_cca_adjusted:
    case Measure::pwcca:
    case Measure::pwcca_y:
    case Measure::pwcca_mean:
    case Measure::svcca:
    case Measure::linear_cka:
    case Measure::linear_cka_debiased:
    case Measure::rv2:
    case Measure::linreg_x_from_y:
    case Measure::linreg_y_from_x:
    case Measure::procrustes:
    case Measure::procrustes_normalised:
    case Measure::angular:
    case Measure::partial_whitening:
      return true;
  }
  return false;
}

constexpr bool is_whole() {
  for (std::size_t i = 0; i < registry.size(); ++i) {
    if (registry[i].measure != static_cast<Measure>(i)) return false;
  }
  return !is_measure(static_cast<Measure>(registry.size()));
}
static_assert(is_whole(), "expected one entry a measure, in the order of the enum");

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
