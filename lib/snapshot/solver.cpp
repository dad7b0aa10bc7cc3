#include "livecca/snapshot/solver.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "livecca/common/error.hpp"
#include "moments/panel_merge.hpp"
#include "snapshot/pair_solver.hpp"
#include "snapshot/position_chance.hpp"
#include "snapshot/position_sample.hpp"
#include "snapshot/whitening.hpp"

namespace livecca {
namespace {

using SharedTap = std::shared_ptr<const WhitenedTap>;

void expect_sane(const SolveOptions& options) {
  if (!(options.keep_variance > 0 && options.keep_variance <= 1)) {
    throw Error("solve: expected keep_variance above 0 and at most 1, got " +
                std::to_string(options.keep_variance));
  }
  if (!(options.partial_whitening_alpha >= 0 && options.partial_whitening_alpha <= 1)) {
    throw Error("solve: expected partial_whitening_alpha from 0 to 1, got " +
                std::to_string(options.partial_whitening_alpha));
  }
}

void expect_whole(const PanelMoments& moments) {
  for (std::size_t i = 0; i < moments.pairs.size(); ++i) {
    const std::string why = pair_misfit(moments, moments.pairs[i]);
    if (!why.empty()) throw Error("solve: pair " + std::to_string(i) + ": " + why);
  }
}

/// Features from which on one problem keeps all threads busy.
constexpr std::size_t worth_all_threads = 384;

/// Images that come again say nothing new.
void count_different(TapSolution& tap, double share) {
  const bool one_row_an_image = tap.effective_rows == tap.effective_samples;
  tap.effective_samples *= share;
  if (one_row_an_image) tap.effective_rows = tap.effective_samples;
}

}  // namespace

struct Solver::State {
  explicit State(Executor& the_executor) : executor(the_executor) {}

  /// The taps of a window; `fresh` are those to be whitened.
  std::vector<SharedTap> take_known(const PanelMoments& moments, std::vector<std::size_t>& fresh) {
    std::vector<SharedTap> taps(moments.taps.size());
    for (std::size_t i = 0; i < taps.size(); ++i) {
      const auto& tap = moments.taps[i].moments;
      const auto found = tap ? known.find(tap->version()) : known.end();
      if (found == known.end()) {
        fresh.push_back(i);
      } else {
        taps[i] = found->second;
      }
    }
    return taps;
  }

  void keep(const PanelMoments& moments, const std::vector<SharedTap>& taps) {
    for (std::size_t i = 0; i < taps.size(); ++i) {
      if (moments.taps[i].moments) known[moments.taps[i].moments->version()] = taps[i];
    }
  }

  /// Tasks run side by side, wide ones in full rounds of all threads. The wide ones that are left
  /// over run one after the other, each on all threads.
  template <typename Width, typename Task>
  void for_each(std::size_t count, const Width& width, const Task& task) {
    std::vector<std::size_t> side_by_side;
    std::vector<std::size_t> wide;
    for (std::size_t i = 0; i < count; ++i) {
      (width(i) >= worth_all_threads ? wide : side_by_side).push_back(i);
    }
    const std::size_t even =
        wide.size() - wide.size() % static_cast<std::size_t>(executor.concurrency());
    side_by_side.insert(side_by_side.begin(), wide.begin(),
                        wide.begin() + static_cast<std::ptrdiff_t>(even));
    wide.erase(wide.begin(), wide.begin() + static_cast<std::ptrdiff_t>(even));
    executor.parallel_for(Lane::solve, side_by_side.size(),
                          [&](std::size_t i) { task(side_by_side[i], Tasks()); });
    for (const std::size_t i : wide) task(i, Tasks(executor));
  }

  Executor& executor;
  SolveOptions options;
  std::map<std::uint64_t, SharedTap> known;  ///< by the moments' version
  std::uint64_t whitened = 0;
};

Solver::Solver(Executor& executor) : state_(std::make_unique<State>(executor)) {}
Solver::~Solver() = default;
Solver::Solver(Solver&&) noexcept = default;

std::uint64_t Solver::whitened_taps() const { return state_->whitened; }

PanelSolution Solver::solve(const PanelMoments& moments, const SolveOptions& options) {
  expect_sane(options);
  expect_whole(moments);
  State& state = *state_;
  if (!(options == state.options)) state.known.clear();
  state.options = options;
  std::vector<std::size_t> fresh;
  std::vector<SharedTap> taps = state.take_known(moments, fresh);
  state.known.clear();
  const auto features_of = [&](std::size_t tap) {
    return moments.taps[tap].moments ? moments.taps[tap].moments->features() : 0;
  };
  const auto fresh_width = [&](std::size_t i) { return features_of(fresh[i]); };
  state.for_each(fresh.size(), fresh_width, [&](std::size_t i, const Tasks& tasks) {
    const TapMoments& tap = moments.taps[fresh[i]];
    auto whitened = std::make_shared<WhitenedTap>(whiten(tap, options, tasks));
    whitened->positions = sample_positions(tap, *whitened);
    taps[fresh[i]] = std::move(whitened);
  });
  state.whitened += fresh.size();
  PanelSolution solution;
  solution.different_share = moments.different.share();
  solution.pairs.resize(moments.pairs.size());
  const auto pair_width = [&](std::size_t i) {
    return std::min(features_of(moments.pairs[i].x), features_of(moments.pairs[i].y));
  };
  state.for_each(moments.pairs.size(), pair_width, [&](std::size_t i, const Tasks& tasks) {
    const PairMoments& pair = moments.pairs[i];
    const WhitenedTap& x = *taps[pair.x];
    const WhitenedTap& y = *taps[pair.y];
    solution.pairs[i] = solve_pair(moments, pair, x, y, options, tasks);
    if (!solution.pairs[i].present || !solution.pairs[i].converged) return;
    const double images = std::min(x.facts.effective_samples, y.facts.effective_samples);
    solution.pairs[i].positions =
        position_chance(x, y, images * solution.different_share, options.quantities, tasks);
  });
  for (std::size_t i = 0; i < taps.size(); ++i) {
    TapSolution& facts = solution.taps.emplace_back(taps[i]->facts);
    facts.samples_left_out = moments.taps[i].samples_left_out;
    count_different(facts, solution.different_share);
  }
  state.keep(moments, taps);
  return solution;
}

PanelSolution solve(const PanelMoments& moments, const SolveOptions& options, Executor& executor) {
  return Solver(executor).solve(moments, options);
}

}  // namespace livecca
