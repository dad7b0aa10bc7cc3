#include <Eigen/Core>
#include <array>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "livecca/activations/eigen.hpp"
#include "livecca/moments/fourier_taps.hpp"
#include "livecca/moments/moments_file.hpp"
#include "livecca/moments/panel.hpp"
#include "support/random_data.hpp"
#include "valid_files/valid_files.hpp"

using namespace livecca;

namespace livecca_tests {
namespace {

constexpr Eigen::Index rows_per_step = 12;

/// Steps of two networks' two layers; widths that differ where `widths_differ`.
struct Run {
  PanelOptions options;
  int steps = 2;
  bool widths_differ = false;
  bool breaks = false;  ///< the last step lacks a tap and has NaNs in another
};

PanelMoments moments_of(const Run& run) {
  Executor executor(1);
  Panel panel(executor, run.options);
  const std::array<TapName, 4> names{
      {{"net", "a"}, {"reference", "a"}, {"net", "b"}, {"reference", "b"}}};
  for (const TapName& name : names) panel.add_tap(name, Layout::nc);
  panel.add_pair(0, 1);
  panel.add_pair(2, 3);
  for (int k = 0; k < run.steps; ++k) {
    const auto seed = static_cast<std::uint64_t>(k);
    auto [a, b] = shared_latents(rows_per_step, 2, run.widths_differ ? 3 : 2, seed);
    const bool broken = run.breaks && k == run.steps - 1;
    auto step = panel.begin();
    if (!broken) step.observe(0, view_of(a));
    step.observe(1, view_of(b));
    if (broken) a.setConstant(std::numeric_limits<double>::quiet_NaN());
    step.observe(2, view_of(a));
    step.observe(3, view_of(b));
    step.commit();
  }
  return panel.end_window();
}

/// One pair of convolutions, positions sampled.
PanelMoments moments_of_convolutions() {
  Executor executor(1);
  PanelOptions options;
  options.positions = Positions::sampled(2);
  Panel panel(executor, options);
  panel.add_tap({"net", "conv"}, Layout::nchw);
  panel.add_tap({"net", "conv at the start"}, Layout::nchw);
  panel.add_pair(0, 1);
  const Eigen::MatrixXd values = normal_matrix(10, 2 * 3 * 3, 1);
  const std::array<std::int64_t, 4> shape{10, 2, 3, 3};
  auto step = panel.begin();
  step.observe(0, ActivationView(values.data(), DType::float64, shape));
  step.observe(1, ActivationView(values.data(), DType::float64, shape));
  step.commit();
  return panel.end_window();
}

/// A volume, position by position and at every frequency.
PanelMoments moments_of_volumes() {
  Executor executor(1);
  Panel panel(executor, {});
  panel.add_tap({"net", "conv"}, Layout::ncdhw);
  FourierTaps frequencies(panel, {"net", "conv"}, Layout::ncdhw,
                          {.features = 1, .grid = {1, 2, 2}});
  const Eigen::MatrixXd values = normal_matrix(10, 2 * 2, 1);
  const std::array<std::int64_t, 5> shape{10, 1, 2, 1, 2};
  auto step = panel.begin();
  step.observe(0, ActivationView(values.data(), DType::float64, shape));
  frequencies.observe(step, ActivationView(values.data(), DType::float64, shape));
  step.commit();
  return panel.end_window();
}

struct ValidMoments {
  const char* name;
  PanelMoments moments;
  MomentsNotes notes;
};

std::vector<ValidMoments> valid_moments() {
  Run fast;
  fast.options.precision = Precision::fast;
  Run norms;
  norms.options.norm_sums = true;
  Run cut;
  cut.options.max_features = 1;
  cut.options.feature_seed = 7;
  Run ring{.options = {}, .steps = 4};
  ring.options.window = Window::last_blocks(3, 10);
  Run weighted{.options = {}, .steps = 3};
  weighted.options.window = Window::exponential(10);
  Run blocks{.options = {}, .steps = 10};
  blocks.options.error_blocks = 5;
  Run norms_in_blocks = blocks;
  norms_in_blocks.options.norm_sums = true;
  return {{"plain", moments_of({}), {}},
          {"notes", moments_of({}), {{"run", "7"}, {"über", "\"quoted\"\n"}}},
          {"widths", moments_of({.options = {}, .widths_differ = true}), {}},
          {"norm_sums", moments_of(norms), {}},
          {"fast", moments_of(fast), {}},
          {"cut_features", moments_of(cut), {}},
          {"blocks", moments_of(blocks), {}},
          {"norm_sums_in_blocks", moments_of(norms_in_blocks), {}},
          {"ring", moments_of(ring), {}},
          {"exponential", moments_of(weighted), {}},
          {"lost_taps", moments_of({.options = {}, .breaks = true}), {}},
          {"convolutions", moments_of_convolutions(), {}},
          {"volumes", moments_of_volumes(), {}},
          {"no_steps", moments_of({.options = {}, .steps = 0}), {}},
          {"nothing", {}, {}}};
}

}  // namespace

void write_valid_moments(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  for (const ValidMoments& valid : valid_moments()) {
    const auto path = folder / (std::string(valid.name) + ".moments");
    const auto saved = save_moments(path, valid.moments, valid.notes);
    if (!saved) throw std::runtime_error(saved.why());
  }
}

}  // namespace livecca_tests
