#include "training.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "livecca/activations/eigen.hpp"
#include "livecca/packs/recorder.hpp"
#include "livecca/sinks/tensorboard.hpp"

namespace livecca_soak {
namespace {

using livecca::Layout;
using livecca::MonitorOptions;
using livecca::Schedule;
using livecca::Stream;
using livecca::Window;

constexpr Eigen::Index inputs = 12;
constexpr int classes = 4;
constexpr Eigen::Index train_images = 512;
constexpr Eigen::Index probe_images = 120;
constexpr Eigen::Index batch = 32;
constexpr int threads_a_batch = 4;
constexpr Eigen::Index probe_batch = 50;  // the last one is smaller
constexpr std::uint64_t steps_an_epoch = train_images / batch;
const std::filesystem::path reference_file = "reference.safetensors";

std::string layer_name(std::size_t i) { return "hidden" + std::to_string(i + 1); }

/// Between them the variants have every window, with standard errors and without.
void watch_in_variant(int variant, MonitorOptions& options) {
  switch (variant) {
    case 0:
      options.error_blocks = 5;
      break;
    case 1:
      options.train_window = Window::exponential(200);
      options.train_snapshots = Schedule::every_steps(17);
      break;
    case 2:
      options.train_window = Window::last_blocks(4, 100);
      options.history_images = 70;
      options.pairing = livecca::Pairing::all();
      break;
    case variant_with_threads:
      options.sinks = {livecca::tensorboard_sink()};
      break;
    default:
      options.train_window = Window::all();
      options.error_blocks = 6;
      options.history_precision = livecca::PackPrecision::exact;
      options.train_snapshots = Schedule::log_spaced(6);
      break;
  }
}

std::string text_in(std::istream& in) {
  std::uint64_t size = 0;
  in.read(reinterpret_cast<char*>(&size), sizeof size);
  std::string text(in.good() ? size : 0, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  return text;
}

void write_text(std::ostream& out, const std::string& text) {
  const std::uint64_t size = text.size();
  out.write(reinterpret_cast<const char*>(&size), sizeof size);
  out.write(text.data(), static_cast<std::streamsize>(size));
}

}  // namespace

Training::Training(const TrainingOptions& options, StageBoard& board)
    : options_(options),
      board_(board),
      checkpoints_("checkpoints"),
      train_data_(make_data(train_images, options.seed + 1)),
      probe_data_(make_data(probe_images, options.seed + 2)),
      random_(options.seed),
      networks_{SmallNetwork(inputs, classes, random_), SmallNetwork(inputs, classes, random_)},
      order_(train_images) {
  std::iota(order_.begin(), order_.end(), 0U);
  if (!std::filesystem::exists(reference_file)) record_reference();
  begin_monitor();
}

Training::~Training() = default;

Training::Data Training::make_data(Eigen::Index images, std::uint64_t seed) {
  Random random(seed);
  Data data{Matrix(images, inputs), {}};
  for (Eigen::Index i = 0; i < images; ++i) {
    for (Eigen::Index j = 0; j < inputs; ++j) data.inputs(i, j) = normal(random);
    const auto row = data.inputs.row(i);
    data.classes.push_back((row(0) * row(1) > 0 ? 1 : 0) + (row.tail(4).sum() > 0 ? 2 : 0));
  }
  return data;
}

MonitorOptions Training::monitor_options() {
  MonitorOptions options;
  options.run_directory = "run";
  options.probe_schedule = Schedule::every_steps(static_cast<std::int64_t>(options_.probe_every));
  options.train_schedule = Schedule::every_steps(static_cast<std::int64_t>(options_.train_every));
  options.compare_before = {1, 3};
  options.history_byte_limit = options_.history_bytes;
  options.synchronous = options_.synchronous;
  options.queue_steps = options_.queue_steps;
  options.verdicts.snapshots = 4;
  options.on_snapshot = [this](const livecca::SnapshotReport& report) {
    const auto* row = report.find({"hidden1", "other", "pwcca_distance"});
    if (row != nullptr && row->value) monitor_->log(report.epoch, "distance", *row->value);
  };
  watch_in_variant(options_.variant, options);
  return options;
}

void Training::record_reference() const {
  Random random(options_.seed + 3);
  SmallNetwork network(inputs, classes, random);
  for (int step = 0; step < 50; ++step) {
    network.learn(train_data_.inputs, train_data_.classes, random);
  }
  livecca::RecorderOptions options{.network = "recorded"};
  if (options_.variant == 2) options.images = 70;  // as the history keeps
  const auto written = livecca::record(reference_file, options, [&](livecca::Recorder& recorder) {
    recorder.set_inputs(livecca::view_of(probe_data_.inputs));
    network.run(probe_data_.inputs);
    for (std::size_t i = 0; i < network.hidden().size(); ++i) {
      recorder.observe(layer_name(i), Layout::nc, livecca::view_of(network.hidden()[i]));
    }
    recorder.end_batch();
  });
  if (!written) throw std::runtime_error(written.why());
}

void Training::begin_monitor() {
  const auto checkpoint = options_.resume ? checkpoints_.latest() : std::nullopt;
  if (checkpoint) {
    read_state(*checkpoint / "training");
    monitor_ = std::make_unique<livecca::Monitor>(monitor_options(), *checkpoint / "monitor");
  } else {
    std::filesystem::remove_all("run");
    monitor_ = std::make_unique<livecca::Monitor>(monitor_options());
  }
  if (!monitor_->add_reference("recorded", reference_file)) {
    throw std::runtime_error("the recorded network was refused");
  }
  for (std::size_t i = 0; i < networks_.net.hidden().size(); ++i) {
    net_.push_back(monitor_->watch("net", layer_name(i), Layout::nc));
    other_.push_back(monitor_->watch("other", layer_name(i), Layout::nc));
  }
}

void Training::observe(livecca::Monitor::Step& step) const {
  for (std::size_t i = 0; i < net_.size(); ++i) {
    step.observe(net_[i], livecca::view_of(networks_.net.hidden()[i]));
    step.observe(other_[i], livecca::view_of(networks_.other.hidden()[i]));
  }
}

void Training::observe_batch(livecca::Monitor::Step step, const Matrix& batch_inputs) {
  const auto begin = std::chrono::steady_clock::now();
  networks_.other.run(batch_inputs);
  step.add_reference_time(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  observe(step);
  step.commit();
}

// All bring the same rows, so that the sums are the same in whichever order they commit.
void Training::observe_from_threads(livecca::Monitor::Step first, std::int64_t epoch,
                                    const Matrix& batch_inputs) {
  networks_.other.run(batch_inputs);
  std::vector<std::jthread> threads;
  for (int i = 1; i < threads_a_batch; ++i) {
    threads.emplace_back([&] {
      livecca::Monitor::Step step = monitor_->begin(Stream::train, epoch);
      observe(step);
      step.commit();
    });
  }
  observe(first);
  first.commit();
}

void Training::step() {
  board_.enter(Stage::training);
  const auto epoch = static_cast<std::int64_t>(step_ / steps_an_epoch);
  const std::uint64_t of_epoch = step_ % steps_an_epoch;
  if (of_epoch == 0) {
    for (std::size_t i = order_.size(); i > 1; --i) {
      std::swap(order_[i - 1], order_[random_() % i]);
    }
  }
  Matrix batch_inputs(batch, inputs);
  std::vector<int> batch_classes;
  for (Eigen::Index i = 0; i < batch; ++i) {
    const std::uint32_t image = order_[of_epoch * batch + static_cast<std::uint64_t>(i)];
    batch_inputs.row(i) = train_data_.inputs.row(image);
    batch_classes.push_back(train_data_.classes[image]);
  }
  monitor_->training_step(epoch);
  networks_.other.learn(batch_inputs, batch_classes, random_);
  const double loss = networks_.net.learn(batch_inputs, batch_classes, random_);
  ++step_;
  if (auto train_step = monitor_->begin_if_due(Stream::train, epoch)) {
    if (options_.variant == variant_with_threads) {
      observe_from_threads(std::move(*train_step), epoch, batch_inputs);
    } else {
      observe_batch(std::move(*train_step), batch_inputs);
    }
  }
  if (step_ % 10 == 0) monitor_->log(epoch, "loss", loss);
  if (monitor_->claim_probe_pass(epoch)) {
    run_probe(epoch);
    snapshot(epoch);
  } else if (auto ticket = monitor_->snapshot_if_due(epoch)) {
    last_snapshot_ = std::move(ticket);
    ++snapshots_;
  }
  if (step_ % options_.checkpoint_every == 0) save();
}

void Training::run_probe(std::int64_t epoch) {
  const StageScope scope(board_, Stage::probe);
  for (Eigen::Index first = 0; first < probe_images; first += probe_batch) {
    const Matrix images =
        probe_data_.inputs.middleRows(first, std::min(probe_batch, probe_images - first));
    networks_.net.run(images);
    networks_.other.run(images);
    livecca::Monitor::Step step = monitor_->begin(Stream::probe, epoch);
    step.set_inputs(livecca::view_of(images));
    observe(step);
    step.commit();
  }
}

void Training::snapshot(std::int64_t epoch) {
  const StageScope scope(board_, Stage::snapshot);
  last_snapshot_ = monitor_->snapshot(epoch);
  ++snapshots_;
}

void Training::wait() {
  if (last_snapshot_) last_snapshot_->wait();
}

void Training::save() {
  const StageScope scope(board_, Stage::checkpoint);
  const bool saved = checkpoints_.save(step_, [this](const std::filesystem::path& folder) {
    write_state(folder / "training");
    return static_cast<bool>(monitor_->save(folder / "monitor"));
  });
  // Without one a resumed training begins anew, and ends as one that nobody killed.
  if (!saved) {
    throw std::runtime_error("step " + std::to_string(step_) + ": the checkpoint was not written");
  }
}

void Training::finish() {
  const StageScope scope(board_, Stage::finish);
  monitor_->finish();
  write_state("weights");
}

void Training::write_state(const std::filesystem::path& file) const {
  std::ofstream out(file, std::ios::binary);
  std::ostringstream random;
  random << random_;
  write_text(out, random.str());
  for (const std::uint64_t number : {step_, snapshots_}) {
    out.write(reinterpret_cast<const char*>(&number), sizeof number);
  }
  out.write(reinterpret_cast<const char*>(order_.data()),
            static_cast<std::streamsize>(order_.size() * sizeof order_[0]));
  networks_.net.write(out);
  networks_.other.write(out);
  out.close();
  if (!out) throw std::runtime_error(file.string() + ": expected to write the training's state");
}

void Training::read_state(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::istringstream random(text_in(in));
  random >> random_;
  for (std::uint64_t* number : {&step_, &snapshots_}) {
    in.read(reinterpret_cast<char*>(number), sizeof *number);
  }
  in.read(reinterpret_cast<char*>(order_.data()),
          static_cast<std::streamsize>(order_.size() * sizeof order_[0]));
  if (!networks_.net.read(in) || !networks_.other.read(in) || random.fail()) {
    throw std::runtime_error(file.string() + ": expected a training's state, got a part of one");
  }
}

}  // namespace livecca_soak
