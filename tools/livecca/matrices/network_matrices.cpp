#include "matrices/network_matrices.hpp"

#include "livecca/common/executor.hpp"

namespace livecca::tool {
namespace {

NetworkMatrices::OfMeasure matrix_of(const PanelSolution& solution, const MeasureInfo& measure,
                                     const Networks& networks) {
  const std::size_t count = networks.paths.size();
  const MeasureInfo& other_side = info_of(measure.swapped);
  NetworkMatrices::OfMeasure result{PairMatrix(measure, count, count), {}};
  for (std::size_t pair = 0; pair < solution.pairs.size(); ++pair) {
    const auto [x, y] = std::pair(solution.pairs[pair].x, solution.pairs[pair].y);
    result.matrix.set(x, y, evaluate(solution, pair, measure));
    result.matrix.set(y, x, evaluate(solution, pair, other_side));
  }
  if (networks.groups) {
    result.means = group_means(result.matrix.values(), networks.groups->group_of,
                               networks.groups->names.size());
  }
  return result;
}

}  // namespace

NetworkMatrices network_matrices(const PanelMoments& moments, const std::string& layer,
                                 const Networks& networks, const ResultOptions& options,
                                 Executor& executor) {
  SolveOptions how = solve_options(options);
  for (const MeasureInfo* measure : options.measures) {
    how.quantities = how.quantities | info_of(measure->swapped).needs;
  }
  const PanelSolution solution = solve(moments, how, executor);
  const std::size_t count = networks.paths.size();
  NetworkMatrices result;
  result.layer = layer;
  result.faults = moments.faults;
  result.statuses.resize(count * count);
  for (std::size_t pair = 0; pair < solution.pairs.size(); ++pair) {
    const PairFacts& facts = result.facts.emplace_back(facts_of(solution, pair));
    const auto [x, y] = std::pair(solution.pairs[pair].x, solution.pairs[pair].y);
    result.statuses[x * count + y] = result.statuses[y * count + x] = facts.status;
  }
  for (const MeasureInfo* measure : options.measures) {
    result.measures.push_back(matrix_of(solution, *measure, networks));
  }
  return result;
}

}  // namespace livecca::tool
