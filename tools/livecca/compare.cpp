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
      return "4 axes (images, height, width, channels)";
    case Layout::ncl:
      return "3 axes (images, channels, length)";
    case Layout::ncdhw:
      return "5 axes (images, channels, depth, height, width)";
    case Layout::ntc:
      return "3 axes (sequences, steps, features)";
    case Layout::tnc:
      break;
  }
  return "3 axes (steps, sequences, features)";
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
void expect_memory(const CompareOptions& options, const ActivationShape& x,
                   const ActivationShape& y) {
  const auto kept = [&](std::size_t features) {
    const bool cut = options.max_features > 0 && features > options.max_features;
    return static_cast<double>(cut ? options.max_features : features);
  };
  const double dx = kept(x.features);
  const double dy = kept(y.features);
  // Moments, also in parts, and the matrices that live at the same time while two taps and their
  // pair are solved.
  const auto parts = static_cast<double>(2 * options.error_blocks);
  const double needed = 8 * ((10 + parts) * (dx * dx + dy * dy) + (6 + parts) * dx * dy);
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
  const std::size_t batch = std::min({options.batch, affordable, x.images});
  if (options.error_blocks == 0) return batch;
  if (x.images < options.error_blocks) {
    throw InputError("expected at least as many images as blocks for the standard errors, got " +
                     std::to_string(x.images) + " images for " +
                     std::to_string(options.error_blocks) + " blocks");
  }
  // At least one step for every block, and two where there are rows enough, to even out a short
  // last one.
  return std::clamp<std::size_t>(x.images / (2 * options.error_blocks), 1, batch);
}

void observe(Panel::Step& step, std::size_t tap, NpyFile& file, std::size_t first,
             std::size_t count) {
  step.observe(tap, file.images(first, count));
  file.release();
}

std::string side_text(const NpyFile& file) {
  return file.path() + "  " + shape_text(file.shape()) + " '" + file.header().element.text + "'" +
         (file.header().fortran_order ? ", Fortran order" : "");
}

PanelOptions panel_options(const CompareOptions& options) {
  const auto asked = [&](const char* name) {
    return std::ranges::find(options.measures, find_measure(name)) != options.measures.end();
  };
  PanelOptions result;
  result.positions = options.positions;
  // Non-finite rows are left out and counted, however many: nobody waits for a next window here.
  result.nonfinite_limit = 1.0;
  result.precision = options.precision;
  result.error_blocks = options.error_blocks;
  result.norm_sums = asked("linear_cka_debiased") || !options.save_moments.empty();
  result.max_features = options.max_features;
  return result;
}

}  // namespace

GatheredMoments gather(const CompareOptions& options, Executor& executor) {
  NpyFile x(options.x);
  NpyFile y(options.y);
  const ActivationShape shape_x = shape_of(x, options.layout);
  const ActivationShape shape_y = shape_of(y, options.layout);
  expect_pairing(options, shape_x, shape_y);
  expect_memory(options, shape_x, shape_y);
  const std::size_t batch = images_per_batch(options, shape_x, shape_y);
  Panel panel(executor, panel_options(options));
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
  return {panel.take(), notes_of_sides(side_text(x), side_text(y))};
}

Comparison compare(const CompareOptions& options) {
  Executor executor;
  const GatheredMoments gathered = gather(options, executor);
  return compare_moments(gathered.moments, gathered.notes, options, executor).front();
}

}  // namespace livecca::tool
