#include "livecca/moments/cross_moments.hpp"

#include "moments/moments_parts.hpp"
#include "moments/step_update.hpp"

namespace livecca {

CrossMoments::CrossMoments(std::size_t features_x, std::size_t features_y, MomentsOptions options)
    : options_(options),
      mean_x_{std::vector<double>(features_x), std::vector<double>(features_x)},
      mean_y_{std::vector<double>(features_y), std::vector<double>(features_y)},
      product_(features_x * features_y) {
  MomentsAccess::parts_of(*this).reset();
}

void CrossMoments::update(const PackedRows& x, const PackedRows& y, Executor& executor) {
  StepUpdate update(executor);
  const std::size_t rows_x = update.add_rows(x, options_.precision);
  update.add(*this, rows_x, update.add_rows(y, options_.precision));
  update.run();
}

void CrossMoments::merge(const CrossMoments& other) {
  merge_parts(MomentsAccess::parts_of(*this),
              MomentsAccess::parts_of(const_cast<CrossMoments&>(other)));  // only read
}

void CrossMoments::decay(double factor) { MomentsAccess::parts_of(*this).decay(factor); }

void CrossMoments::reset() { MomentsAccess::parts_of(*this).reset(); }

}  // namespace livecca
