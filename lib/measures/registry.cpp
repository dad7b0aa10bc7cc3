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

constexpr std::array<MeasureInfo, 16> registry{{
    {Measure::mean_cca, "mean_cca", similarity, Measure::mean_cca, true, correlations, false,
     "mean canonical correlation over the smaller rank"},
    {Measure::r2_cca, "r2_cca", similarity, Measure::r2_cca, false, whitening, false,
     "mean squared canonical correlation"},
    {Measure::r2_cca_adjusted, "r2_cca_adjusted", similarity, Measure::r2_cca_adjusted, false,
     whitening, false, "the same less what unrelated data would score, around 0 for them"},
    {Measure::pwcca, "pwcca", similarity, Measure::pwcca_y, true, weights, false,
     "canonical correlations weighted by what they explain of the first side"},
    {Measure::pwcca_y, "pwcca_y", similarity, Measure::pwcca, false, weights, false,
     "the same weighted by the second side"},
    {Measure::pwcca_mean, "pwcca_mean", similarity, Measure::pwcca_mean, false, weights, false,
     "the mean of both"},
    {Measure::svcca, "svcca", similarity, Measure::svcca, true, svcca, false,
     "mean canonical correlation of the leading principal directions"},
    {Measure::linear_cka, "linear_cka", similarity, Measure::linear_cka, false, nothing, false,
     "linear centred kernel alignment (the RV coefficient)"},
    {Measure::linear_cka_debiased, "linear_cka_debiased", similarity, Measure::linear_cka_debiased,
     false, nothing, true, "the same from unbiased estimates, around 0 for unrelated data"},
    {Measure::rv2, "rv2", similarity, Measure::rv2, false, nothing, true,
     "the same without what each sample has in common with itself"},
    {Measure::linreg_x_from_y, "linreg_x_from_y", similarity, Measure::linreg_y_from_x, false,
     whitening, false,
     "share of the first side's variance that a linear map of the second explains"},
    {Measure::linreg_y_from_x, "linreg_y_from_x", similarity, Measure::linreg_x_from_y, false,
     whitening, false, "the same with the sides swapped"},
    {Measure::procrustes, "procrustes", distance, Measure::procrustes, true, nuclear_norm, false,
     "what a rotation leaves between the sides, in the activations' unit"},
    {Measure::procrustes_normalised, "procrustes_normalised", distance,
     Measure::procrustes_normalised, true, nuclear_norm, false,
     "the same, squared, of sides scaled to unit norm: 0 to 2"},
    {Measure::angular, "angular", distance, Measure::angular, true, nuclear_norm, false,
     "the angle between the sides' shapes: 0 to pi/2"},
    {Measure::partial_whitening, "partial_whitening", distance, Measure::partial_whitening, true,
     partial, false, "the same between partly whitened sides, half way to CCA"},
}};

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
