#include "gathered_moments.hpp"

#include <algorithm>
#include <new>
#include <string>

#include "common/enum_names.hpp"
#include "compare/comparison.hpp"
#include "livecca/common/error.hpp"

namespace livecca::python {
namespace {

std::string text_of(std::size_t features, const Grid& grid) {
  return std::to_string(features) + " features on " + grid.text() + " positions";
}

/// Layers of files have a network too.
std::string text_of(const TapName& name) {
  return name.network == tool::names_of_sides("")[0].network ? name.layer : name.text();
}

/// Throws Error if an array does not have the shape of those before it.
void expect_shape_as_before(const GatheredLayer& layer, const TapShape& seen,
                            const PanelProgress::Tap& before) {
  if (!before.fed) return;
  const TapShape& shape = *before.shape;
  // Of merged moments only the rows are known.
  const bool of_rows = before.shape_of_rows;
  const std::size_t features =
      of_rows ? layer.reading.features(seen.features, seen.grid) : seen.features;
  const Grid grid = of_rows ? layer.reading.grid_of_rows(seen.grid) : seen.grid;
  const bool any_grid = !of_rows && layer.reading.grid_may_vary();
  if (shape.features == features && (any_grid || shape.grid == grid)) return;
  throw Error(layer.name.layer + ": expected " + text_of(shape.features, shape.grid) +
              " as before, got " + text_of(features, grid));
}

SequenceMask valid_steps(const GatheredLayer& layer, const ActivationShape& shape,
                         const tool::HeldMask* mask) {
  if (mask == nullptr) return {};
  if (!is_sequence(layer.reading.layout)) {
    throw Error("mask: expected layout=" + enum_names<Layout>(is_sequence) + " with it, got '" +
                name_of(layer.reading.layout) + "' of " + layer.name.layer);
  }
  const std::size_t steps = shape.grid.size();
  const std::string got = mask->misfit(shape.images, steps);
  if (!got.empty()) {
    throw Error("mask: expected a mask or lengths for " + std::to_string(shape.images) +
                " sequences of " + std::to_string(steps) + " steps as in " + layer.name.layer +
                ", got " + got);
  }
  return mask->of(0, shape.images);
}

/// A layer or pair of `other` that has no moments, although `own` has: a merge would lose it.
void expect_as_many_moments(const PanelMoments& own, const PanelMoments& other) {
  const auto refuse = [&](const std::string& subject, const std::string& name) {
    const auto fault = std::ranges::find(other.faults, subject, &Fault::subject);
    throw Error("merge: expected moments of " + name + ", got none" +
                (fault == other.faults.end() ? "" : " (" + fault->message + ")"));
  };
  for (std::size_t i = 0; i < own.taps.size(); ++i) {
    const bool is_kept = own.steps_committed == 0 || own.taps[i].moments;
    const TapName& name = own.taps[i].name;
    if (is_kept && !other.taps[i].moments) refuse(name.text(), text_of(name));
  }
  for (std::size_t p = 0; p < own.pairs.size(); ++p) {
    const PairMoments& pair = own.pairs[p];
    const bool is_kept = own.steps_committed == 0 || pair.moments;
    if (!is_kept || other.pairs[p].moments) continue;
    const TapName& x = own.taps[pair.x].name;
    const TapName& y = own.taps[pair.y].name;
    refuse(x.text() + " with " + y.text(), text_of(x) + " with " + text_of(y));
  }
}

}  // namespace

Executor& moments_executor() {
  static auto* const executor = new Executor;
  return *executor;
}

GatheredMoments::GatheredMoments(std::vector<GatheredLayer> layers, std::vector<Pair> pairs,
                                 const PanelOptions& options)
    : layers_(std::move(layers)),
      pairs_(std::move(pairs)),
      options_(options),
      rows_(layers_.size()) {
  panel_.emplace(moments_executor(), options_);
  for (const GatheredLayer& layer : layers_) panel_->add_tap(layer.name, layer.reading);
  for (const auto& [x, y] : pairs_) panel_->add_pair(x, y);
}

const PanelMoments& GatheredMoments::window() const {
  if (!window_) window_ = panel_->copy_moments();
  return *window_;
}

PanelMoments GatheredMoments::copy() const {
  return read([](const PanelMoments& moments) { return moments; });
}

PanelMoments GatheredMoments::names() const {
  const std::scoped_lock lock(mutex_);
  return panel_ ? panel_->copy_names() : empty_like(*window_);
}

std::uint64_t GatheredMoments::images() const {
  const std::scoped_lock lock(mutex_);
  return panel_ ? panel_->images() : window_->images;
}

TapShape GatheredMoments::pack(std::size_t index, const ActivationView& view,
                               const tool::HeldMask* mask, const PanelProgress::Tap& before) {
  const GatheredLayer& layer = layers_[index];
  const auto shape = read_shape(view, layer.reading.layout);
  if (!shape) throw Error(layer.name.layer + ": " + shape.why());
  const TapShape seen{.features = shape->features, .grid = shape->grid, .dtype = view.dtype()};
  const std::size_t width = layer.reading.features(seen.features, seen.grid);
  if (layer.features > 0 && width != layer.features) {
    throw Error(layer.name.layer + ": expected " + std::to_string(layer.features) +
                " features, got " + std::to_string(width));
  }
  expect_shape_as_before(layer, seen, before);
  chosen_.clear();
  if (options_.max_features > 0 && width > options_.max_features) {
    choose_features(width, options_.max_features, options_.feature_seed, chosen_);
  }
  const auto packed = rows_[index].pack(view, layer.reading, options_.positions, panel_->images(),
                                        chosen_, valid_steps(layer, *shape, mask));
  if (!packed) throw Error(layer.name.layer + ": " + packed.why());
  return seen;
}

void GatheredMoments::expect_rows_that_pair() const {
  for (std::size_t i = 1; i < rows_.size(); ++i) {
    if (rows_[i].images() == rows_[0].images()) continue;
    throw Error(layers_[i].name.layer + ": expected as many inputs as in " + layers_[0].name.layer +
                ", " + std::to_string(rows_[0].images()) + ", got " +
                std::to_string(rows_[i].images()));
  }
  for (const auto& [x, y] : pairs_) {
    if (rows_[x].pairs_with(rows_[y])) continue;
    const bool steps = is_sequence(layers_[x].reading.layout);
    const Grid of_x = rows_[x].grid();
    const Grid of_y = rows_[y].grid();
    throw Error(layers_[y].name.layer + ": expected the same " +
                (steps ? "valid steps" : "positions") + " of every input as in " +
                layers_[x].name.layer +
                (of_x == of_y ? ", got others" : ", " + of_x.text() + ", got " + of_y.text()) +
                (steps ? "" : "; read them pooled, or compare layers of the same size"));
  }
}

template <typename Change>
void GatheredMoments::change_panel(const Change& change) {
  window_.reset();
  std::string why = "expected memory for the moments, got none";
  try {
    change();
    const PanelProgress progress = panel_->progress();
    if (std::ranges::none_of(progress.taps, &PanelProgress::Tap::left)) return;
    // More than the memory limit: seen when the first shapes are, before there are samples.
    why = panel_->faults().back().message;
  } catch (const std::bad_alloc&) {
    // A part of it may have been added.
  }
  const bool had_samples = panel_->images() > 0;
  panel_->discard_window();
  throw Error(why + (had_samples ? "; the moments hold no samples any more" : ""));
}

void GatheredMoments::commit(std::span<const TapShape> seen) {
  Panel::Step step = panel_->begin();
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (step.observe_packed(i, rows_[i], seen[i]) == nullptr) return;
  }
  step.commit();
}

void GatheredMoments::update(std::span<const ActivationView> views,
                             std::span<const std::shared_ptr<const tool::HeldMask>> masks) {
  const std::scoped_lock lock(mutex_);
  if (!panel_) {
    throw Error(
        "update: expected moments that know how arrays are read, got some of a file, of sums or of "
        "a part of a panel; make new ones, merge() these into them and update those");
  }
  const PanelProgress progress = panel_->progress();
  std::vector<TapShape> seen;
  for (std::size_t i = 0; i < views.size(); ++i) {
    seen.push_back(pack(i, views[i], masks[i].get(), progress.taps[i]));
  }
  expect_rows_that_pair();
  change_panel([&] { commit(seen); });
}

TapCut GatheredMoments::expected_cut(const PanelProgress::Tap& before, std::size_t index,
                                     const TapCut& got) const {
  const GatheredLayer& layer = layers_[index];
  TapCut expected{.features_of_tap = got.features_of_tap,
                  .feature_seed = options_.feature_seed,
                  .grid = got.grid};
  if (before.fed) {
    const TapShape& shape = *before.shape;
    const bool of_rows = before.shape_of_rows;
    expected.features_of_tap =
        of_rows ? shape.features : layer.reading.features(shape.features, shape.grid);
    expected.grid = of_rows ? shape.grid : layer.reading.grid_of_rows(shape.grid);
  } else if (layer.features > 0) {
    expected.features_of_tap = layer.features;
  }
  const bool is_cut = options_.max_features > 0 && expected.features_of_tap > options_.max_features;
  expected.features = is_cut ? options_.max_features : expected.features_of_tap;
  return expected;
}

void GatheredMoments::expect_mergeable(const PanelMoments& other) const {
  const PanelMoments& own = window();
  expect_same_layout(own, other);
  if (other.steps_committed == 0) return;
  expect_as_many_moments(own, other);
  const PanelProgress progress = panel_ ? panel_->progress() : PanelProgress();
  for (std::size_t i = 0; i < own.taps.size(); ++i) {
    if (!other.taps[i].moments || (!panel_ && !own.taps[i].moments)) continue;
    const TapCut got = cut_of(other.taps[i]);
    const TapCut expected = panel_ ? expected_cut(progress.taps[i], i, got) : cut_of(own.taps[i]);
    if (const auto fault = misfit(own.taps[i].name, expected, got)) {
      throw Error("merge: " + text_of(own.taps[i].name) + ": " + fault->message);
    }
  }
  for (const PairMoments& pair : other.pairs) {
    if (const std::string why = pair_misfit(other, pair); !why.empty()) {
      throw Error("merge: " + text_of(other.taps[pair.x].name) + " with " +
                  text_of(other.taps[pair.y].name) + ": " + why);
    }
  }
  if (!panel_ && own.steps_committed > 0 && own.blocks.size() > other.blocks.size()) {
    throw Error("merge: expected moments in " + std::to_string(own.blocks.size()) +
                " parts, as standard errors need them, got " + std::to_string(other.blocks.size()));
  }
}

void GatheredMoments::merge(const GatheredMoments& other) {
  const PanelMoments theirs = other.copy();
  const std::scoped_lock lock(mutex_);
  expect_mergeable(theirs);
  if (panel_) {
    change_panel([&] { panel_->merge(theirs); });
    return;
  }
  PanelMoments merged = *window_;
  livecca::merge(merged, theirs);
  window_ = std::move(merged);
}

PanelMoments part_of(const PanelMoments& window, std::size_t x, std::optional<std::size_t> y) {
  const auto names = tool::names_of_sides("");
  PanelMoments part;
  part.taps.push_back(window.taps[x]);
  part.taps[0].name = names[0];
  if (y) {
    const auto pair = std::ranges::find_if(
        window.pairs, [&](const PairMoments& one) { return one.x == x && one.y == *y; });
    if (pair == window.pairs.end()) {
      throw Error("expected a pair whose cross moments are gathered, got " +
                  window.taps[x].name.layer + " with " + window.taps[*y].name.layer);
    }
    part.taps.push_back(window.taps[*y]);
    part.taps[1].name = names[1];
    part.pairs.push_back({.x = 0, .y = 1, .moments = pair->moments});
  }
  part.images = window.images;
  part.steps_committed = window.steps_committed;
  part.faults = window.faults;
  for (const PanelMoments& block : window.blocks) part.blocks.push_back(part_of(block, x, y));
  part.blocks_by_age = window.blocks_by_age;
  return part;
}

}  // namespace livecca::python
