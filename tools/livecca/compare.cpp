#include "compare.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "livecca/common/executor.hpp"
#include "livecca/moments/panel.hpp"
#include "npy_file.hpp"

namespace livecca::tool {
namespace {

// Bytes of one side's batch as float64. Larger batches do not run faster.
constexpr std::size_t batch_bytes = std::size_t{32} << 20U;

std::string expected_axes(Layout layout) {
  switch (layout) {
    case Layout::nc:
      return "2 axes (samples, features)";
    case Layout::nchw:
      return "4 axes (images, channels, height, width)";
    case Layout::nhwc:
      break;
  }
  return "4 axes (images, height, width, channels)";
}

ActivationShape shape_of(NpyFile& file, Layout layout) {
  const std::size_t axes = layout == Layout::nc ? 2 : 4;
  if (file.shape().size() != axes) {
    const bool image = layout == Layout::nc && file.shape().size() == 4;
    throw InputError(file.path() + ": expected " + expected_axes(layout) + " for layout " +
                     name_of(layout) + ", got shape " + shape_text(file.shape()) +
                     (image ? "; see --layout nchw and nhwc" : ""));
  }
  ActivationShape shape;
  std::string why;
  if (!read_shape(file.images(0, 1), layout, shape, why)) {
    throw InputError(file.path() + ": " + why);
  }
  shape.images = file.images();
  return shape;
}

void expect_pairing(const CompareOptions& options, const ActivationShape& x,
                    const ActivationShape& y) {
  if (x.images != y.images) {
    throw InputError("expected as many samples in both files, got " + std::to_string(x.images) +
                     " in " + options.x + " and " + std::to_string(y.images) + " in " + options.y);
  }
  if (x.grid != y.grid) {
    const auto text = [](Grid grid) {
      return std::to_string(grid.height) + " x " + std::to_string(grid.width);
    };
    throw InputError("expected the same height and width in both files, got " + text(x.grid) +
                     " in " + options.x + " and " + text(y.grid) + " in " + options.y);
  }
}

/// The system would kill a process that asks for more than there is: better to say so first.
void expect_memory(const ActivationShape& x, const ActivationShape& y) {
  const auto dx = static_cast<double>(x.features);
  const auto dy = static_cast<double>(y.features);
  // Moments, and the matrices that live at the same time while two taps and their pair are solved.
  const double needed = 8 * (10 * (dx * dx + dy * dy) + 6 * dx * dy);
  const double there =
      static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (there <= 0 || needed <= there) return;
  const auto gigabytes = [](double bytes) {
    return std::to_string(static_cast<std::uint64_t>(std::ceil(bytes / 1e9))) + " GB";
  };
  throw InputError("expected features whose covariances fit the memory of " + gigabytes(there) +
                   ", got " + std::to_string(x.features) + " and " + std::to_string(y.features) +
                   ", which take about " + gigabytes(needed));
}

std::size_t images_per_batch(const CompareOptions& options, const ActivationShape& x,
                             const ActivationShape& y) {
  const std::size_t values = x.grid.size() * std::max(x.features, y.features);
  const std::size_t affordable = std::max<std::size_t>(1, batch_bytes / 8 / values);
  return std::min({options.batch, affordable, x.images});
}

void observe(Panel::Step& step, std::size_t tap, NpyFile& file, std::size_t first,
             std::size_t count) {
  step.observe(tap, file.images(first, count));
  file.release();
}

PanelMoments gather(NpyFile& x, NpyFile& y, const CompareOptions& options, std::size_t batch,
                    Executor& executor) {
  // Non-finite rows are left out and counted, however many: nobody waits for a next window here.
  PanelOptions panel_options;
  panel_options.positions = options.positions;
  panel_options.nonfinite_limit = 1.0;
  Panel panel(executor, panel_options);
  const std::size_t tap_x = panel.add_tap({"compare", "x"}, options.layout);
  const std::size_t tap_y = panel.add_tap({"compare", "y"}, options.layout);
  panel.add_pair(tap_x, tap_y);
  const std::size_t images = x.images();
  for (std::size_t first = 0; first < images; first += batch) {
    const std::size_t count = std::min(batch, images - first);
    Panel::Step step = panel.begin();
    observe(step, tap_x, x, first, count);
    observe(step, tap_y, y, first, count);
    step.commit();
  }
  return panel.take();
}

ComparedFile description_of(const NpyFile& file) {
  return {file.path(),
          file.header().element.text,
          file.header().fortran_order,
          {file.shape().begin(), file.shape().end()}};
}

}  // namespace

std::vector<const MeasureInfo*> all_measures() {
  std::vector<const MeasureInfo*> all;
  for (const MeasureInfo& measure : measures()) all.push_back(&measure);
  return all;
}

Comparison compare(const CompareOptions& options) {
  NpyFile x(options.x);
  NpyFile y(options.y);
  const ActivationShape shape_x = shape_of(x, options.layout);
  const ActivationShape shape_y = shape_of(y, options.layout);
  expect_pairing(options, shape_x, shape_y);
  expect_memory(shape_x, shape_y);

  Comparison result;
  result.x = description_of(x);
  result.y = description_of(y);
  result.layout = options.layout;
  result.has_svcca =
      std::ranges::find(options.measures, find_measure("svcca")) != options.measures.end();
  SolveOptions solve_options = options.solve;
  solve_options.svcca = result.has_svcca;
  Executor executor;
  const PanelMoments moments =
      gather(x, y, options, images_per_batch(options, shape_x, shape_y), executor);
  result.solution = solve(moments, solve_options, executor);
  result.facts = facts_of(result.solution, 0);
  for (const MeasureInfo* measure : options.measures) {
    result.results.push_back(evaluate(result.solution, 0, *measure));
  }
  result.mean_cca_floor = evaluate(result.solution, 0, *find_measure("mean_cca")).similarity_floor;
  return result;
}

}  // namespace livecca::tool
