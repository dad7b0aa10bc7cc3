#pragma once

#include <cstdint>

#include "livecca/common/export.hpp"

namespace livecca {

/// Says whether a number can be used. Ordered from best to worst; if several apply, the worst is
/// given. From too_few_samples on there is no value.
enum class Status : std::uint8_t {
  ok,
  rank_deficient,   ///< a side has dead or dependent neurons; the value is over the ranks
  undersampled,     ///< independent samples < 10 × features: compare with the noise floor first
  nonfinite_rows,   ///< rows with NaN or infinity were left out
  too_few_samples,  ///< 3 or fewer, or too few for this number
  constant,         ///< a side does not vary
  not_converged,    ///< a decomposition failed, or moments overflowed
  missing,  ///< a tap was not fed or left the panel, rows did not pair, or there is no such number
};

/// The name that rows use: "ok", "rank_deficient", …; nullptr past the last one.
LIVECCA_EXPORT const char* name_of(Status status);
/// The meaning, as one sentence.
LIVECCA_EXPORT const char* explain(Status status);
/// Whether a measure with this status has a value.
inline bool has_value(Status status) { return status < Status::too_few_samples; }

}  // namespace livecca
