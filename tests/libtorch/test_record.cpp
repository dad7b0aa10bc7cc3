#include <doctest/doctest.h>
#include <torch/nn/modules/embedding.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "livecca/common/error.hpp"
#include "livecca/packs/recorded_pack.hpp"
#include "livecca_libtorch/evaluation_scope.hpp"
#include "livecca_libtorch/inputs.hpp"
#include "livecca_libtorch/record.hpp"
#include "small_network.hpp"
#include "support/json_lines.hpp"
#include "support/temporary_folder.hpp"

using livecca::Monitor;
using livecca::RecordedPack;
using livecca::Stream;
using livecca::libtorch::EvaluationScope;
using livecca::libtorch::record;
using livecca::libtorch::set_inputs;
using livecca::libtorch::tap;
using livecca::libtorch::TapScope;
using livecca_tests::small_images;
using livecca_tests::SmallNetwork;

namespace {

using Pack = std::shared_ptr<const RecordedPack>;

Pack open(const std::filesystem::path& path) { return *RecordedPack::open(path); }

std::vector<double> values_of(const RecordedPack& pack, const std::string& layer) {
  const auto rows = *pack.rows(layer);
  const auto view = rows->read(0, rows->rows());
  REQUIRE(view);
  const auto count = static_cast<std::size_t>(rows->rows()) * rows->features();
  if (view->dtype() == livecca::DType::float64) {
    const auto* values = static_cast<const double*>(view->data());
    return {values, values + count};
  }
  REQUIRE(view->dtype() == livecca::DType::float32);
  const auto* values = static_cast<const float*>(view->data());
  return {values, values + count};
}

void check_same(const RecordedPack& x, const RecordedPack& y) {
  REQUIRE(x.fingerprint().has_value());
  CHECK(x.fingerprint() == y.fingerprint());
  CHECK(x.positions() == y.positions());
  CHECK(x.images() == y.images());
  REQUIRE(x.layers().size() == y.layers().size());
  for (const auto& layer : x.layers()) {
    CAPTURE(layer.name);
    REQUIRE(y.find(layer.name) != nullptr);
    CHECK(layer.reading == y.find(layer.name)->reading);
    CHECK(layer.stored == y.find(layer.name)->stored);
    CHECK(values_of(x, layer.name) == values_of(y, layer.name));
  }
}

/// A run over a probe, and packs beside it.
class Run {
 public:
  Run() {
    options.run_directory = folder.path() / "run";
    options.synchronous = true;
  }

  std::filesystem::path pack(const std::string& name) const { return folder.path() / name; }

  auto record_to(const std::string& name, const std::vector<torch::Tensor>& batches,
                 SmallNetwork& recorded) {
    return record(pack(name), *recorded, batches,
                  [&](const torch::Tensor& images) { return recorded->forward(images); }, {});
  }

  livecca::SnapshotReport watch(Monitor& monitor, const torch::Tensor& images) {
    for (const torch::Tensor& batch : images.split(32)) {
      Monitor::Step step = monitor.begin(Stream::probe, 0);
      set_inputs(step, batch);
      const TapScope taps(monitor, step, "net");
      const EvaluationScope evaluation(*network);
      network->forward(batch);
      step.commit();
    }
    return monitor.snapshot(0).wait();
  }

  livecca_tests::TemporaryFolder folder;
  livecca::MonitorOptions options;
  SmallNetwork network{21};
  torch::Tensor probe = small_images(150, 5);
};

}  // namespace

TEST_CASE("a recorded network is what a monitor's history keeps of it") {
  Run run;
  Monitor monitor(run.options);
  run.watch(monitor, run.probe);
  const auto recorded = run.record_to("pack.safetensors", run.probe.split(32), run.network);
  REQUIRE_MESSAGE(recorded, recorded.why());
  CHECK(recorded->empty());
  const Pack pack = open(run.pack("pack.safetensors"));
  CHECK(pack->layers().size() == 2);
  CHECK(pack->find("conv")->rows == 150 * 16);
  check_same(*pack, *open(run.options.run_directory / "history" / "snapshot-0000.safetensors"));
}

TEST_CASE("a pack does not depend on the size of the batches, nor on who makes them") {
  Run run;
  // A batch of another size may take another path through the convolution, and so round otherwise.
  run.network->to(torch::kDouble);
  const torch::Tensor probe = run.probe.to(torch::kDouble);
  REQUIRE(run.record_to("whole.safetensors", {probe}, run.network));
  REQUIRE(run.record_to("small.safetensors", probe.split(7), run.network));
  const Pack whole = open(run.pack("whole.safetensors"));
  const Pack small = open(run.pack("small.safetensors"));
  CHECK(whole->fingerprint() == small->fingerprint());
  for (const char* layer : {"conv", "fc"}) {
    const std::vector<double> x = values_of(*whole, layer);
    const std::vector<double> y = values_of(*small, layer);
    REQUIRE(x.size() == y.size());
    double largest = 0;
    for (std::size_t i = 0; i < x.size(); ++i) largest = std::max(largest, std::abs(x[i] - y[i]));
    CHECK(largest < 1e-2);  // a step of half precision
  }
  std::int64_t first = 0;
  REQUIRE(record(
      run.pack("made.safetensors"), *run.network,
      [&] {
        if (first >= probe.size(0)) return torch::Tensor();
        first += 7;
        return probe.slice(0, first - 7, std::min(first, probe.size(0)));
      },
      [&](const torch::Tensor& images) { return run.network->forward(images); }, {}));
  check_same(*small, *open(run.pack("made.safetensors")));
}

TEST_CASE("a recorded network stands in for the one that runs beside") {
  Run run;
  SmallNetwork reference(22);
  REQUIRE(run.record_to("pack.safetensors", run.probe.split(50), reference));
  Monitor monitor(run.options);
  REQUIRE(monitor.add_reference("seed22", run.pack("pack.safetensors")));
  Monitor::Step step = monitor.begin(Stream::probe, 0);
  set_inputs(step, run.probe);
  const auto pass = [&](const char* name, SmallNetwork& network) {
    const TapScope taps(monitor, step, name);
    const EvaluationScope evaluation(*network);
    network->forward(run.probe);
  };
  pass("net", run.network);
  pass("beside", reference);
  step.commit();
  const auto report = monitor.snapshot(0).wait();
  for (const char* layer : {"conv", "fc"}) {
    const auto* recorded = report.find({layer, "seed22", "pwcca_distance"});
    const auto* beside = report.find({layer, "beside", "pwcca_distance"});
    REQUIRE(recorded != nullptr);
    REQUIRE(beside != nullptr);
    REQUIRE(recorded->value.has_value());
    CHECK(*beside->value > 0.01);
    CHECK(*recorded->value == doctest::Approx(*beside->value).epsilon(1e-2));
  }
}

TEST_CASE("a pack of a shuffled probe is refused, and the event says how it differs") {
  Run run;
  const torch::Tensor order = torch::randperm(run.probe.size(0), torch::kLong);
  REQUIRE(run.record_to("shuffled.safetensors", {run.probe.index_select(0, order)}, run.network));
  std::vector<livecca::Event> events;
  run.options.on_event = [&](const livecca::Event& event) { events.push_back(event); };
  Monitor monitor(run.options);
  REQUIRE(monitor.add_reference("shuffled", run.pack("shuffled.safetensors")));
  const auto report = run.watch(monitor, run.probe);
  const auto* row = report.find({"conv", "shuffled", "pwcca_distance"});
  CHECK((row == nullptr || !row->value));
  monitor.finish();  // all is told then
  REQUIRE(events.size() == 1);
  CHECK(events[0].what == "other_probe");
  CHECK(events[0].subject == "shuffled");
  CHECK(events[0].message.find("order") != std::string::npos);
}

TEST_CASE("a pack says whether a forward() put the network into training mode") {
  Run run;
  for (const bool trains : {false, true}) {
    CAPTURE(trains);
    run.network->train();  // recording puts it into evaluation mode all the same
    REQUIRE(record(run.pack("pack.safetensors"), *run.network, run.probe.split(32),
                   [&](const torch::Tensor& images) {
                     if (trains) run.network->block->norm->train();
                     run.network->forward(images);
                   },
                   {}));
    CHECK(open(run.pack("pack.safetensors"))->is_of_training_mode() == trains);
  }
}

TEST_CASE("recording leaves the network and the random numbers as they were") {
  Run run;
  run.network->train();
  run.network->block->norm->eval();  // frozen
  const torch::Tensor mean = run.network->block->norm->running_mean.clone();
  torch::manual_seed(7);
  const torch::Tensor expected = torch::rand({4});
  torch::manual_seed(7);
  REQUIRE(record(run.pack("pack.safetensors"), *run.network, {run.probe},
                 [&](const torch::Tensor& images) {
                   CHECK(!run.network->is_training());
                   const torch::Tensor noise = torch::rand_like(images);
                   CHECK(!run.network->forward(images).requires_grad());
                   return noise;
                 },
                 {}));
  CHECK(torch::equal(torch::rand({4}), expected));
  CHECK(torch::equal(run.network->block->norm->running_mean, mean));
  CHECK(run.network->is_training());
  CHECK(run.network->block->is_training());
  CHECK(!run.network->block->norm->is_training());
  CHECK(run.network->block->dropout->is_training());
}

TEST_CASE("token ids are inputs like any other") {
  Run run;
  torch::nn::Embedding embedding(20, 6);
  const torch::Tensor tokens = torch::randint(0, 20, {90, 4}, torch::kLong);
  const auto forward = [&](const torch::Tensor& ids) {
    return tap("mean", embedding->forward(ids).mean(1));
  };
  REQUIRE(record(run.pack("x.safetensors"), *embedding, tokens.split(40), forward, {}));
  REQUIRE(record(run.pack("y.safetensors"), *embedding,
                 tokens.t().contiguous().t().to(torch::kInt).split(40), forward, {}));
  const Pack pack = open(run.pack("x.safetensors"));
  REQUIRE(pack->fingerprint().has_value());
  CHECK(pack->fingerprint()->text().starts_with("90 inputs of 4 int64, "));
  CHECK(open(run.pack("y.safetensors"))->fingerprint()->text().find("int32") != std::string::npos);
}

TEST_CASE("a layer that cannot be recorded is left out and named") {
  Run run;
  const std::filesystem::path path = run.pack("pack.safetensors");
  const auto forward = [&](const torch::Tensor& images) {
    tap("ids", torch::zeros({3}, torch::kLong));
    return run.network->forward(images);
  };
  const auto recorded = record(path, *run.network, run.probe.split(50), forward, {});
  REQUIRE_MESSAGE(recorded, recorded.why());
  REQUIRE(recorded->size() == 1);
  CHECK((*recorded)[0].tap == "net/ids");
  CHECK((*recorded)[0].message.starts_with("expected"));
  CHECK(open(path)->find("ids") == nullptr);
}

TEST_CASE("nothing is written of layers or inputs that do not fit, and the reason says which") {
  Run run;
  const std::filesystem::path path = run.pack("pack.safetensors");
  const auto batches = run.probe.split(50);
  const auto as_it_is = [](const torch::Tensor& images) { return images; };
  // Seen in the first batch alone.
  bool is_first = true;
  const auto once = [&](const torch::Tensor& images) {
    if (std::exchange(is_first, false)) tap("once", images);
    return run.network->forward(images);
  };
  CHECK(record(path, *run.network, batches, once, {}).why().find("once") != std::string::npos);
  // No layer, inputs of another type, inputs that cannot be read.
  CHECK(!record(path, *run.network, batches, as_it_is, {}));
  const auto flat = [](const torch::Tensor& x) {
    return tap("flat", x.to(torch::kFloat).flatten(1).slice(1, 0, 9));
  };
  CHECK(record(path, *run.network, {run.probe, run.probe.to(torch::kDouble)}, flat, {})
            .why()
            .find("inputs") != std::string::npos);
  CHECK(record(path, *run.network, {run.probe.to_sparse()}, as_it_is, {})
            .why()
            .find("inputs: expected") != std::string::npos);
  CHECK(!std::filesystem::exists(path));
}

TEST_CASE("what a network throws goes on to the caller, and nothing is written") {
  Run run;
  const std::filesystem::path path = run.pack("pack.safetensors");
  const auto throwing = [](const torch::Tensor&) -> torch::Tensor {
    throw std::runtime_error("of the network's own");
  };
  CHECK_THROWS_AS(static_cast<void>(record(path, *run.network, run.probe.split(50), throwing, {})),
                  std::runtime_error);
  CHECK(run.network->is_training());
  CHECK(!std::filesystem::exists(path));
}

TEST_CASE("a scope of a recorder hears taps and keeps problems to itself") {
  Run run;
  livecca::Recorder recorder(run.pack("pack.safetensors"), {.network = "seed9"});
  {
    const TapScope taps(recorder);
    tap("good", run.probe);
    tap("good", run.probe + 1);
    tap("bad", torch::Tensor());
    REQUIRE(taps.problems().size() == 2);
    CHECK(taps.problems()[0].tap == "seed9/good");
    CHECK(taps.problems()[0].message.ends_with("got a second one; the first one counts"));
    CHECK(taps.problems()[1].tap == "seed9/bad");
  }
  CHECK(recorder.finish());
  const Pack pack = open(run.pack("pack.safetensors"));
  CHECK(pack->network() == "seed9");
  CHECK(pack->layers().size() == 1);
  CHECK(!pack->fingerprint().has_value());
}
