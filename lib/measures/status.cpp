#include "livecca/measures/status.hpp"

namespace livecca {

const char* name_of(Status status) {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::rank_deficient:
      return "rank_deficient";
    case Status::undersampled:
      return "undersampled";
    case Status::nonfinite_rows:
      return "nonfinite_rows";
    case Status::too_few_samples:
      return "too_few_samples";
    case Status::constant:
      return "constant";
    case Status::not_converged:
      return "not_converged";
    case Status::missing:
      return "missing";
  }
  return nullptr;
}

const char* explain(Status status) {
  switch (status) {
    case Status::ok:
      return "enough samples, full rank.";
    case Status::rank_deficient:
      return "some neurons are dead or depend on others; behind a LayerNorm the rank is one below "
             "the width. The numbers are over the ranks.";
    case Status::undersampled:
      return "fewer than 10 samples per feature: similarities are inflated, read them against the "
             "noise floor.";
    case Status::nonfinite_rows:
      return "rows with NaN, infinity or values beyond 1e150 were left out.";
    case Status::too_few_samples:
      return "3 or fewer samples, or too few for this number: nothing can be said.";
    case Status::constant:
      return "a side does not vary, or by no more than the rounding of its values: nothing can "
             "correlate with it.";
    case Status::not_converged:
      return "a decomposition failed or the moments overflowed.";
    case Status::missing:
      return "a tap got no rows, changed its shape or was mostly not finite, its rows do not pair "
             "with the other side's, or the measure does not exist for such samples.";
  }
  return "unknown status.";
}

}  // namespace livecca
