#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "livecca/activations/eigen.hpp"
#include "livecca/common/error.hpp"
#include "livecca/measures/measure.hpp"
#include "livecca/monitor/monitor.hpp"
#include "livecca/packs/recorded_pack.hpp"
#include "livecca/packs/recorder.hpp"
#include "report_events.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::direct_distance;
using livecca_tests::has_event_saying;
using livecca_tests::normal_matrix;
using livecca_tests::TemporaryFolder;

namespace {

constexpr std::uint64_t references_seed = 515;
constexpr Eigen::Index images = 300;

/// A network of two layers on a probe; the second is near the first of it.
struct Layers {
  Eigen::MatrixXd inputs = normal_matrix(images, 6, references_seed);
  Eigen::MatrixXd first = inputs * normal_matrix(6, 5, references_seed + 1);
  Eigen::MatrixXd second = first + 0.3 * normal_matrix(images, 5, references_seed + 2);
};

/// A reference whose layers go by other names, and in another order of likeness.
struct OtherLayers {
  Eigen::MatrixXd a;
  Eigen::MatrixXd b;

  explicit OtherLayers(const Layers& net)
      : a(net.second + 0.1 * normal_matrix(images, 5, references_seed + 3)),
        b(net.first + 0.1 * normal_matrix(images, 5, references_seed + 4)) {}
};

MonitorOptions reference_options_in(const TemporaryFolder& folder, const char* name = "run") {
  MonitorOptions options;
  options.run_directory = folder.path() / name;
  options.synchronous = true;
  options.history_precision = PackPrecision::exact;
  return options;
}

SnapshotReport probe(Monitor& monitor, const Layers& net, Eigen::Index batch = 100,
                     const OtherLayers* other = nullptr, std::int64_t epoch = 0) {
  for (Eigen::Index at = 0; at < images; at += batch) {
    const Eigen::Index rows = std::min(batch, images - at);
    auto step = monitor.begin(Stream::probe, epoch);
    step.set_inputs(view_of(net.inputs.middleRows(at, rows)));
    step.observe(monitor.watch("net", "conv1", Layout::nc),
                 view_of(net.first.middleRows(at, rows)));
    step.observe(monitor.watch("net", "conv2", Layout::nc),
                 view_of(net.second.middleRows(at, rows)));
    if (other != nullptr) {
      step.observe(monitor.watch("ref", "f.conv1", Layout::nc),
                   view_of(other->a.middleRows(at, rows)));
      step.observe(monitor.watch("ref", "f.conv2", Layout::nc),
                   view_of(other->b.middleRows(at, rows)));
    }
    step.commit();
  }
  return monitor.snapshot(epoch).wait();
}

const MeasureRow* find_pair(const SnapshotReport& report, const char* layer, const char* other) {
  const auto found = std::ranges::find_if(report.measures, [&](const MeasureRow& row) {
    return row.layer == layer && row.reference_layer == other && row.measure == "pwcca_distance" &&
           row.reference != "start";
  });
  return found == report.measures.end() ? nullptr : &*found;
}

/// Records the reference's layers, under the trained network's names.
void record_layers(const std::filesystem::path& path, const Eigen::MatrixXd& inputs,
                   const OtherLayers& layers, Eigen::Index batch, RecorderOptions options = {}) {
  options.precision = PackPrecision::exact;
  const auto recorded = record(path, options, [&](Recorder& recorder) {
    for (Eigen::Index at = 0; at < images; at += batch) {
      const Eigen::Index rows = std::min(batch, images - at);
      recorder.set_inputs(view_of(inputs.middleRows(at, rows)));
      recorder.observe("conv1", Layout::nc, view_of(layers.a.middleRows(at, rows)));
      recorder.observe("conv2", Layout::nc, view_of(layers.b.middleRows(at, rows)));
      recorder.end_batch();
    }
  });
  REQUIRE_MESSAGE(recorded, recorded.why());
}

}  // namespace

TEST_CASE("patterns pair layers whose wildcards stand for the same text") {
  const Pairing pairing = Pairing::by_patterns({{"conv*", "f.conv*"}, {"b?.*", "x?y*"}});
  CHECK(pairing.pairs("conv1", "f.conv1"));
  CHECK_FALSE(pairing.pairs("conv1", "f.conv2"));
  CHECK_FALSE(pairing.pairs("fc", "f.conv"));
  CHECK(pairing.pairs("conv", "f.conv"));
  CHECK(pairing.pairs("b2.fc", "x2yfc"));
  CHECK_FALSE(pairing.pairs("b2.fc", "x3yfc"));
  CHECK(Pairing::by_patterns({{"*a*", "*b*"}}).pairs("xaya", "xbya"));
  CHECK(Pairing::all().pairs("a", "b"));
  CHECK_FALSE(Pairing::by_name().pairs("a", "b"));
  CHECK_THROWS_AS(Pairing::by_patterns({{"conv*", "conv"}}), Error);
  CHECK(pairing.text() == "conv* with f.conv*, b?.* with x?y*");
}

TEST_CASE("layers pair by patterns, and all with all with an alarm where another matches better") {
  const TemporaryFolder folder;
  const Layers net;
  const OtherLayers other(net);
  {
    MonitorOptions options = reference_options_in(folder, "patterns");
    options.pairing = Pairing::by_patterns({{"conv*", "f.conv*"}});
    Monitor monitor(options);
    const SnapshotReport report = probe(monitor, net, 100, &other);
    CHECK(*find_pair(report, "conv1", "f.conv1")->value ==
          doctest::Approx(direct_distance(net.first, other.a)).epsilon(1e-10));
    CHECK(find_pair(report, "conv1", "f.conv2") == nullptr);
    CHECK(report.events.empty());
  }
  MonitorOptions options = reference_options_in(folder, "all");
  options.pairing = Pairing::all();
  const auto pack = folder.path() / "ref.safetensors";
  record_layers(pack, net.inputs, other, 300);
  Monitor monitor(options);
  REQUIRE(monitor.add_reference("pack", pack));
  const SnapshotReport report = probe(monitor, net);
  CHECK(report.measures.size() == 4 * options.measures.size());
  CHECK(*find_pair(report, "conv1", "conv2")->value ==
        doctest::Approx(direct_distance(net.first, other.b)).epsilon(1e-10));
  // The pack's second layer is the first one's kin, and the other way round.
  std::vector<std::string> alarms;
  for (const VerdictRow& verdict : report.verdicts) {
    if (verdict.verdict == "best_match_elsewhere") {
      alarms.push_back(verdict.layer + " " + verdict.reference_layer);
    }
  }
  CHECK(alarms == std::vector<std::string>{"conv1 conv2", "conv2 conv1"});
}

TEST_CASE("all with all: layers on other positions are not compared, and said once") {
  const TemporaryFolder folder;
  MonitorOptions options = reference_options_in(folder);
  options.pairing = Pairing::all();
  Monitor monitor(options);
  const std::array<std::int64_t, 4> shape{40, 2, 5, 5};
  SnapshotReport report;
  for (int epoch = 0; epoch < 2; ++epoch) {
    auto step = monitor.begin(Stream::probe, epoch);
    const Eigen::VectorXd conv = normal_matrix(40 * 50, 1, references_seed).col(0);
    const Eigen::MatrixXd dense = normal_matrix(40, 3, references_seed + 1);
    for (const char* network : {"net", "ref"}) {
      step.observe(monitor.watch(network, "conv", Layout::nchw),
                   ActivationView(conv.data(), DType::float64, shape));
      step.observe(monitor.watch(network, "fc", Layout::nc), view_of(dense));
    }
    step.commit();
    report = monitor.snapshot(epoch).wait();
    CHECK(has_event_saying(report, "rows_differ", "2 pairs of layers on other positions"));
    CHECK(find_pair(report, "conv", "fc") == nullptr);
    CHECK(*find_pair(report, "conv", "conv")->value < 1e-12);
  }
}

TEST_CASE("a recorded pack is compared with whatever batches either side was run in") {
  const TemporaryFolder folder;
  const Layers net;
  const OtherLayers other(net);
  const auto pack = folder.path() / "ref.safetensors";
  record_layers(pack, net.inputs, other, 64);
  MonitorOptions options = reference_options_in(folder);
  SUBCASE("with history") {}
  SUBCASE("without history: only the latest snapshot lies in the folder") {
    options.keep_history = false;
  }
  Monitor monitor(options);
  REQUIRE(monitor.add_reference("pack", pack));
  CHECK(monitor.add_reference("pack", pack));  // the same again, as after a resume
  CHECK_THROWS_AS(monitor.add_reference("pack", folder.path() / "other"), Error);
  CHECK_THROWS_AS(monitor.add_reference("net", pack), Error);
  CHECK_THROWS_AS(monitor.add_reference("final", pack), Error);
  CHECK_THROWS_AS(monitor.watch("pack", "conv1", Layout::nc), Error);
  for (const Eigen::Index batch : {100, 7}) {
    const SnapshotReport report = probe(monitor, net, batch);
    CHECK(report.events.empty());
    const MeasureRow* row = report.find({"conv1", "pack", "pwcca_distance"});
    REQUIRE(row != nullptr);
    CHECK(row->status == Status::ok);
    CHECK(*row->value == doctest::Approx(direct_distance(net.first, other.a)).epsilon(1e-10));
  }
  std::size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(options.run_directory / "history")) {
    files += file.is_regular_file() ? 1 : 0;
  }
  CHECK(files == (options.keep_history ? 2 : 1));
  CHECK(monitor.finish().measures.empty() == !options.keep_history);
}

TEST_CASE("a pack of another probe is refused, naming what differs") {
  const TemporaryFolder folder;
  const Layers net;
  const OtherLayers other(net);
  Monitor monitor(reference_options_in(folder));
  const auto refused = [&](const char* name, const Eigen::MatrixXd& inputs,
                           const RecorderOptions& options) {
    const auto pack = folder.path() / (std::string(name) + ".safetensors");
    record_layers(pack, inputs, other, 100, options);
    REQUIRE(monitor.add_reference(name, pack));
  };
  refused("order", net.inputs.colwise().reverse(), {});
  refused("content", normal_matrix(images, 6, references_seed + 9), {});
  refused("shape", normal_matrix(images, 5, references_seed + 9), {});
  RecorderOptions positions;
  positions.positions = Positions::sampled(4, 7);
  refused("positions", net.inputs, positions);
  RecorderOptions subset;
  subset.images = 100;
  refused("subset", net.inputs, subset);
  const SnapshotReport report = probe(monitor, net);
  CHECK(has_event_saying(report, "other_probe", "order.safetensors: expected"));
  CHECK(has_event_saying(report, "other_probe", "another order"));
  CHECK(has_event_saying(report, "other_probe", "content.safetensors: expected"));
  CHECK(has_event_saying(report, "other_probe",
                         "shape.safetensors: expected inputs of shape 6, got 5"));
  CHECK(has_event_saying(
      report, "rows_differ",
      "expected 16 positions an image of seed 0, got 4 positions an image of seed 7"));
  CHECK(has_event_saying(report, "rows_differ", "expected a probe of 300 images, got 100"));
  for (const char* name : {"order", "content", "shape", "positions", "subset"}) {
    const MeasureRow* row = report.find({"conv1", name, "pwcca_distance"});
    REQUIRE(row != nullptr);
    CHECK(row->status == Status::missing);
    CHECK_FALSE(row->value);
  }
}

TEST_CASE("a probe whose inputs are not told is compared, and said not to be verified") {
  const TemporaryFolder folder;
  const Layers net;
  const auto pack = folder.path() / "ref.safetensors";
  record_layers(pack, net.inputs, OtherLayers(net), 100);
  Monitor monitor(reference_options_in(folder));
  REQUIRE(monitor.add_reference("pack", pack));
  const TapHandle tap = monitor.watch("net", "conv1", Layout::nc);
  auto step = monitor.begin(Stream::probe, 0);
  step.observe(tap, view_of(net.first));
  step.commit();
  const SnapshotReport report = monitor.snapshot(0).wait();
  CHECK(has_event_saying(report, "unverified_probe", "give them to the probe"));
  CHECK(report.find({"conv1", "pack", "pwcca_distance"})->value);
}

TEST_CASE("a recorder says why a pack cannot be written, and leaves none") {
  const TemporaryFolder folder;
  const Eigen::MatrixXd x = normal_matrix(50, 3, references_seed);
  const auto path = folder.path() / "a" / "pack.safetensors";
  CHECK(record(path, {}, [](Recorder&) {}).why().find("expected rows, got none") !=
        std::string::npos);
  const auto narrower = [&](Recorder& recorder) {
    recorder.observe("fc", Layout::nc, view_of(x));
    recorder.end_batch();
    recorder.observe("fc", Layout::nc, view_of(x.leftCols(2)));
  };
  CHECK(record(path, {}, narrower).why().find("expected 3 features") != std::string::npos);
  const auto uneven = [&](Recorder& recorder) {
    recorder.observe("fc", Layout::nc, view_of(x));
    recorder.observe("conv", Layout::nc, view_of(x));
    recorder.end_batch();
    recorder.observe("fc", Layout::nc, view_of(x));
  };
  CHECK(record(path, {}, uneven).why().find("conv") != std::string::npos);
  CHECK(std::filesystem::is_empty(folder.path() / "a"));
  Recorder recorder(path, {});
  recorder.observe("fc", Layout::nc, view_of(x));
  CHECK_THROWS_AS(recorder.observe("fc", Layout::nc, view_of(x)), Error);
  RecorderOptions nameless;
  nameless.network.clear();
  CHECK_THROWS_AS(Recorder(path, nameless), Error);
}

TEST_CASE("a pack's layer that is not finite is missing, by name, and spoils no other number") {
  const TemporaryFolder folder;
  const Layers net;
  OtherLayers other(net);
  other.b.setConstant(std::nan(""));
  const auto pack = folder.path() / "ref.safetensors";
  record_layers(pack, net.inputs, other, 100);
  Monitor monitor(reference_options_in(folder));
  REQUIRE(monitor.add_reference("pack", pack));
  probe(monitor, net);
  const SnapshotReport report = probe(monitor, net, 100, nullptr, 1);
  CHECK(report.find({"conv1", "pack", "pwcca_distance"})->status == Status::ok);
  CHECK(report.find({"conv1", "start", "pwcca_distance"})->status == Status::ok);
  CHECK(report.find({"conv2", "start", "pwcca_distance"})->status == Status::ok);
  CHECK(report.find({"conv2", "pack", "pwcca_distance"})->status == Status::missing);
  for (const char* layer : {"conv1", "conv2"}) {
    CHECK(report.find({layer, "pack", "pwcca_distance"})->reference_kind == ReferenceKind::pack);
    CHECK(report.find({layer, "start", "pwcca_distance"})->reference_kind == ReferenceKind::start);
  }
  CHECK(has_event_saying(report, "nonfinite", "expected at most 10 %"));
}

TEST_CASE("a pack of which no layer pairs is said to be lonely, with the names of both sides") {
  const TemporaryFolder folder;
  const Layers net;
  const auto pack = folder.path() / "ref.safetensors";
  REQUIRE(record(pack, {}, [&](Recorder& recorder) {
    recorder.set_inputs(view_of(net.inputs));
    recorder.observe("features.conv1", Layout::nc, view_of(net.first));
  }));
  Monitor monitor(reference_options_in(folder));
  REQUIRE(monitor.add_reference("pack", pack));
  CHECK(has_event_saying(probe(monitor, net), "missing",
                         "the first is 'features.conv1', and of net 'conv1'"));
}

TEST_CASE("latest() finds a layer of another name where there is but one, or where it is named") {
  const TemporaryFolder folder;
  const Layers net;
  const OtherLayers other(net);
  MonitorOptions options = reference_options_in(folder);
  options.pairing = Pairing::by_patterns({{"conv*", "f.conv*"}});
  Monitor monitor(options);
  probe(monitor, net, 100, &other);
  CHECK(monitor.latest({"conv1", "ref", "pwcca_distance"})->reference_layer == "f.conv1");
  CHECK(monitor.latest({.layer = "conv1",
                        .reference = "ref",
                        .measure = "pwcca_distance",
                        .reference_layer = "f.conv1",
                        .stream = Stream::probe}));
  CHECK_FALSE(monitor.latest({.layer = "conv1",
                              .reference = "ref",
                              .measure = "pwcca_distance",
                              .reference_layer = "f.conv2",
                              .stream = Stream::probe}));
}
