#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace livecca::tool {

/// A value a snapshot; nothing where there is none.
using Series = std::vector<std::optional<double>>;

/// The means of `width` stretches of a longer series, of what values they have.
Series resampled(const Series& series, std::size_t width);

/// A bar of ▁ to █ a value, low at `low` and below and full at `high`, blank where there is none.
/// Of a series longer than `width`, means; of one at most half as long, two bars a value.
std::string sparkline(const Series& series, double low, double high, std::size_t width);

/// What a full bar stands for if this is the highest value. It is never less than ten times the
/// last digit that is shown of a number, so that rounding errors have no bars.
double full_bar(double highest);

/// Whether two numbers differ by rounding errors only.
bool are_the_same(double a, double b);

/// The one bar of a value.
std::string bar(std::optional<double> value, double low, double high);

}  // namespace livecca::tool
