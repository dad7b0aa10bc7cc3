#include "serve/answers/decimation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace livecca::tool {
namespace {

constexpr std::size_t always_kept = 4;  // of a column

/// The column of an x within the range, from 0.
class Columns {
 public:
  explicit Columns(const PixelColumns& columns)
      : columns_(columns), from_(scaled(columns.from)), to_(scaled(columns.to)) {}

  std::size_t of(double x) const {
    const double share = (scaled(x) - from_) / (to_ - from_);
    if (!(share > 0)) return 0;  // also where the range is a point
    const auto width = static_cast<double>(columns_.width);
    return static_cast<std::size_t>(std::min(width - 1, std::floor(share * width)));
  }

 private:
  double scaled(double x) const { return columns_.is_logarithmic ? std::log(x) : x; }

  PixelColumns columns_;
  double from_;
  double to_;
};

void keep_column(std::size_t begin, std::size_t end, std::span<const double> y,
                 std::vector<std::size_t>& kept) {
  if (end - begin <= always_kept) {
    for (std::size_t i = begin; i < end; ++i) kept.push_back(i);
    return;
  }
  std::size_t lowest = end;
  std::size_t highest = end;
  std::size_t gap = end;
  for (std::size_t i = begin; i < end; ++i) {
    if (std::isnan(y[i])) {
      gap = std::min(gap, i);
    } else {
      if (lowest == end || y[i] < y[lowest]) lowest = i;
      if (highest == end || y[i] > y[highest]) highest = i;
    }
  }
  std::array<std::size_t, 5> all{begin, lowest, highest, gap, end - 1};
  std::ranges::sort(all);
  const auto distinct = std::ranges::unique(all);
  for (auto i = all.begin(); i != distinct.begin(); ++i) {
    if (*i < end) kept.push_back(*i);
  }
}

std::pair<std::size_t, std::size_t> range_within(std::span<const double> x,
                                                 const PixelColumns& columns) {
  const auto begin = std::ranges::lower_bound(x, columns.from);
  const auto end = std::ranges::upper_bound(x, columns.to);
  const auto first = static_cast<std::size_t>(begin - x.begin());
  return {first, std::max(first, static_cast<std::size_t>(end - x.begin()))};
}

}  // namespace

std::vector<std::size_t> decimated(std::span<const double> x, std::span<const double> y,
                                   const PixelColumns& columns) {
  const auto [first, last] = range_within(x, columns);
  std::vector<std::size_t> kept;
  if (first > 0) kept.push_back(first - 1);
  const Columns of(columns);
  for (std::size_t begin = first; begin < last;) {
    const std::size_t column = of.of(x[begin]);
    std::size_t end = begin + 1;
    while (end < last && of.of(x[end]) == column) ++end;
    keep_column(begin, end, y, kept);
    begin = end;
  }
  if (last < x.size()) kept.push_back(last);
  return kept;
}

std::size_t count_within(std::span<const double> x, const PixelColumns& columns) {
  const auto [first, last] = range_within(x, columns);
  return last - first;
}

}  // namespace livecca::tool
