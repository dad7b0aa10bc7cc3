#pragma once

#include <Eigen/Core>

#include "livecca/measures/measure.hpp"
#include "livecca/moments/panel.hpp"
#include "livecca/snapshot/solve.hpp"

namespace livecca_tests {

/// Streams two matrices (rows = samples) through a panel of one pair, `batch` rows a step.
livecca::PanelMoments stream(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y, Eigen::Index batch,
                             livecca::Executor& executor, livecca::PanelOptions options = {});

livecca::PanelSolution solve_pair(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y,
                                  livecca::Executor& executor, livecca::SolveOptions options = {});

/// The PWCCA distance without a monitor.
double direct_distance(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y);

}  // namespace livecca_tests
