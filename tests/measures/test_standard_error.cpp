#include "livecca/measures/standard_error.hpp"

#include <doctest/doctest.h>

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::PairOfViews;
using livecca_tests::stream;

namespace {

constexpr std::uint64_t standard_error_seed = 271828;
constexpr int draws = 200;
// Of these the errors are computed, too: of all it would take half a minute.
constexpr int draws_with_errors = 60;

const MeasureInfo& info_of(std::string_view name) {
  const auto all = measures();
  return *std::ranges::find(all, name, &MeasureInfo::name);
}

std::vector<const MeasureInfo*> all_measures() {
  std::vector<const MeasureInfo*> all;
  for (const MeasureInfo& info : measures()) all.push_back(&info);
  return all;
}

/// Two populations with correlated latents: fixed maps, fresh samples.
PairOfViews redraw(Eigen::Index samples, std::uint64_t draw) {
  const Eigen::MatrixXd latents = normal_matrix(samples, 6, standard_error_seed + 10 * draw);
  Eigen::VectorXd strength(6);
  strength << 3, 2, 1.5, 1, 0.7, 0.4;
  const Eigen::MatrixXd seen = latents * strength.asDiagonal();
  return {seen * normal_matrix(6, 10, 1) +
              normal_matrix(samples, 10, standard_error_seed + 10 * draw + 1),
          seen * normal_matrix(6, 8, 2) +
              normal_matrix(samples, 8, standard_error_seed + 10 * draw + 2)};
}

/// The mean standard error over the draws, and the spread of the values, of every measure.
struct ErrorsAndSpread {
  std::vector<double> mean_error;
  std::vector<double> spread;
};

template <typename MakeWindow>
ErrorsAndSpread over_redraws(const MakeWindow& make_window, Executor& executor,
                             const std::vector<const MeasureInfo*>& names = all_measures()) {
  Eigen::MatrixXd values(draws, static_cast<Eigen::Index>(names.size()));
  Eigen::MatrixXd errors(draws_with_errors, values.cols());
  for (int draw = 0; draw < draws; ++draw) {
    const PanelMoments window = make_window(static_cast<std::uint64_t>(draw));
    const PanelSolution solution = solve(window, {}, executor);
    for (std::size_t m = 0; m < names.size(); ++m) {
      values(draw, static_cast<Eigen::Index>(m)) = evaluate(solution, 0, *names[m]).value.value();
    }
    if (draw >= draws_with_errors) continue;
    const auto found = standard_errors(window, solution, {}, names, executor);
    for (std::size_t m = 0; m < names.size(); ++m) {
      errors(draw, static_cast<Eigen::Index>(m)) = found[0][m].value();
    }
  }
  ErrorsAndSpread result;
  for (Eigen::Index m = 0; m < values.cols(); ++m) {
    result.mean_error.push_back(std::sqrt(errors.col(m).squaredNorm() / draws_with_errors));
    const Eigen::VectorXd centered = values.col(m).array() - values.col(m).mean();
    result.spread.push_back(std::sqrt(centered.squaredNorm() / (draws - 1)));
  }
  return result;
}

void check_within_20_percent(const ErrorsAndSpread& found,
                             const std::vector<const MeasureInfo*>& names = all_measures()) {
  for (std::size_t m = 0; m < names.size(); ++m) {
    CAPTURE(names[m]->name);
    const double ratio = found.mean_error[m] / found.spread[m];
    MESSAGE(names[m]->name << ": standard error " << found.mean_error[m] << ", spread "
                           << found.spread[m] << ", ratio " << ratio);
    CHECK(ratio > 0.8);
    CHECK(ratio < 1.2);
  }
}

PanelOptions in_blocks(std::size_t blocks) {
  PanelOptions options;
  options.error_blocks = blocks;
  options.norm_sums = true;
  return options;
}

}  // namespace

TEST_CASE("standard errors are the spread over redrawn data, within 20 %, for every measure") {
  MESSAGE("seed " << standard_error_seed << ", " << draws << " redraws");
  Executor executor(2);
  for (const Eigen::Index samples : {200, 1000}) {
    CAPTURE(samples);
    MESSAGE("samples " << samples);
    check_within_20_percent(over_redraws(
        [&](std::uint64_t draw) {
          const PairOfViews views = redraw(samples, draw);
          return stream(views.x, views.y, samples / 20, executor, in_blocks(20));
        },
        executor));
  }
}

TEST_CASE("batches of unequal size do not make the error too large") {
  MESSAGE("seed " << standard_error_seed << ", " << draws << " redraws");
  Executor executor(2);
  const std::vector<const MeasureInfo*> names{&info_of("pwcca"), &info_of("mean_cca")};
  // Six of 25 and one of 10: about the mean of the halves, the errors were 1.5 and 2 times this.
  check_within_20_percent(over_redraws(
                              [&](std::uint64_t draw) {
                                const PairOfViews views = redraw(160, draw);
                                return stream(views.x, views.y, 25, executor, in_blocks(10));
                              },
                              executor, names),
                          names);
}

TEST_CASE("what halves differ by because of their size alone is no error") {
  std::vector<HalfValue> halves;
  for (const double share : {0.4, 0.6, 0.45, 0.55, 0.4, 0.6}) {
    halves.push_back({0.3 + 0.02 / share, share});
  }
  CHECK(jackknife_error(halves).value() < 1e-12);
  // The error of halves that are alike in size is that about their mean.
  const std::vector<HalfValue> alike{{0.2, 0.5}, {0.4, 0.5}, {0.25, 0.5}, {0.35, 0.5}};
  CHECK(jackknife_error(alike).value() == doctest::Approx(std::sqrt(0.00625)).epsilon(1e-12));
}

TEST_CASE("positions that depend on one another do not make the error too small") {
  MESSAGE("seed " << standard_error_seed << ", " << draws << " redraws");
  Executor executor(2);
  std::vector<const MeasureInfo*> names = all_measures();
  std::erase(names, &info_of(Measure::r2_cca_adjusted));  // not for several rows an image
  // 400 images of 4 positions that are nearly copies: as much is known as from 400 rows.
  const auto found = over_redraws(
      [&](std::uint64_t draw) {
        const PairOfViews views = redraw(400, draw);
        const auto tensor = [&](const Eigen::MatrixXd& rows, std::uint64_t noise) {
          Eigen::MatrixXd copies(rows.cols() * 4, rows.rows());  // image after image, NHWC
          for (Eigen::Index p = 0; p < 4; ++p) {
            copies.middleRows(p * rows.cols(), rows.cols()) =
                (rows + 0.1 * normal_matrix(rows.rows(), rows.cols(),
                                            noise + static_cast<std::uint64_t>(p)))
                    .transpose();
          }
          return copies;
        };
        const Eigen::MatrixXd x = tensor(views.x, 1000 * draw + 7);
        const Eigen::MatrixXd y = tensor(views.y, 1000 * draw + 77);
        Panel panel(executor, in_blocks(10));
        panel.add_tap({"net", "conv"}, Layout::nhwc);
        panel.add_tap({"ref", "conv"}, Layout::nhwc);
        panel.add_pair(0, 1);
        for (Eigen::Index first = 0; first < 400; first += 40) {
          const auto view = [&](const Eigen::MatrixXd& all) {
            const std::array<std::int64_t, 4> shape{40, 2, 2, all.rows() / 4};
            return ActivationView(all.data() + first * all.rows(), DType::float64, shape);
          };
          auto step = panel.begin();
          step.observe(0, view(x));
          step.observe(1, view(y));
          step.commit();
        }
        return panel.end_window();
      },
      executor, names);
  check_within_20_percent(found, names);
}

TEST_CASE("an exponential window's errors are those of what it remembers") {
  MESSAGE("seed " << standard_error_seed << ", " << draws << " redraws");
  Executor executor(2);
  PanelOptions options;
  options.error_blocks = 20;
  options.window = Window::exponential(300);
  double squares = 0;
  Eigen::VectorXd values(draws);
  for (int draw = 0; draw < draws; ++draw) {
    const PairOfViews views = redraw(1500, static_cast<std::uint64_t>(draw));
    const PanelMoments window = stream(views.x, views.y, 10, executor, options);
    const PanelSolution solution = solve(window, {}, executor);
    const std::array<const MeasureInfo*, 1> pwcca{find_measure("pwcca")};
    values(draw) = evaluate(solution, 0, *pwcca[0]).value.value();
    if (draw >= draws_with_errors) continue;
    squares += std::pow(standard_errors(window, solution, {}, pwcca, executor)[0][0].value(), 2);
  }
  const double spread = std::sqrt((values.array() - values.mean()).square().sum() / (draws - 1));
  const double ratio = std::sqrt(squares / draws_with_errors) / spread;
  MESSAGE("ratio " << ratio);
  CHECK(ratio > 0.8);
  CHECK(ratio < 1.2);
}

TEST_CASE("halves tell the error of a difference between two windows of the same inputs") {
  MESSAGE("seed " << standard_error_seed << ", " << draws << " redraws");
  Executor executor(2);
  const std::array<const MeasureInfo*, 3> names{find_measure("mean_cca"), find_measure("pwcca"),
                                                find_measure("linear_cka")};
  Eigen::MatrixXd differences(draws, 3);
  Eigen::Array3d squares = Eigen::Array3d::Zero();
  Eigen::Array3d as_if_independent = Eigen::Array3d::Zero();
  for (int draw = 0; draw < draws; ++draw) {
    PairOfViews views = redraw(1000, static_cast<std::uint64_t>(draw));
    const auto solved = [&] {
      const PanelMoments window = stream(views.x, views.y, 100, executor, in_blocks(10));
      const PanelSolution solution = solve(window, {}, executor);
      return draw < draws_with_errors
                 ? std::pair(solution, jackknife_values(window, solution, {}, names, executor)[0])
                 : std::pair(solution, std::vector<JackknifeValues>());
    };
    const auto [before, errors_before] = solved();
    // The network has moved on by a little, and sees the same inputs.
    views.x += 0.5 * normal_matrix(1000, 10,
                                   standard_error_seed + 10 * static_cast<std::uint64_t>(draw) + 5);
    const auto [after, errors_after] = solved();
    for (Eigen::Index m = 0; m < 3; ++m) {
      const auto measure = static_cast<std::size_t>(m);
      differences(draw, m) = evaluate(after, 0, *names[measure]).value.value() -
                             evaluate(before, 0, *names[measure]).value.value();
      if (draw >= draws_with_errors) continue;
      std::vector<HalfValue> halves = errors_after[measure].halves;
      CHECK(jackknife_error(halves) == errors_after[measure].error);
      REQUIRE(halves.size() == 20);
      for (std::size_t h = 0; h < 20; ++h) {
        halves[h].value -= errors_before[measure].halves.at(h).value;
      }
      squares(m) += std::pow(jackknife_error(halves).value(), 2);
      as_if_independent(m) += std::pow(errors_before[measure].error.value(), 2) +
                              std::pow(errors_after[measure].error.value(), 2);
    }
  }
  const Eigen::MatrixXd centered = differences.rowwise() - differences.colwise().mean();
  const Eigen::Array3d spread = (centered.colwise().squaredNorm() / (draws - 1)).array().sqrt();
  const Eigen::Array3d ratios = (squares / draws_with_errors).sqrt() / spread;
  const Eigen::Array3d independent = (as_if_independent / draws_with_errors).sqrt() / spread;
  MESSAGE("of the spread: " << ratios.transpose() << "; as if the windows had nothing in common: "
                            << independent.transpose());
  CHECK(ratios.minCoeff() > 0.8);
  // Too large is on the safe side: halves lose more of the small correlations than whole windows.
  CHECK(ratios.maxCoeff() < 1.5);
}

TEST_CASE("there is no error without blocks, with few of them, or without a value") {
  Executor executor(1);
  const auto names = all_measures();
  const PairOfViews views = redraw(100, 0);
  const auto errors = [&](const Eigen::MatrixXd& x, Eigen::Index batch, std::size_t blocks) {
    const PanelMoments window = stream(x, views.y, batch, executor, in_blocks(blocks));
    return standard_errors(window, solve(window, {}, executor), {}, names, executor)[0];
  };
  for (const auto& error : errors(views.x, 10, 0)) CHECK_FALSE(error);
  for (const auto& error : errors(views.x, 25, 10)) CHECK_FALSE(error);  // 4 blocks have rows
  for (const auto& error : errors(Eigen::MatrixXd::Ones(100, 3), 10, 10)) CHECK_FALSE(error);
  for (const auto& error : errors(views.x, 20, 10)) CHECK(error.value_or(0) > 0);
  // Blocks of unequal size count by what they hold.
  for (const auto& error : errors(views.x, 9, 6)) CHECK(error.value_or(0) > 0);
}
