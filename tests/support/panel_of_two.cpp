#include "support/panel_of_two.hpp"

#include <algorithm>

#include "livecca/activations/eigen.hpp"

namespace livecca_tests {

livecca::PanelMoments stream(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y, Eigen::Index batch,
                             livecca::Executor& executor, livecca::PanelOptions options) {
  livecca::Panel panel(executor, options);
  const auto tap_x = panel.add_tap({"net", "layer"}, livecca::Layout::nc);
  const auto tap_y = panel.add_tap({"reference", "layer"}, livecca::Layout::nc);
  panel.add_pair(tap_x, tap_y);
  for (Eigen::Index first = 0; first < x.rows(); first += batch) {
    const Eigen::Index rows = std::min(batch, x.rows() - first);
    auto step = panel.begin();
    step.observe(tap_x, livecca::view_of(x.middleRows(first, rows)));
    step.observe(tap_y, livecca::view_of(y.middleRows(first, rows)));
    step.commit();
  }
  return panel.end_window();
}

livecca::PanelSolution solve_pair(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y,
                                  livecca::Executor& executor, livecca::SolveOptions options) {
  return livecca::solve(stream(x, y, 256, executor), options, executor);
}

double direct_distance(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
  livecca::Executor executor(1);
  const auto solution = solve_pair(x, y, executor);
  return *livecca::evaluate(solution, 0, *livecca::find_measure("pwcca")).distance();
}

}  // namespace livecca_tests
