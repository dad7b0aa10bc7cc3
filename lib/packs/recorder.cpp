#include "livecca/packs/recorder.hpp"

#include <map>
#include <optional>
#include <utility>

#include "livecca/activations/packed_rows.hpp"
#include "livecca/common/error.hpp"
#include "livecca/common/executor.hpp"
#include "livecca/moments/panel.hpp"
#include "livecca/packs/probe_fingerprint.hpp"
#include "packs/pack_writer.hpp"

namespace livecca {
namespace {

RecorderOptions checked(RecorderOptions options) {
  if (const auto valid = options.check(); !valid) throw Error(valid.why());
  return options;
}

std::filesystem::path with_folder(std::filesystem::path path) {
  std::error_code failure;
  const auto folder = path.parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, failure);
  if (failure) {
    throw Error(folder.string() + ": expected to create the folder, got: " + failure.message());
  }
  return path;
}

}  // namespace

Result<void> RecorderOptions::check() const {
  if (!network.empty()) return {};
  return Failure{"recorder options: expected the network's name, got none"};
}

struct Recorder::State {
  struct Layer {
    std::size_t tap;
    Reading reading;
  };

  State(std::filesystem::path the_path, RecorderOptions the_options)
      : path(with_folder(std::move(the_path))),
        options(checked(std::move(the_options))),
        executor(1),
        panel(executor, {.positions = options.positions,
                         .nonfinite_limit = 1,
                         .max_features = options.max_features,
                         .feature_seed = options.feature_seed}),
        writer(path, {.precision = options.precision,
                      .images = options.images,
                      .images_seed = options.images_seed}) {}

  Panel::Step& open_step() {
    if (!step) step.emplace(panel.begin());
    return *step;
  }

  std::size_t tap_of(const std::string& layer, const Reading& reading) {
    const auto known = layers.find(layer);
    if (known == layers.end()) {
      const std::size_t tap = panel.add_tap({options.network, layer}, reading);
      layers.emplace(layer, Layer{tap, reading});
      return tap;
    }
    if (known->second.reading == reading) return known->second.tap;
    throw Error(layer + ": expected layout " + known->second.reading.text() + " as before, got " +
                reading.text());
  }

  /// Of a layer's rows of this batch: null if the panel refused them.
  void keep(const std::string& layer, const Reading& reading, const PackedRows* rows) {
    if (rows == nullptr) {
      const std::vector<Fault>& faults = panel.faults();
      return lose(layer, faults.empty() ? "expected rows, got none" : faults.back().message);
    }
    const auto appended = writer.append(layer, reading, *rows, options.feature_seed);
    if (!appended && lost.empty()) lost = appended.why();
  }

  void lose(const std::string& layer, const std::string& reason) {
    writer.spoil(layer);
    if (lost.empty()) lost = path.string() + ": " + layer + ": " + reason;
  }

  std::filesystem::path path;
  RecorderOptions options;
  Executor executor;
  Panel panel;
  PackWriter writer;
  std::map<std::string, Layer> layers;
  std::optional<Panel::Step> step;
  std::optional<ProbeFingerprint> fingerprint;
  PackedRows packed;  ///< for rows that were gathered, whose memory is used again
  bool is_of_training_mode = false;
  std::string lost;  ///< why a layer is not whole
};

Recorder::Recorder(std::filesystem::path path, RecorderOptions options)
    : state_(std::make_unique<State>(std::move(path), std::move(options))) {}
Recorder::~Recorder() = default;

const RecorderOptions& Recorder::options() const { return state_->options; }

void Recorder::set_inputs(const ActivationView& view) {
  set_inputs(view.data(), name_of(view.dtype()), size_of(view.dtype()), view.shape(),
             view.strides());
}

void Recorder::set_inputs(const void* data, std::string_view element_type,
                          std::size_t element_bytes, std::span<const std::int64_t> shape,
                          std::span<const std::int64_t> strides) {
  if (!state_->fingerprint) state_->fingerprint.emplace();
  const auto added = state_->fingerprint->add(data, element_type, element_bytes, shape, strides);
  if (added || !state_->lost.empty()) return;
  state_->lost = state_->path.string() + ": inputs: " + added.why();
}

void Recorder::observe(std::string_view layer_name, const Reading& reading,
                       const ActivationView& view, const SequenceMask& mask) {
  const std::string layer(layer_name);
  const std::size_t tap = state_->tap_of(layer, reading);
  state_->keep(layer, reading, state_->open_step().observe(tap, view, mask));
}

void Recorder::observe(std::string_view layer_name, const Reading& reading,
                       const GatheredRows& rows, const SequenceMask& mask) {
  const std::string layer(layer_name);
  const std::size_t tap = state_->tap_of(layer, reading);
  Panel::Step& step = state_->open_step();
  const RowChoice chosen = choice();
  std::vector<std::size_t> features;
  const std::size_t width = reading.features(rows.shape.features, rows.shape.grid);
  if (chosen.max_features > 0 && width > chosen.max_features) {
    choose_features(width, chosen.max_features, chosen.feature_seed, features);
  }
  PackedRows& packed = state_->packed;
  const auto fits =
      packed.pack_gathered(rows, reading, chosen.positions, chosen.first_image, features, mask);
  if (!fits) {
    step.refuse(tap, fits.why());
    return state_->keep(layer, reading, nullptr);
  }
  const TapShape shape{rows.shape.features, rows.shape.grid, rows.values.dtype()};
  state_->keep(layer, reading, step.observe_packed(tap, packed, shape));
}

RowChoice Recorder::choice() const {
  return {.first_image = state_->panel.images(),
          .positions = state_->options.positions,
          .max_features = state_->options.max_features,
          .feature_seed = state_->options.feature_seed};
}

void Recorder::set_training_mode(bool is_training) { state_->is_of_training_mode |= is_training; }

void Recorder::end_batch() {
  if (!state_->step) return;
  state_->step->commit();
  state_->step.reset();
}

Result<void> Recorder::finish() {
  end_batch();
  State& state = *state_;
  const PanelMoments moments = state.panel.end_window();
  if (state.lost.empty() && !moments.faults.empty()) {
    const Fault& fault = moments.faults.front();
    state.lost = state.path.string() + ": " + fault.subject + ": " + fault.message;
  }
  if (!state.lost.empty()) return Failure{state.lost};
  if (state.fingerprint && state.fingerprint->inputs() != moments.images) {
    return Failure{state.path.string() +
                   ": expected set_inputs() and observe() of the same images, got the inputs of " +
                   std::to_string(state.fingerprint->inputs()) + " images and " +
                   (moments.images == 0 ? "no layer's activations"
                                        : "activations of " + std::to_string(moments.images))};
  }
  const auto moments_of = [&](const std::string& layer) -> const Moments* {
    const auto found = state.layers.find(layer);
    if (found == state.layers.end()) return nullptr;
    const auto& tap = moments.taps[found->second.tap].moments;
    return tap ? &*tap : nullptr;
  };
  return state.writer.finish({.network = state.options.network,
                              .epoch = state.options.epoch,
                              .step = state.options.step,
                              .positions = state.options.positions,
                              .fingerprint = state.fingerprint,
                              .is_of_training_mode = state.is_of_training_mode},
                             moments_of);
}

Result<void> record(const std::filesystem::path& path, const RecorderOptions& options,
                    const std::function<void(Recorder&)>& run_probe) {
  Recorder recorder(path, options);
  run_probe(recorder);
  return recorder.finish();
}

}  // namespace livecca
