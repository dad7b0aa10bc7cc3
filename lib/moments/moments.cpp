#include "livecca/moments/moments.hpp"

#include "moments/moments_parts.hpp"
#include "moments/step_update.hpp"

namespace livecca {

const char* name_of(Precision precision) {
  switch (precision) {
    case Precision::exact:
      return "exact";
    case Precision::fast:
      return "fast";
  }
  return nullptr;
}

Moments::Moments(std::size_t features, MomentsOptions options)
    : options_(options),
      mean_{std::vector<double>(features), std::vector<double>(features)},
      scatter_(features * features) {
  if (options.norm_sums) norms_ = NormSums{.p = 0, .pp = 0, .px = std::vector<double>(features)};
  MomentsAccess::parts_of(*this).mark_changed();
}

void Moments::update(const PackedRows& centered, Executor& executor) {
  StepUpdate update(executor);
  update.add(*this, update.add_rows(centered, options_.precision));
  update.run();
}

void Moments::merge(const Moments& other) {
  merge_parts(MomentsAccess::parts_of(*this),
              MomentsAccess::parts_of(const_cast<Moments&>(other)));  // only read
}

void Moments::decay(double factor) { MomentsAccess::parts_of(*this).decay(factor); }

void Moments::reset() { MomentsAccess::parts_of(*this).reset(); }

}  // namespace livecca
