#include "gather.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <thread>

#include "input_error.hpp"
#include "livecca/activations/row_source.hpp"
#include "livecca/moments/panel.hpp"

namespace livecca::tool {
namespace {

// Bytes of one side's batch as float64, with two sides. Larger batches do not run faster.
constexpr std::size_t batch_bytes = std::size_t{32} << 20U;
// With many taps each has at least this much: smaller batches do run slower.
constexpr std::size_t fewest_batch_bytes = std::size_t{4} << 20U;

std::string expected_axes(Layout layout) {
  switch (layout) {
    case Layout::nc:
      return "2 axes (samples, features)";
    case Layout::ncl:
      return "3 axes (images, channels, length)";
    case Layout::nchw:
      return "4 axes (images, channels, height, width)";
    case Layout::nhwc:
      return "4 axes (images, height, width, channels)";
    case Layout::ncdhw:
      return "5 axes (images, channels, depth, height, width)";
    case Layout::ntc:
      return "3 axes (sequences, steps, features)";
    case Layout::tnc:
      break;
  }
  return "3 axes (steps, sequences, features)";
}

ActivationShape shape_of(ActivationTensor& tensor, Layout layout) {
  const std::size_t axes = layout == Layout::nc ? 2 : 4;
  if (tensor.shape().size() != axes) {
    const bool image = layout == Layout::nc && tensor.shape().size() == 4;
    throw InputError(tensor.name() + ": expected " + expected_axes(layout) + " for layout " +
                     name_of(layout) + ", got shape " + shape_text(tensor.shape()) +
                     (image ? "; see --layout nchw and nhwc" : ""));
  }
  ActivationShape shape;
  std::string why;
  if (!read_shape(tensor.entries(0, 1), layout, shape, why)) {
    throw InputError(tensor.name() + ": " + why);
  }
  tensor.release();
  shape.images = tensor.images();
  if (const auto recorded = tensor.recorded()) shape.grid = recorded->grid;
  return shape;
}

/// Recorded rows have their positions and features; options cannot choose others.
void expect_as_recorded(const FileTap& tap, const CompareOptions& options) {
  const std::string& name = tap.tensor->name();
  if (options.positions != Positions::all()) {
    throw InputError(name +
                     ": expected --positions all, as recorded rows have their positions, got " +
                     std::to_string(options.positions.per_image));
  }
  if (options.max_features > 0 && tap.shape.features > options.max_features) {
    throw InputError(name + ": expected recorded rows, which are not cut, of at most the " +
                     std::to_string(options.max_features) + " features of --max-features, got " +
                     std::to_string(tap.shape.features));
  }
}

std::size_t rows_an_image(const FileTap& tap, const CompareOptions& options) {
  if (tap.tensor->recorded()) return tap.tensor->rows_per_image();
  return rows_per_image(options.positions, tap.shape.grid);
}

/// Features of a tap that count: as many as it has, or as it is cut to.
double features_of(const FileTap& tap, const CompareOptions& options) {
  const std::size_t features = tap.shape.features;
  const bool cut = options.max_features > 0 && features > options.max_features;
  return static_cast<double>(cut ? options.max_features : features);
}

/// Elements of one image in memory: all positions are read, whichever are chosen.
std::size_t values_of_image(const FileTap& tap) {
  return rows_an_image(tap, {}) * tap.shape.features;
}

std::size_t images_per_batch(const PanelInput& input, const CompareOptions& options) {
  std::size_t values = 1;
  for (const FileTap& tap : input.taps) values = std::max(values, values_of_image(tap));
  const std::size_t bytes = std::max(fewest_batch_bytes, 2 * batch_bytes / input.taps.size());
  const std::size_t affordable = std::max<std::size_t>(1, bytes / 8 / values);
  const std::size_t images = input.taps.front().shape.images;
  const std::size_t batch = std::min({options.batch, affordable, images});
  if (options.error_blocks == 0) return batch;
  // At least one step for every block, and two where there are rows enough, to even out a short
  // last one.
  return std::clamp<std::size_t>(images / (2 * options.error_blocks), 1, batch);
}

/// Recorded rows for a panel, which reads them once more when it makes their moments.
class RecordedSource : public RowSource {
 public:
  explicit RecordedSource(std::shared_ptr<ActivationTensor> tensor) : tensor_(std::move(tensor)) {}

  std::uint64_t rows() const override { return static_cast<std::uint64_t>(tensor_->shape()[0]); }
  std::size_t features() const override { return static_cast<std::size_t>(tensor_->shape()[1]); }
  std::size_t rows_per_image() const override { return tensor_->rows_per_image(); }
  Grid grid() const override { return tensor_->recorded()->grid; }
  std::optional<ActivationView> read(std::uint64_t first, std::uint64_t count,
                                     std::string& /*why*/) override {
    tensor_->release();
    return tensor_->entries(first, count);
  }

 private:
  std::shared_ptr<ActivationTensor> tensor_;
};

void observe(Panel::Step& step, std::size_t index, const FileTap& tap, std::size_t first,
             std::size_t count) {
  ActivationTensor& tensor = *tap.tensor;
  const std::size_t rows = tensor.rows_per_image();
  if (tensor.recorded()) {
    step.observe_recorded(index, first * rows, count * rows);
  } else {
    step.observe(index, tensor.entries(first, count));
  }
  tensor.release();
}

PanelOptions panel_options(const CompareOptions& options) {
  PanelOptions result;
  result.positions = options.positions;
  // Non-finite rows are left out and counted, however many: nobody waits for a next window here.
  result.nonfinite_limit = 1.0;
  result.precision = options.precision;
  result.error_blocks = options.error_blocks;
  result.norm_sums = std::ranges::any_of(options.measures, &MeasureInfo::needs_norm_sums) ||
                     !options.save_moments.empty();
  result.max_features = options.max_features;
  return result;
}

/// The sum of the `count` largest.
double largest(std::vector<double> numbers, std::size_t count) {
  std::ranges::sort(numbers, std::greater<>());
  numbers.resize(std::min(count, numbers.size()));
  return std::accumulate(numbers.begin(), numbers.end(), 0.0);
}

}  // namespace

FileTap tap_of(TapName name, std::shared_ptr<ActivationTensor> tensor, bool is_named,
               const CompareOptions& options) {
  const bool is_matrix = is_named && tensor->shape().size() == 2;
  const Layout layout = tensor->recorded() || is_matrix ? Layout::nc : options.layout;
  const ActivationShape shape = shape_of(*tensor, layout);
  FileTap tap{std::move(name), std::move(tensor), layout, shape};
  if (tap.tensor->recorded()) expect_as_recorded(tap, options);
  return tap;
}

void expect_same_images(const PanelInput& input) {
  const FileTap& first = input.taps.front();
  for (const FileTap& tap : input.taps) {
    if (tap.shape.images == first.shape.images) continue;
    throw InputError("expected as many samples in both files, got " +
                     std::to_string(first.shape.images) + " in " + first.tensor->name() + " and " +
                     std::to_string(tap.shape.images) + " in " + tap.tensor->name());
  }
}

void expect_same_positions(const PanelInput& input, const CompareOptions& options) {
  const FileTap& first = input.taps.front();
  const auto text = [](Grid grid) {
    return std::to_string(grid.height) + " x " + std::to_string(grid.width);
  };
  const auto refuse = [&](const std::string& expected, const std::string& got_first,
                          const FileTap& tap, const std::string& got) {
    throw InputError("expected the same " + expected + " in both files, got " + got_first + " in " +
                     first.tensor->name() + " and " + got + " in " + tap.tensor->name());
  };
  for (const FileTap& tap : input.taps) {
    if (tap.shape.grid != first.shape.grid) {
      refuse("height and width", text(first.shape.grid), tap, text(tap.shape.grid));
    }
    const std::size_t rows = rows_an_image(tap, options);
    if (rows != rows_an_image(first, options)) {
      refuse("positions of every image", std::to_string(rows_an_image(first, options)), tap,
             std::to_string(rows));
    }
  }
}

double expect_memory(const PanelInput& input, const CompareOptions& options, double kept) {
  // Moments, also in parts, of which a sum is made; and the matrices that live at the same time
  // while some taps or pairs are solved.
  const auto parts = static_cast<double>(2 * options.error_blocks);
  const std::size_t threads = std::max(1U, std::thread::hardware_concurrency());
  std::vector<double> taps;
  std::vector<double> pairs;
  std::vector<std::size_t> widths;
  for (const FileTap& tap : input.taps) {
    const double features = features_of(tap, options);
    taps.push_back(features * features);
    widths.push_back(tap.shape.features);
  }
  for (const auto& [x, y] : input.pairs) {
    pairs.push_back(features_of(input.taps[x], options) * features_of(input.taps[y], options));
  }
  const double all_taps = largest(taps, taps.size());
  const double all_pairs = largest(pairs, pairs.size());
  const double needed = kept + 8 * ((4 + parts) * all_taps + 6 * largest(taps, threads) +
                                    (1 + parts) * all_pairs + 5 * largest(pairs, threads));
  const double there =
      static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (there <= 0 || needed <= there) return 8 * (1 + parts / 2) * (all_taps + all_pairs);
  const auto gigabytes = [](double bytes) {
    return std::to_string(static_cast<std::uint64_t>(std::ceil(bytes / 1e9))) + " GB";
  };
  const auto [narrowest, widest] = std::ranges::minmax(widths);
  throw InputError("expected features whose covariances fit the memory of " + gigabytes(there) +
                   ", got " + std::to_string(input.taps.size()) + " files of " +
                   (narrowest == widest ? "" : std::to_string(narrowest) + " to ") +
                   std::to_string(widest) + ", which take about " + gigabytes(needed));
}

void expect_images_for_blocks(const PanelInput& input, const CompareOptions& options) {
  const std::size_t images = input.taps.front().shape.images;
  if (images >= options.error_blocks) return;
  throw InputError("expected at least as many images as blocks for the standard errors, got " +
                   std::to_string(images) + " images for " + std::to_string(options.error_blocks) +
                   " blocks");
}

PanelMoments gather(const PanelInput& input, const CompareOptions& options, Executor& executor) {
  Panel panel(executor, panel_options(options));
  for (const FileTap& tap : input.taps) {
    if (tap.tensor->recorded()) {
      panel.add_recorded_tap(tap.name, std::make_shared<RecordedSource>(tap.tensor));
    } else {
      panel.add_tap(tap.name, tap.layout);
    }
  }
  for (const auto& [x, y] : input.pairs) panel.add_pair(x, y);
  const std::size_t batch = images_per_batch(input, options);
  const std::size_t images = input.taps.front().shape.images;
  for (std::size_t first = 0; first < images; first += batch) {
    const std::size_t count = std::min(batch, images - first);
    Panel::Step step = panel.begin();
    for (std::size_t tap = 0; tap < input.taps.size(); ++tap) {
      observe(step, tap, input.taps[tap], first, count);
    }
    step.commit();
  }
  return panel.take();
}

}  // namespace livecca::tool
