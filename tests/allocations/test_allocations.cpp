#include <doctest/doctest.h>

#include <Eigen/Core>
#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "counting_malloc.hpp"
#include "livecca/activations/eigen.hpp"
#include "livecca/moments/fourier_taps.hpp"
#include "livecca/moments/panel.hpp"
#include "livecca/monitor/monitor.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::allocation_count;
using livecca_tests::live_bytes;

namespace {

bool counting() {
  if (livecca_tests::counts_allocations()) return true;
  MESSAGE("SKIPPED: a sanitizer has malloc in this build");
  return false;
}

constexpr std::int64_t images = 500;

/// A recording without end, of the same rows over and over.
class Recorded : public RowSource {
 public:
  std::uint64_t rows() const override { return std::uint64_t{1} << 40; }
  std::size_t features() const override { return static_cast<std::size_t>(rows_.cols()); }
  std::size_t rows_per_image() const override { return 1; }
  Grid grid() const override { return {}; }
  Result<ActivationView> read(std::uint64_t /*first*/, std::uint64_t count) override {
    const std::array<std::int64_t, 2> shape{static_cast<std::int64_t>(count), rows_.cols()};
    return ActivationView(rows_.data(), DType::float32, shape);
  }

 private:
  Eigen::MatrixXf rows_ = Eigen::MatrixXf::Random(4096, 90);
};

/// A convolution in half precision and a dense layer, each against a reference, and the dense layer
/// against a recording.
class Network {
 public:
  Network(int threads, PanelOptions options, std::int64_t dense_features)
      : executor_(threads),
        panel_(executor_, options),
        dense_(Eigen::MatrixXf::Random(images, dense_features)),
        conv_(Eigen::MatrixXf::Random(images * 40 * 6 * 6, 1).cast<Eigen::half>()) {
    const auto features = static_cast<std::size_t>(dense_features);
    for (const char* network : {"net", "ref"}) {
      panel_.add_tap({network, "conv"}, Layout::nchw,
                     TapShape{.features = 40, .grid = {6, 6}, .dtype = DType::float16});
      panel_.add_tap({network, "dense"}, Layout::nc, TapShape{.features = features});
    }
    panel_.add_pair(0, 2);
    panel_.add_pair(1, 3);
    panel_.add_recorded_tap({"start", "dense"}, std::make_shared<Recorded>());
    panel_.add_pair(1, 4);
  }

  void step() {
    const std::array<std::int64_t, 4> shape{images, 40, 6, 6};
    const ActivationView conv(conv_.data(), DType::float16, shape);
    auto step = panel_.begin();
    step.observe(0, conv);
    step.observe(1, view_of(dense_));
    step.observe(2, conv);
    step.observe(3, view_of(dense_));
    step.observe_recorded(4, images_seen_, images);
    step.commit();
    images_seen_ += images;
  }

  Panel& panel() { return panel_; }

 private:
  Executor executor_;
  Panel panel_;
  Eigen::MatrixXf dense_;
  Eigen::Matrix<Eigen::half, Eigen::Dynamic, 1> conv_;
  std::uint64_t images_seen_ = 0;
};

/// Sequences in every reading, each against a reference, under masks that differ from step to step.
class SequenceNetwork {
 public:
  SequenceNetwork(PanelOptions options, std::int64_t first_length)
      : executor_(1),
        panel_(executor_, options),
        values_(Eigen::MatrixXf::Random(60, 30 * 8)),
        first_length_(first_length) {
    const std::vector<Reading> readings{
        Layout::ntc, Reading::pooled(Layout::ntc), Reading::flattened(Layout::ntc),
        Reading::last_step(Layout::ntc), Reading::at_step(Layout::ntc, 11)};
    for (const Reading& reading : readings) {
      const std::size_t x = panel_.add_tap({"net", reading.text()}, reading);
      panel_.add_pair(x, panel_.add_tap({"ref", reading.text()}, reading));
    }
  }

  void step() {
    for (std::size_t i = 0; i < lengths_.size(); ++i) {
      lengths_[i] =
          steps_ == 0 ? first_length_ : static_cast<std::int64_t>((i * 7 + steps_ * 11) % 31);
    }
    ++steps_;
    const std::array<std::int64_t, 3> shape{60, 30, 8};
    const ActivationView view(values_.data(), DType::float32, shape);
    auto step = panel_.begin();
    for (std::size_t tap = 0; tap < panel_.tap_count(); ++tap) {
      step.observe(tap, view, SequenceMask::of_lengths(lengths_));
    }
    step.commit();
  }

  Panel& panel() { return panel_; }

 private:
  Executor executor_;
  Panel panel_;
  Eigen::MatrixXf values_;
  std::array<std::int64_t, 60> lengths_{};
  std::int64_t first_length_;
  std::size_t steps_ = 0;
};

/// A convolution as one tap a frequency.
class FourierNetwork {
 public:
  FourierNetwork()
      : executor_(1),
        panel_(executor_, {}),
        values_(Eigen::MatrixXf::Random(20, 6 * 5 * 8)),
        taps_(panel_, {"net", "conv"}, Layout::nchw, {.features = 6, .grid = {5, 8}}) {}

  void step() {
    const std::array<std::int64_t, 4> shape{20, 6, 5, 8};
    auto step = panel_.begin();
    taps_.observe(step, ActivationView(values_.data(), DType::float32, shape));
    step.commit();
  }

 private:
  Executor executor_;
  Panel panel_;
  Eigen::MatrixXf values_;
  FourierTaps taps_;
};

/// Every kind of panel: exact and fast, with sums, in parts, weighted, a ring, cut, a ring with
/// sums.
std::vector<PanelOptions> all_options() {
  std::vector<PanelOptions> all(8);
  all[1].precision = Precision::fast;
  all[2].norm_sums = true;
  all[3].error_blocks = 5;
  all[4].window = Window::exponential(64);
  all[5].window = Window::last_blocks(2, images);
  all[6].max_features = 100;
  all[7] = all[5];
  all[7].norm_sums = true;
  for (PanelOptions& options : all) options.positions = Positions::sampled(4);
  return all;
}

}  // namespace

TEST_CASE("after the first step of a shape, a step allocates nothing") {
  if (!counting()) return;
  for (std::size_t kind = 0; kind < all_options().size(); ++kind) {
    CAPTURE(kind);
    const PanelOptions options = all_options()[kind];
    // One thread: the steps' own allocations, without those of the scheduler's other threads.
    Network network(1, options, 150);
    network.step();
    const std::size_t before = allocation_count();
    for (int i = 0; i < 20; ++i) network.step();
    CHECK(allocation_count() - before == 0);
  }
}

TEST_CASE(
    "after the first step of a shape, masked sequences allocate nothing, whatever is masked") {
  if (!counting()) return;
  for (const std::size_t per_image : {0U, 5U}) {
    // The first step masks nothing, some or all: what later ones take must be there already.
    for (const std::int64_t first_length : {30, 2, 0}) {
      CAPTURE(per_image);
      CAPTURE(first_length);
      PanelOptions options;
      options.positions = Positions::sampled(per_image);
      SequenceNetwork network(options, first_length);
      network.step();
      const std::size_t before = allocation_count();
      for (int i = 0; i < 20; ++i) network.step();
      CHECK(allocation_count() - before == 0);
      CHECK(network.panel().copy_moments().faults.empty());
    }
  }
}

TEST_CASE("after the first step of a shape, a Fourier transform allocates nothing") {
  if (!counting()) return;
  FourierNetwork network;
  network.step();
  const std::size_t before = allocation_count();
  for (int i = 0; i < 20; ++i) network.step();
  CHECK(allocation_count() - before == 0);
}

TEST_CASE("with several threads, too, steps of a known shape soon allocate nothing") {
  if (!counting()) return;
  Network network(2, all_options()[2], 300);
  // The scheduler's threads take their own memory when they first find work: in which step is
  // theirs to say, so that it is tried for a while.
  std::size_t quiet = 0;
  for (int i = 0; i < 2000 && quiet < 20; ++i) {
    const std::size_t before = allocation_count();
    network.step();
    quiet = allocation_count() == before ? quiet + 1 : 0;
  }
  CHECK(quiet == 20);
}

namespace {

/// Trains with a layer whose name is another one in each step.
class ChangingNames {
 public:
  explicit ChangingNames(std::size_t most_taps) : monitor_(options(folder_.path(), most_taps)) {}

  void step() {
    const std::string name = "layer " + std::to_string(10000 + steps_);
    auto step = monitor_.begin(Stream::train, 0);
    step.observe(monitor_.watch("net", name, Layout::nc), view_of(rows_));
    step.commit();
    if (++steps_ % 10 == 0) monitor_.snapshot(0);
  }

 private:
  static MonitorOptions options(const std::filesystem::path& folder, std::size_t most_taps) {
    MonitorOptions options;
    options.run_directory = folder / "run";
    options.synchronous = true;
    options.threads = 1;
    options.keep_history = false;
    options.most_taps = most_taps;
    return options;
  }

  livecca_tests::TemporaryFolder folder_;
  Monitor monitor_;
  Eigen::MatrixXf rows_ = Eigen::MatrixXf::Random(images, 40);
  int steps_ = 0;
};

}  // namespace

TEST_CASE("names of layers that change from step to step do not fill the memory") {
  if (!counting()) return;
  ChangingNames training(32);
  for (int i = 0; i < 200; ++i) training.step();
  const std::size_t before = live_bytes();
  for (int i = 0; i < 800; ++i) training.step();
  // Numbers in texts may have grown by a digit.
  CHECK(live_bytes() <= before + 4096);
}

TEST_CASE("layers that do not come any more give their rows and moments back") {
  if (!counting()) return;
  ChangingNames training(4096);
  for (int i = 0; i < 100; ++i) training.step();
  const std::size_t before = live_bytes();
  constexpr std::size_t names = 400;
  for (std::size_t i = 0; i < names; ++i) training.step();
  // The rows of one step take 80,000 bytes, its moments 12,800: what stays are names and facts.
  CHECK(live_bytes() <= before + names * 10'000);
}

TEST_CASE("the bytes held are those of the plan, to 5 %") {
  if (!counting()) return;
  for (std::size_t kind = 0; kind < all_options().size(); ++kind) {
    CAPTURE(kind);
    const PanelOptions options = all_options()[kind];
    Network network(1, options, 700);
    const PanelPlan plan = network.panel().plan(images);
    const std::size_t before = live_bytes();
    network.step();
    network.panel().copy_moments();  // as at a window's end, when a recorded tap's own are computed
    const auto held = static_cast<double>(live_bytes() - before);
    CHECK(held == doctest::Approx(static_cast<double>(plan.bytes())).epsilon(0.05));
  }
}
