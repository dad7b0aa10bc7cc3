#include <algorithm>
#include <numeric>
#include <unordered_set>

#include "activations/split_mix.hpp"
#include "livecca/activations/layout.hpp"

namespace livecca {
namespace {

// From here on a hash table finds what was drawn before faster than a sorted list takes it in.
constexpr std::size_t many = 1024;

/// Floyd's sampling without replacement of `count` out of `population`, ascending: `count` draws,
/// no table of the whole population. The modulo's bias is below 2^-40 for any real size.
void draw(SplitMix random, std::size_t population, std::size_t count,
          std::vector<std::size_t>& out) {
  std::unordered_set<std::size_t> drawn;
  for (std::size_t upper = population - count; upper < population; ++upper) {
    const auto candidate = static_cast<std::size_t>(random.next() % (upper + 1));
    if (count > many) {
      if (!drawn.insert(candidate).second) drawn.insert(upper);
      continue;
    }
    const auto place = std::lower_bound(out.begin(), out.end(), candidate);
    if (place != out.end() && *place == candidate) {
      out.push_back(upper);  // larger than all before it, so the order holds
    } else {
      out.insert(place, candidate);
    }
  }
  if (count <= many) return;
  out.assign(drawn.begin(), drawn.end());
  std::ranges::sort(out);
}

void take_all(std::size_t population, std::vector<std::size_t>& out) {
  out.resize(population);
  std::iota(out.begin(), out.end(), std::size_t{0});
}

}  // namespace

std::size_t rows_per_image(const Positions& positions, Grid grid) {
  if (positions.per_image == 0) return grid.size();
  return std::min(positions.per_image, grid.size());
}

void choose_positions(const Positions& positions, Grid grid, std::uint64_t image,
                      std::vector<std::size_t>& out) {
  const std::size_t count = rows_per_image(positions, grid);
  out.clear();
  if (count == grid.size()) return take_all(count, out);
  draw(SplitMix(SplitMix(positions.seed).next() ^ (image * 0xD1342543DE82EF95U + 1U)), grid.size(),
       count, out);
}

void choose_features(std::size_t width, std::size_t count, std::uint64_t seed,
                     std::vector<std::size_t>& out) {
  out.clear();
  if (count >= width) return take_all(width, out);
  draw(SplitMix(SplitMix(seed).next() ^ width), width, count, out);
}

}  // namespace livecca
