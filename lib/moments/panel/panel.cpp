#include "livecca/moments/panel.hpp"

#include <algorithm>

#include "livecca/common/error.hpp"
#include "moments/panel/panel_state.hpp"

namespace livecca {
namespace {

PanelOptions checked(PanelOptions options) {
  if (const auto valid = options.check(); !valid) throw Error(valid.why());
  return options;
}

}  // namespace

Result<void> PanelOptions::check() const {
  if (auto valid = window.check(); !valid) return valid;
  if (window.kind == Window::Kind::exponential && norm_sums) {
    return Failure{
        "panel options: expected no norm_sums with an exponential window: they have no weighted "
        "form"};
  }
  if (window.kind == Window::Kind::last_blocks && error_blocks != 0) {
    return Failure{
        "panel options: expected no error_blocks with a window of last blocks, which serve as "
        "such; got " +
        std::to_string(error_blocks)};
  }
  if (error_blocks == 1) {
    return Failure{"panel options: expected 0 or at least 2 error_blocks, got 1"};
  }
  return {};
}

Panel::State::State(Executor& the_executor, PanelOptions the_options)
    : executor(the_executor), options(checked(the_options)), update(the_executor) {
  const std::size_t count =
      in_one_piece() ? std::max<std::size_t>(1, options.error_blocks) : options.window.blocks;
  blocks.resize(count);
  block_clock.resize(count);
}

void Panel::State::drop_moments(std::size_t index) {
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    blocks[b].taps[index].moments.reset();
    if (taps[index].recording) taps[index].recording->clear(b);
    for (std::size_t p = 0; p < pairs.size(); ++p) {
      if (pairs[p].x == index || pairs[p].y == index) blocks[b].pairs[p].moments.reset();
    }
  }
}

void Panel::State::leave(PanelTap& tap, FaultKind kind, const std::string& message) {
  if (tap.left) return;
  faults.push_back({kind, tap.name.text(), message});  // first: there may be no memory for it
  const auto is_it = [&](const PanelTap& other) { return &other == &tap; };
  drop_moments(static_cast<std::size_t>(std::ranges::find_if(taps, is_it) - taps.begin()));
  if (!tap.observed) tap.rows = PackedRows();  // it may never come again
  tap.left = true;
}

void Panel::State::restart_tap(std::size_t index) {
  drop_moments(index);
  taps[index].left = false;
  taps[index].fed = false;
  for (PanelMoments& block : blocks) block.taps[index].samples_left_out = 0;
}

void Panel::State::begin_window() {
  for (std::size_t i = 0; i < taps.size(); ++i) restart_tap(i);
  for (PanelPair& pair : pairs) pair.left = false;
  for (PanelMoments& block : blocks) {
    block.images = block.steps_committed = 0;
    block.different.clear();
  }
  std::ranges::fill(block_clock, std::uint64_t{0});
  current_block = 0;
  turns = 0;
  faults.clear();
  images = 0;
  clock = 0;
  steps = 0;
  steps_discarded = 0;
}

void Panel::State::expect_no_step() const {
  if (step_open) throw Error("panel: expected the open step to be committed first");
}

Panel::Panel(Executor& executor, PanelOptions options)
    : state_(std::make_unique<State>(executor, options)) {}
Panel::~Panel() = default;
Panel::Panel(Panel&&) noexcept = default;

std::size_t Panel::State::add(PanelTap new_tap, std::optional<TapShape> shape) {
  const TapName name = new_tap.name;
  for (const PanelTap& tap : taps) {
    if (tap.name == name) throw Error(name.text() + ": expected a new tap, it is there already");
  }
  PanelTap& tap = taps.emplace_back(std::move(new_tap));
  try {
    tap.shape_given = shape.has_value();
    if (shape) set_shape(tap, *shape);
    std::uint64_t bytes = 0;
    if (over_limit(bytes)) {
      throw Error(name.text() + ": expected moments within the memory limit of " +
                  std::to_string(options.memory_limit) + " bytes, they would take " +
                  std::to_string(bytes));
    }
    for (PanelMoments& block : blocks) {
      block.taps.push_back({.name = name, .moments = {}, .frequency = tap.frequency});
    }
    if (steps > 0) {
      leave(tap, FaultKind::joined_late,
            "expected before the window's first step, joined after step " + std::to_string(steps) +
                "; it counts from the next window");
    }
  } catch (...) {
    // Some blocks may have it, if memory ran out.
    taps.pop_back();
    for (PanelMoments& block : blocks) block.taps.resize(taps.size());
    throw;
  }
  return taps.size() - 1;
}

std::size_t Panel::add_tap(TapName name, const Reading& reading, std::optional<TapShape> shape) {
  if (const auto valid = reading.check(); !valid) throw Error(name.text() + ": " + valid.why());
  PanelTap tap;
  tap.name = std::move(name);
  tap.reading = reading;
  return state_->add(std::move(tap), shape);
}

std::size_t Panel::add_frequency_tap(TapName name, const Frequency& frequency,
                                     std::optional<TapShape> shape) {
  if (shape && shape->features % 2 != 0) {
    throw Error(name.text() + ": expected as many real as imaginary parts, got " +
                std::to_string(shape->features) + " features");
  }
  PanelTap tap;
  tap.name = std::move(name);
  tap.frequency = frequency;
  return state_->add(std::move(tap), shape);
}

std::size_t Panel::add_recorded_tap(TapName name, std::shared_ptr<RowSource> rows) {
  State& state = *state_;
  if (!rows) throw Error(name.text() + ": expected a recording, got none");
  if (state.options.max_features > 0 && rows->features() > state.options.max_features) {
    throw Error(name.text() + ": expected a recording of at most " +
                std::to_string(state.options.max_features) + " features, got " +
                std::to_string(rows->features()));
  }
  const TapShape shape{.features = rows->features(), .grid = rows->grid()};
  const std::size_t index = add_tap(std::move(name), Layout::nc, shape);
  state.set_source(state.taps[index], std::move(rows));
  return index;
}

void Panel::State::set_source(PanelTap& tap, std::shared_ptr<RowSource> rows) const {
  tap.source = std::move(rows);
  // Rows that weigh differently from window to window are accumulated as they come.
  if (options.window.kind == Window::Kind::exponential) return;
  tap.recording = std::make_unique<Recording>(tap.source, moments_options(), blocks.size());
}

void Panel::set_recording(std::size_t index, std::shared_ptr<RowSource> rows) {
  State& state = *state_;
  if (index >= tap_count() || !state.taps[index].source || !rows) {
    throw Error("panel: expected a recorded tap and a recording");
  }
  PanelTap& tap = state.taps[index];
  if (state.step_open || state.steps > 0) {
    throw Error(tap.name.text() + ": expected the window to end before another recording");
  }
  state.set_shape(tap, {.features = rows->features(), .grid = rows->grid()});
  state.set_source(tap, std::move(rows));
}

void Panel::remove_last_tap() {
  State& state = *state_;
  state.expect_no_step();
  if (state.taps.empty() || state.taps.back().fed) {
    throw Error("panel: expected a last tap that was not fed");
  }
  const std::size_t last = state.taps.size() - 1;
  for (std::size_t p = state.pairs.size(); p-- > 0;) {
    if (state.pairs[p].x != last && state.pairs[p].y != last) continue;
    const auto place = static_cast<std::ptrdiff_t>(p);
    state.pairs.erase(state.pairs.begin() + place);
    for (PanelMoments& block : state.blocks) block.pairs.erase(block.pairs.begin() + place);
  }
  state.taps.pop_back();
  for (PanelMoments& block : state.blocks) block.taps.pop_back();
}

std::size_t Panel::add_pair(std::size_t x, std::size_t y) {
  State& state = *state_;
  if (x >= tap_count() || y >= tap_count()) {
    throw Error("panel pair: expected taps below " + std::to_string(tap_count()) + ", got " +
                std::to_string(x) + " and " + std::to_string(y));
  }
  // A pair that joins late has seen fewer rows than its taps: it waits for the next window too.
  const bool late = state.steps > 0;
  state.pairs.push_back({.x = x, .y = y, .left = late});
  std::uint64_t bytes = 0;
  if (state.over_limit(bytes)) {
    state.pairs.pop_back();
    throw Error(state.taps[x].name.text() + " with " + state.taps[y].name.text() +
                ": expected moments within the memory limit of " +
                std::to_string(state.options.memory_limit) + " bytes, they would take " +
                std::to_string(bytes));
  }
  try {
    for (PanelMoments& block : state.blocks) block.pairs.push_back({x, y, {}});
  } catch (...) {
    state.pairs.pop_back();
    for (PanelMoments& block : state.blocks) block.pairs.resize(state.pairs.size());
    throw;
  }
  return state.pairs.size() - 1;
}

std::size_t Panel::tap_count() const { return state_->taps.size(); }
std::size_t Panel::pair_count() const { return state_->pairs.size(); }
std::size_t Panel::block_count() const { return state_->blocks.size(); }
std::uint64_t Panel::images() const { return state_->images; }
std::uint64_t Panel::moments_bytes() const { return state_->moments_bytes(); }
PanelPlan Panel::plan(std::size_t images_per_step) const { return state_->plan(images_per_step); }

Panel::Step Panel::begin() {
  state_->expect_no_step();
  state_->step_open = true;
  return Step(*state_);
}

void Panel::merge(const PanelMoments& other) {
  state_->expect_no_step();
  state_->merge(other);
}

PanelMoments Panel::roll_window() {
  state_->expect_no_step();
  if (state_->options.window.kind == Window::Kind::since_snapshot) return end_window();
  std::vector<bool> anew(tap_count());  // first: without memory for it nothing must have changed
  PanelMoments result = state_->assemble(false);
  // A recording that could not be read just now lets its tap begin anew, too.
  state_->begin_anew(anew);
  state_->rejoin(anew);
  state_->faults.clear();
  state_->steps_discarded = 0;
  return result;
}

PanelMoments Panel::end_window() {
  state_->expect_no_step();
  PanelMoments result = state_->assemble(true);
  state_->begin_window();
  return result;
}

PanelMoments Panel::copy_moments() const { return state_->assemble(false); }

PanelMoments Panel::copy_for_restore() const { return state_->assemble(false, false); }

PanelMoments Panel::copy_names() const {
  PanelMoments result;
  const PanelMoments& block = state_->blocks.front();
  for (const TapMoments& tap : block.taps) {
    result.taps.push_back({.name = tap.name, .moments = {}});
  }
  for (const PairMoments& pair : block.pairs) result.pairs.push_back({pair.x, pair.y, {}});
  return result;
}

const std::vector<Fault>& Panel::faults() const { return state_->faults; }

void Panel::discard_window() {
  state_->expect_no_step();
  state_->begin_window();
}

}  // namespace livecca
