#include "livecca/measures/standard_error.hpp"

#include <cmath>
#include <random>
#include <utility>

#include "moments/panel_merge.hpp"

namespace livecca {
namespace {

// Each split gives two values. More of them would only average over the choice of splits: what the
// error is worth is decided by the number of blocks.
constexpr std::size_t splits = 10;
constexpr std::uint64_t split_seed = 1;

double weight_of(const PanelMoments& moments, std::size_t pair) {
  const auto& tap = moments.taps[moments.pairs[pair].x].moments;
  return tap ? tap->weights().image_sum : 0;
}

PanelMoments sum_of(const PanelMoments& window, std::span<const std::size_t> blocks) {
  PanelMoments sum = empty_like(window);
  for (const std::size_t block : blocks) add_present(sum, window.blocks[block]);
  return sum;
}

std::vector<std::size_t> blocks_with_rows(const PanelMoments& window) {
  std::vector<std::size_t> blocks;
  for (std::size_t b = 0; b < window.blocks.size(); ++b) {
    if (window.blocks[b].steps_committed > 0) blocks.push_back(b);
  }
  return blocks;
}

/// Where the samples of a half do not exceed the directions of both sides, some correlations are 1
/// whatever the data: they would vary too little.
bool is_forced(const PairFacts& half, const MeasureInfo& measure) {
  const auto exceeds = [&half](std::size_t directions) {
    return half.effective_samples - 1 <= static_cast<double>(directions);
  };
  if (measure.needs.svcca) return exceeds(half.svcca_kept[0] + half.svcca_kept[1]);
  return measure.needs.whitening && exceeds(half.ranks[0].value_or(0) + half.ranks[1].value_or(0));
}

/// What a half's value would be of the whole window's size.
double at_whole_size(double value, double share, const MeasureInfo& measure) {
  return measure.measure == Measure::procrustes ? value / std::sqrt(share) : value;
}

/// Halves of the window, solved: of every pair and measure its values, or none at all if one of
/// them is missing.
class HalfValues {
 public:
  HalfValues(const PanelMoments& window, std::span<const MeasureInfo* const> measures)
      : window_(window),
        measures_(measures),
        values_(window.pairs.size() * measures.size()),
        missing_(values_.size()) {}

  void add(const PanelMoments& half, const PanelSolution& solution) {
    for (std::size_t pair = 0; pair < window_.pairs.size(); ++pair) {
      const double share = weight_of(half, pair) / weight_of(window_, pair);
      const PairFacts facts = facts_of(solution, pair);
      for (std::size_t m = 0; m < measures_.size(); ++m) {
        const std::size_t place = pair * measures_.size() + m;
        const auto value = evaluate_value(solution, pair, *measures_[m]);
        if (value && share > 0 && share < 1 && !is_forced(facts, *measures_[m])) {
          values_[place].push_back({at_whole_size(*value, share, *measures_[m]), share});
        } else {
          missing_[place] = true;
        }
      }
    }
  }

  JackknifeValues take(std::size_t pair, std::size_t measure) {
    const std::size_t place = pair * measures_.size() + measure;
    if (missing_[place]) return {};
    JackknifeValues taken{std::move(values_[place]), std::nullopt};
    taken.error = jackknife_error(taken.halves);
    if (!taken.error) taken.halves.clear();
    return taken;
  }

 private:
  const PanelMoments& window_;
  std::span<const MeasureInfo* const> measures_;
  std::vector<std::vector<HalfValue>> values_;
  std::vector<bool> missing_;
};

/// A shuffle of its own: the standard library's differs from one to the next.
void shuffle(std::vector<std::size_t>& blocks, std::mt19937_64& engine) {
  for (std::size_t i = blocks.size(); i > 1; --i) std::swap(blocks[i - 1], blocks[engine() % i]);
}

/// The line value = a + b / share through the halves, each weighted by its accuracy; b = 0 if all
/// have the same share.
class BiasLine {
 public:
  explicit BiasLine(std::span<const HalfValue> halves) {
    double total = 0;
    for (const HalfValue& half : halves) {
      const double weight = weight_of_half(half);
      total += weight;
      mean_ += weight * half.value;
      mean_inverse_ += weight / half.share;
    }
    mean_ /= total;
    mean_inverse_ /= total;
    double squares = 0;
    double products = 0;
    for (const HalfValue& half : halves) {
      const double off = 1 / half.share - mean_inverse_;
      squares += weight_of_half(half) * off * off;
      products += weight_of_half(half) * off * (half.value - mean_);
    }
    constexpr double rounding = 1e-12;
    if (squares > rounding * total) slope_ = products / squares;
  }

  double at(double share) const { return mean_ + slope_ * (1 / share - mean_inverse_); }

 private:
  static double weight_of_half(const HalfValue& half) { return half.share / (1 - half.share); }

  double mean_ = 0;
  double mean_inverse_ = 0;
  double slope_ = 0;
};

}  // namespace

std::optional<double> jackknife_error(std::span<const HalfValue> halves) {
  if (halves.empty()) return std::nullopt;
  const auto count = static_cast<double>(halves.size());
  const BiasLine line(halves);
  double variance = 0;
  for (const auto& [value, share] : halves) {
    const double off = value - line.at(share);
    variance += off * off * share / (1 - share) / count;
  }
  return std::isfinite(variance) ? std::optional(std::sqrt(variance)) : std::nullopt;
}

std::vector<std::vector<JackknifeValues>> jackknife_values(
    const PanelMoments& window, const PanelSolution& whole, const SolveOptions& options,
    std::span<const MeasureInfo* const> measures, Executor& executor) {
  std::vector<std::vector<JackknifeValues>> found(window.pairs.size(),
                                                  std::vector<JackknifeValues>(measures.size()));
  std::vector<std::size_t> blocks = blocks_with_rows(window);
  if (blocks.size() < fewest_error_blocks) return found;
  HalfValues values(window, measures);
  std::mt19937_64 engine(split_seed);
  for (std::size_t split = 0; split < splits; ++split) {
    shuffle(blocks, engine);
    const std::span<const std::size_t> all(blocks);
    for (const auto part : {all.first(blocks.size() / 2), all.subspan(blocks.size() / 2)}) {
      const PanelMoments half = sum_of(window, part);
      values.add(half, solve(half, options, executor));
    }
  }
  for (std::size_t pair = 0; pair < window.pairs.size(); ++pair) {
    for (std::size_t m = 0; m < measures.size(); ++m) {
      if (evaluate_value(whole, pair, *measures[m])) found[pair][m] = values.take(pair, m);
    }
  }
  return found;
}

std::vector<std::vector<std::optional<double>>> standard_errors(
    const PanelMoments& window, const PanelSolution& whole, const SolveOptions& options,
    std::span<const MeasureInfo* const> measures, Executor& executor) {
  std::vector<std::vector<std::optional<double>>> errors;
  for (const auto& pair : jackknife_values(window, whole, options, measures, executor)) {
    std::vector<std::optional<double>>& of_pair = errors.emplace_back();
    for (const JackknifeValues& values : pair) of_pair.push_back(values.error);
  }
  return errors;
}

}  // namespace livecca
