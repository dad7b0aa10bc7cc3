#include <doctest/doctest.h>
#include <torch/utils.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "livecca/common/error.hpp"
#include "livecca/packs/recorded_pack.hpp"
#include "livecca_libtorch/evaluation_scope.hpp"
#include "livecca_libtorch/inputs.hpp"
#include "livecca_libtorch/probe.hpp"
#include "livecca_libtorch/training_step.hpp"
#include "small_network.hpp"
#include "support/file_text.hpp"
#include "support/json_lines.hpp"
#include "support/temporary_folder.hpp"

using livecca::libtorch::Network;
using livecca::libtorch::Probe;
using livecca::libtorch::TapScope;
using livecca::libtorch::training_step;
using livecca_tests::small_images;
using livecca_tests::SmallNetwork;
using livecca_tests::SmallNetworkImpl;

namespace {

livecca::MonitorOptions probe_options(const std::filesystem::path& folder) {
  livecca::MonitorOptions options;
  options.run_directory = folder / "run";
  options.synchronous = true;
  options.train_schedule = livecca::Schedule::every_steps(2);
  return options;
}

/// The measures of a run: what was compared, and the number.
std::vector<std::string> numbers_of(const livecca::MonitorOptions& options) {
  std::vector<std::string> numbers;
  for (nlohmann::json row : livecca_tests::read_lines(options.run_directory / "rows.jsonl")) {
    if (row["kind"] != "measure") continue;
    row.erase("wall_time");
    row.erase("checksum");
    numbers.push_back(row.dump());
  }
  return numbers;
}

}  // namespace

TEST_CASE("a probe's pass in one call writes the rows of the pass by hand") {
  const livecca_tests::TemporaryFolder folder;
  SmallNetwork net(1);
  SmallNetwork other(2);
  const std::vector<torch::Tensor> batches = small_images(60, 3).split(25);
  const auto by_hand = probe_options(folder.path() / "hand");
  {
    livecca::Monitor monitor(by_hand);
    for (const torch::Tensor& batch : batches) {
      auto step = monitor.begin(livecca::Stream::probe, 4);
      livecca::libtorch::set_inputs(step, batch);
      for (auto& [name, network] : {std::pair("net", net), std::pair("seed7", other)}) {
        const livecca::libtorch::EvaluationScope evaluation(*network.ptr());
        const TapScope taps(monitor, step, name);
        network.ptr()->forward(batch);
      }
      step.commit();
    }
    monitor.snapshot(4);
    monitor.finish();
  }
  const auto in_one = probe_options(folder.path() / "one");
  {
    livecca::Monitor monitor(in_one);
    Probe probe(monitor, batches);
    net->train();
    const auto random_state = at::detail::getDefaultCPUGenerator().get_state();
    const livecca::SnapshotReport report =
        probe.run(4, {{"net", net}, {"seed7", other.ptr()}}).wait();
    CHECK(report.events.empty());
    CHECK(report.find({"conv", "seed7", "pwcca_distance"}) != nullptr);
    CHECK(net->is_training());
    CHECK(torch::equal(at::detail::getDefaultCPUGenerator().get_state(), random_state));
    monitor.finish();
  }
  CHECK(numbers_of(by_hand).size() > 4);
  CHECK(numbers_of(in_one) == numbers_of(by_hand));
  const auto pack =
      *livecca::RecordedPack::open(in_one.run_directory / "history" / "snapshot-0000.safetensors");
  REQUIRE(pack->fingerprint());
  CHECK(pack->fingerprint()->inputs() == 60);
}

TEST_CASE("a probe's pass is due as its schedule says, and a network may be run in another way") {
  const livecca_tests::TemporaryFolder folder;
  auto options = probe_options(folder.path());
  options.probe_schedule = livecca::Schedule::every_epochs(2);
  livecca::Monitor monitor(options);
  SmallNetworkImpl net(1);
  Probe probe(monitor, small_images(30, 3).split(30));
  int passes = 0;
  const Network by_function("net", net, [&](const torch::Tensor& images) {
    ++passes;
    net.forward(images);
  });
  CHECK(probe.run_if_due(0, {by_function}).has_value());
  CHECK_FALSE(probe.run_if_due(1, {by_function}).has_value());
  CHECK(probe.run_if_due(2, {by_function}).has_value());
  CHECK(passes == 2);
  CHECK_THROWS_AS(Probe(monitor, {}), livecca::Error);
}

TEST_CASE("a pass over the probe that throws is dropped whole, and the next one is undisturbed") {
  for (const bool synchronous : {true, false}) {
    const livecca_tests::TemporaryFolder folder;
    SmallNetwork net(1);
    const auto pass = [&](const char* name, bool fails_first) {
      livecca::MonitorOptions options = probe_options(folder.path() / name);
      options.synchronous = synchronous;
      livecca::Monitor monitor(options);
      monitor.training_step(0);
      Probe probe(monitor, small_images(90, 3).split(30));
      int batches = 0;
      const Network failing("net", *net, [&](const torch::Tensor& images) {
        net->forward(images);
        if (++batches == 2) throw std::runtime_error("no memory\nand a backtrace");
      });
      if (fails_first) CHECK_THROWS_AS(probe.run(0, {failing}), std::runtime_error);
      CHECK(net->is_training());
      CHECK_FALSE(livecca::libtorch::is_tapping());
      CHECK(probe.run(0, {{"net", net}}).wait().events.empty());
      const livecca::SnapshotReport second = probe.run(1, {{"net", net}}).wait();
      CHECK(second.events.empty());
      const livecca::MeasureRow* start = second.find({"fc", "start", "pwcca_distance"});
      REQUIRE(start != nullptr);
      CHECK(start->samples == 90);
      monitor.finish();
      return options;
    };
    const auto undisturbed = pass("undisturbed", false);
    const auto disturbed = pass("disturbed", true);
    CHECK(numbers_of(undisturbed).size() > 4);
    CHECK(numbers_of(disturbed) == numbers_of(undisturbed));
    // The pack has the rows and the fingerprint of the inputs.
    const auto pack_of = [](const livecca::MonitorOptions& options) {
      return livecca_tests::text_of(options.run_directory / "history" /
                                    "snapshot-0000.safetensors");
    };
    CHECK(pack_of(disturbed) == pack_of(undisturbed));
    const auto lines = livecca_tests::read_lines(disturbed.run_directory / "rows.jsonl");
    CHECK(std::ranges::count_if(lines, [](const nlohmann::json& row) {
            return row["kind"] == "event" && row["what"] == "step_discarded" &&
                   row["message"] ==
                       "this pass over the probe was dropped, because it failed: no memory";
          }) == 1);
  }
}

TEST_CASE("a probe records a network on its inputs, and a later run compares with it") {
  const livecca_tests::TemporaryFolder folder;
  const auto pack = folder.path() / "seed7.safetensors";
  SmallNetwork net(1);
  SmallNetwork other(2);
  livecca::Monitor monitor(probe_options(folder.path()));
  Probe probe(monitor, small_images(60, 3).split(25));
  const auto recorded = probe.record(pack, {"seed7", other});
  REQUIRE_MESSAGE(recorded, recorded.why());
  CHECK(recorded->empty());
  CHECK((*livecca::RecordedPack::open(pack))->network() == "seed7");
  REQUIRE(monitor.add_reference("seed7", pack));
  const livecca::SnapshotReport report = probe.run(0, {{"net", net}}).wait();
  CHECK(report.events.empty());
  CHECK(report.find({"fc", "seed7", "pwcca_distance"}) != nullptr);
}

TEST_CASE("a probe records a network as its monitor reads its own") {
  const livecca_tests::TemporaryFolder folder;
  auto options = probe_options(folder.path());
  options.positions = livecca::Positions::sampled(5);
  options.max_features = 4;
  options.feature_seed = 11;
  options.history_images = 40;
  options.history_seed = 3;
  livecca::Monitor monitor(options);
  SmallNetwork net(1);
  SmallNetwork other(2);
  Probe probe(monitor, small_images(60, 3).split(25));
  const auto pack = folder.path() / "seed7.safetensors";
  REQUIRE(probe.record(pack, {"seed7", other}));
  REQUIRE(monitor.add_reference("seed7", pack));
  const livecca::SnapshotReport report = probe.run(0, {{"net", net}, {"beside", other}}).wait();
  CHECK(report.events.empty());
  const livecca::MeasureRow* recorded = report.find({"conv", "seed7", "pwcca_distance"});
  REQUIRE(recorded != nullptr);
  REQUIRE(recorded->value);
  CHECK(recorded->samples == 40 * 5);
  CHECK(recorded->features[1] == 4);
  // What is given is taken.
  REQUIRE(probe.record(pack, {"seed7", other}, livecca::RecorderOptions{.network = "ignored"}));
  const auto opened = *livecca::RecordedPack::open(pack);
  CHECK(opened->network() == "seed7");
  CHECK(opened->find("conv")->features == 6);
}

TEST_CASE("a training step in one call is the network's own pass, watched when it is due") {
  const livecca_tests::TemporaryFolder folder;
  const auto options = probe_options(folder.path());
  livecca::Monitor monitor(options);
  SmallNetwork net(1);
  SmallNetwork other(2);
  const torch::Tensor images = small_images(50, 3);
  for (int step = 0; step < 4; ++step) {
    torch::manual_seed(5);
    const torch::Tensor logits = training_step(monitor, 0, net, images, {{"seed7", other}});
    torch::manual_seed(5);
    CHECK(torch::equal(logits, net->forward(images)));
    CHECK(logits.requires_grad());
    CHECK(net->is_training());
    CHECK(other->is_training());
  }
  // Whatever can be called, and whatever it returns.
  const auto [first, second] = training_step(
      monitor, 0, [&](const torch::Tensor& x) { return std::pair(net->forward(x), 7); }, images);
  CHECK(second == 7);
  CHECK(training_step(monitor, 0, net.ptr(), images).size(0) == 50);
  int passes = 0;
  const auto without_value = [&](const torch::Tensor& x) {
    net->forward(x);
    ++passes;
  };
  training_step(monitor, 0, without_value, images);
  static_assert(std::is_void_v<decltype(training_step(monitor, 0, without_value, images))>);
  CHECK(passes == 1);
  const livecca::SnapshotReport report = monitor.snapshot(0).wait();
  CHECK(report.step == 7);
  const livecca::MeasureRow* row =
      report.find({.layer = "fc", .reference = "seed7", .measure = "pwcca_distance"});
  REQUIRE(row != nullptr);
  CHECK(row->stream == livecca::Stream::train);
  monitor.finish();
  training_step(monitor, 0, without_value, images);
  CHECK(passes == 2);
}

TEST_CASE("rows say that a network trained during the pass over the probe, which is an event") {
  for (const bool trains : {true, false}) {
    CAPTURE(trains);
    const livecca_tests::TemporaryFolder folder;
    SmallNetwork net(1);
    SmallNetwork other(2);
    net->train();
    livecca::Monitor monitor(probe_options(folder.path()));
    Probe probe(monitor, small_images(60, 3).split(30));
    const auto forward = [&](const at::Tensor& images) {
      if (trains) net->block->norm->train();
      net->forward(images);
    };
    const livecca::SnapshotReport report =
        probe.run(0, {{"net", *net, forward}, {"seed7", other}}).wait();
    REQUIRE_FALSE(report.measures.empty());
    const std::array<std::string, 2> modes{trains ? "train" : "eval", "eval"};
    for (const livecca::MeasureRow& row : report.measures) CHECK(row.modes == modes);
    const bool is_told = std::ranges::any_of(report.events, [](const livecca::Event& event) {
      return event.what == "training_mode" && event.subject == "net";
    });
    CHECK(is_told == trains);
    CHECK(net->is_training());  // as it was before
  }
}
