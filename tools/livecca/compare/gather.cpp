#include "compare/gather.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <numeric>
#include <thread>

#include "compare/recorded_probe.hpp"
#include "inputs/input_error.hpp"
#include "livecca/activations/fourier.hpp"
#include "livecca/activations/row_source.hpp"
#include "livecca/moments/fourier_taps.hpp"
#include "livecca/moments/panel.hpp"

namespace livecca::tool {
namespace {

// Bytes of one side's batch as float64, with two sides. Larger batches do not run faster.
constexpr std::size_t batch_bytes = std::size_t{32} << 20U;
// With many taps each has at least this much: smaller batches do run slower.
constexpr std::size_t fewest_batch_bytes = std::size_t{4} << 20U;

/// The numbers of a product between two taps: features, as they are cut, and once a frequency.
double product_of(const FileTap& x, const FileTap& y, const CompareOptions& options) {
  const auto kept = [&](const FileTap& tap) {
    const std::size_t features = tap.features();
    const bool cut = options.max_features > 0 && features > options.max_features;
    return (tap.fourier ? 2 : 1) * static_cast<double>(cut ? options.max_features : features);
  };
  const auto frequencies = [&] {
    return static_cast<double>(common_frequencies(x.shape.grid, y.shape.grid).size());
  };
  return kept(x) * kept(y) * (x.fourier ? frequencies() : 1);
}

std::size_t images_per_batch(const PanelInput& input, const CompareOptions& options) {
  std::size_t values = 1;
  for (const FileTap& tap : input.taps) values = std::max(values, tap.values_of_image());
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
  Result<ActivationView> read(std::uint64_t first, std::uint64_t count) override {
    tensor_->release();
    try {
      return tensor_->entries(first, count);
    } catch (const InputError& error) {
      return Failure{error.what()};
    }
  }
  std::span<const std::uint8_t> valid(std::uint64_t first, std::uint64_t count) override {
    return tensor_->valid(first, count);
  }

 private:
  std::shared_ptr<ActivationTensor> tensor_;
};

/// The images of a tap that is no recording, packed as the panel packs them.
ImagesAgain images_again(const FileTap& tap, const Positions& positions, const TapMoments& kept) {
  std::vector<std::size_t> features;
  choose_features(kept.features_of_tap, kept.moments->features(), kept.feature_seed, features);
  const auto packed = std::make_shared<PackedRows>();
  const auto read = [=](std::uint64_t image, ImageRows& into) {
    const SequenceMask mask = tap.mask ? tap.mask->of(image, 1) : SequenceMask();
    try {
      const ActivationView view = tap.images(image, 1);
      if (!packed->pack(view, tap.reading, positions, image, features, mask)) return false;
    } catch (const InputError&) {
      return false;  // cut short since it was read
    }
    if (packed->steps().empty()) {
      choose_positions(positions, tap.shape.grid, image, into.positions);
    } else {
      into.positions.assign(packed->steps().begin(), packed->steps().end());
    }
    take_samples(*packed, into);
    tap.tensor->release();
    return true;
  };
  return {.images = tap.shape.images, .grid = tap.shape.grid, .read = read};
}

/// A file's taps in a panel: one, or as a Fourier layer one a frequency.
class PanelTaps {
 public:
  PanelTaps(Panel& panel, const FileTap& tap, Grid other_grid) : tap_(tap) {
    if (tap.is_recorded()) {
      index_ = panel.add_recorded_tap(tap.name, std::make_shared<RecordedSource>(tap.tensor));
    } else if (tap.fourier) {
      const TapShape shape{.features = tap.shape.features, .grid = tap.shape.grid};
      fourier_.emplace(panel, tap.name, tap.reading.layout, shape, other_grid);
    } else {
      index_ = panel.add_tap(tap.name, tap.reading);
    }
  }

  void pair_with(const PanelTaps& y, Panel& panel) const {
    if (fourier_) {
      add_pairs(panel, *fourier_, *y.fourier_);
    } else {
      panel.add_pair(index_, y.index_);
    }
  }

  /// Of frequencies an image gives one row.
  void tell_of_rows(PanelMoments& moments, const CompareOptions& options) const {
    if (fourier_ || rows_of_image(tap_, options) == 1) return;
    TapMoments& tap = moments.taps[index_];
    if (!tap.moments) return;
    tap.images_again = tap_.is_recorded() ? tap_.tensor->images_again()
                                          : images_again(tap_, options.positions, tap);
  }

  void observe(Panel::Step& step, std::size_t first, std::size_t count) {
    const std::size_t rows = tap_.tensor->rows_per_image();
    if (tap_.is_recorded()) {
      step.observe_recorded(index_, first * rows, count * rows);
    } else if (fourier_) {
      fourier_->observe(step, tap_.images(first, count));
    } else {
      step.observe(index_, tap_.images(first, count),
                   tap_.mask ? tap_.mask->of(first, count) : SequenceMask());
    }
    tap_.tensor->release();
  }

 private:
  const FileTap& tap_;
  std::size_t index_ = 0;
  std::optional<FourierTaps> fourier_;
};

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

void expect_same_images(const PanelInput& input) {
  expect_same_probe(input.taps);
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
  const auto refuse = [&](const std::string& expected, const std::string& got_first,
                          const FileTap& tap, const std::string& got) {
    throw InputError("expected the same " + expected + " in both files, got " + got_first + " in " +
                     first.tensor->name() + " and " + got + " in " + tap.tensor->name());
  };
  for (const FileTap& tap : input.taps) {
    // One row an image, whatever its extents; at frequencies, of those that both have.
    if (tap.fourier || tap.reading.one_row_per_image()) continue;
    if (tap.shape.grid != first.shape.grid) {
      const bool sequences = is_sequence(tap.reading.layout);
      refuse(sequences ? "number of steps" : "height and width",
             sequences ? std::to_string(first.shape.grid.size()) : first.shape.grid.text(), tap,
             sequences ? std::to_string(tap.shape.grid.size()) : tap.shape.grid.text());
    }
    const std::size_t rows = rows_of_image(tap, options);
    if (rows != rows_of_image(first, options)) {
      refuse("positions of every image", std::to_string(rows_of_image(first, options)), tap,
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
    taps.push_back(product_of(tap, tap, options));
    widths.push_back(tap.features());
  }
  for (const auto& [x, y] : input.pairs) {
    pairs.push_back(product_of(input.taps[x], input.taps[y], options));
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
  std::deque<PanelTaps> taps;
  for (const FileTap& tap : input.taps) {
    // Frequencies that the other side lacks would be moments of nobody's.
    const FileTap& other = &tap == &input.taps.front() ? input.taps.back() : input.taps.front();
    taps.emplace_back(panel, tap, other.shape.grid);
  }
  for (const auto& [x, y] : input.pairs) taps[x].pair_with(taps[y], panel);
  const std::size_t batch = images_per_batch(input, options);
  const std::size_t images = input.taps.front().shape.images;
  for (std::size_t first = 0; first < images; first += batch) {
    const std::size_t count = std::min(batch, images - first);
    Panel::Step step = panel.begin();
    for (PanelTaps& tap : taps) tap.observe(step, first, count);
    step.commit();
  }
  PanelMoments moments = panel.end_window();
  for (const PanelTaps& tap : taps) tap.tell_of_rows(moments, options);
  return moments;
}

}  // namespace livecca::tool
