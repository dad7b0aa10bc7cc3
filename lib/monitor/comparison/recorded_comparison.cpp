#include "monitor/comparison/recorded_comparison.hpp"

#include <algorithm>

#include "livecca/common/error.hpp"
#include "monitor/comparison/asked_measures.hpp"

namespace livecca {
namespace {

// Rows read at a time: large enough for the products, small enough to stay in cache for usual
// widths.
constexpr std::uint64_t rows_per_step = 4096;

std::string text_of(const Positions& positions) {
  if (positions.per_image == 0) return "all positions";
  return std::to_string(positions.per_image) + " positions an image of seed " +
         std::to_string(positions.seed);
}

/// The most steps of a sequence in any layer, if sequences are not all alike; otherwise 0: then
/// their rows pair as those of images do.
std::size_t common_steps(const RecordedSide& x, const std::vector<RecordedSide>& sides) {
  std::size_t fewest = 0;
  std::size_t most = 0;
  bool is_by_step = false;
  const auto add = [&](const RecordedSide& side) {
    for (const auto& [name, pack] : side.layers) {
      const RecordedLayer& layer = *pack->find(name);
      if (!layer.is_of_steps()) continue;
      fewest = most == 0 ? layer.grid.width : std::min(fewest, layer.grid.width);
      most = std::max(most, layer.grid.width);
      is_by_step |= layer.is_by_step;
    }
  };
  add(x);
  std::ranges::for_each(sides, add);
  // A layer at another time may have had a longer mask. Another network's is another layer.
  const bool is_own = std::ranges::all_of(sides, &RecordedSide::is_own);
  return is_by_step || (is_own && fewest < most) ? most : 0;
}

}  // namespace

RecordedComparison::RecordedComparison(const MonitorOptions& options, Executor& executor,
                                       double nonfinite_limit)
    : options_(options),
      panel_(executor, {.positions = Positions::all(),
                        .nonfinite_limit = nonfinite_limit,
                        .window = Window::since_snapshot(),
                        .precision = options.precision,
                        .error_blocks = options.error_blocks,
                        .norm_sums = needs_norm_sums(options)}) {}

bool RecordedComparison::same_images(const std::string& subject, bool is_own, const RecordedPack& x,
                                     const RecordedPack& y, const Report& report) const {
  const std::string where = y.path().string() + ": ";
  if (x.fingerprint() && y.fingerprint()) {
    const std::string why = y.fingerprint()->difference_from(*x.fingerprint());
    if (!why.empty()) {
      report("other_probe", subject, where + why);
      return false;
    }
  }
  if (y.fingerprint() && !x.fingerprint() && !is_own) {
    report("unverified_probe", subject,
           where +
               "expected the probe's inputs, to compare their fingerprint, got none; "
               "give them to the probe's steps");
  }
  if (x.images() != y.images() || x.kept_images() != y.kept_images()) {
    report("rows_differ", subject,
           where + "expected a probe of " + std::to_string(x.images()) + " images, got " +
               std::to_string(y.images()) +
               (x.images() == y.images() ? ", a choice of others" : ""));
    return false;
  }
  if (x.positions() == y.positions()) return true;
  report("rows_differ", subject,
         where + "expected " + text_of(x.positions()) + ", got " + text_of(y.positions()));
  return false;
}

bool RecordedComparison::activate(const RecordedSide& side, const std::string& layer,
                                  const std::shared_ptr<const RecordedPack>& pack,
                                  std::size_t steps, const Report& report) {
  if (!pack->find(layer)->is_of_steps()) steps = 0;
  const auto known = taps_.find({side.network, layer});
  if (known != taps_.end() && known->second.pack == pack && known->second.steps == steps) {
    known->second.is_active = true;
    return true;
  }
  auto opened = steps > 0 ? pack->rows_by_step(layer, steps) : pack->rows(layer);
  if (!opened) {
    report("unreadable", side.network + "/" + layer, opened.why());
    return false;
  }
  std::shared_ptr<RowSource> rows = *std::move(opened);
  const std::uint64_t rows_per_image = rows->rows_per_image();
  if (known != taps_.end()) {
    panel_.set_recording(known->second.index, std::move(rows));
    known->second = {known->second.index, pack, steps, rows_per_image, true};
  } else {
    const std::size_t index = panel_.add_recorded_tap({side.network, layer}, std::move(rows));
    taps_[{side.network, layer}] = {index, pack, steps, rows_per_image, true};
  }
  return true;
}

std::size_t RecordedComparison::pair_of(std::size_t x, std::size_t y) {
  const auto known = pairs_.find({x, y});
  if (known != pairs_.end()) return known->second;
  return pairs_[{x, y}] = panel_.add_pair(x, y);
}

void RecordedComparison::feed(std::uint64_t images) {
  std::uint64_t widest = 1;
  for (const auto& [name, tap] : taps_) {
    if (tap.is_active) widest = std::max(widest, tap.rows_per_image);
  }
  // At least twice as many steps as parts for the standard errors.
  const std::uint64_t parts = std::max<std::uint64_t>(1, 2 * panel_.block_count());
  const std::uint64_t stride = std::clamp<std::uint64_t>(
      images / parts, 1, std::max<std::uint64_t>(1, rows_per_step / widest));
  for (std::uint64_t first = 0; first < images; first += stride) {
    const std::uint64_t count = std::min(stride, images - first);
    Panel::Step step = panel_.begin();
    for (const auto& [name, tap] : taps_) {
      if (!tap.is_active) continue;
      step.observe_recorded(tap.index, first * tap.rows_per_image, count * tap.rows_per_image);
    }
    step.commit();
  }
}

void RecordedComparison::tell_of_rows(PanelMoments& moments) const {
  for (const auto& [name, tap] : taps_) {
    const RecordedLayer* layer = tap.pack->find(name.second);
    if (!tap.is_active || layer == nullptr) continue;
    moments.taps[tap.index].features_of_tap = layer->features_of_tap;
    moments.taps[tap.index].feature_seed = layer->feature_seed;
    moments.taps[tap.index].dtype = layer->observed;
    if (tap.rows_per_image > 1) {
      moments.taps[tap.index].images_again = tap.pack->images_again(name.second, tap.steps);
    }
  }
}

RecordedComparison::Result RecordedComparison::compare(const RecordedSide& x,
                                                       const std::vector<RecordedSide>& sides,
                                                       const Report& report) {
  panel_.discard_window();
  for (auto& [name, tap] : taps_) tap.is_active = false;
  Result result;
  std::uint64_t images = 0;
  const std::size_t steps = common_steps(x, sides);
  for (const auto& [layer, pack] : x.layers) {
    for (const RecordedSide& side : sides) {
      for (const auto& [other, other_pack] : side.layers) {
        if (!are_paired(side, layer, other, options_.pairing)) continue;
        const std::string subject = side.network + (side.is_own() ? "/" + layer : "");
        if (!same_images(subject, side.is_own(), *pack, *other_pack, report)) continue;
        if (!activate(x, layer, pack, steps, report)) continue;
        if (!activate(side, other, other_pack, steps, report)) continue;
        images = pack->images();
        result.pairs.push_back(
            pair_of(taps_.at({x.network, layer}).index, taps_.at({side.network, other}).index));
      }
    }
  }
  if (result.pairs.empty()) return result;
  feed(images);
  result.moments = panel_.end_window();
  tell_of_rows(result.moments);
  for (const Fault& fault : result.moments.faults) {
    const bool is_asked = std::ranges::any_of(taps_, [&](const auto& tap) {
      return tap.second.is_active && fault.subject == tap.first.first + "/" + tap.first.second;
    });
    if (is_asked || fault.kind == FaultKind::rows_differ) {
      report(name_of(fault.kind), fault.subject, fault.message);
    }
  }
  return result;
}

void RecordedComparisons::compare_group(const std::string& name, double nonfinite_limit,
                                        const RecordedSide& x, const RecordedSide& side,
                                        const RecordedComparison::Report& report,
                                        const Take& take) {
  auto group = groups_.find(name);
  if (group == groups_.end()) {
    group = groups_
                .emplace(name, Group{RecordedComparison(options_, executor_, nonfinite_limit),
                                     Solver(executor_)})
                .first;
  }
  try {
    const auto compared = group->second.comparison.compare(x, {side}, report);
    if (!compared.pairs.empty()) take(side, compared.moments, compared.pairs, group->second.solver);
  } catch (...) {
    groups_.erase(group);  // it may be half changed: the next snapshot begins it anew
    throw;
  }
  if (side.kind == ReferenceKind::before) groups_.erase(group);
}

void RecordedComparisons::compare(const RecordedSide& x, const std::vector<RecordedSide>& sides,
                                  const RecordedComparison::Report& report, const Take& take) {
  for (const auto& [layer, pack] : x.layers) {
    const RecordedSide own{x.network, x.kind, LayerPacks(layer, pack)};
    for (const RecordedSide& side : sides) {
      if (!side.is_own()) continue;
      const auto other = side.layers.find(layer);
      if (!other) continue;
      compare_group(side.network + "/" + layer, 1.0, own,
                    {side.network, side.kind, LayerPacks(layer, other)}, report, take);
    }
  }
  // As of taps that run beside one another.
  constexpr double nonfinite_limit = 0.1;
  for (const RecordedSide& side : sides) {
    if (!side.is_own()) compare_group(side.network, nonfinite_limit, x, side, report, take);
  }
}

}  // namespace livecca
