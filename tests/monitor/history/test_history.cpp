#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "livecca/packs/recorded_pack.hpp"
#include "monitor/drifting_network.hpp"
#include "support/file_text.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::DriftingNetwork;
using livecca_tests::files_in;
using livecca_tests::TemporaryFolder;

TEST_CASE("a kept snapshot is a pack of the probe's rows, which another run compares with") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.history_precision = PackPrecision::exact;
  const DriftingNetwork network(1);
  {
    Monitor monitor(options);
    const TapHandle net = monitor.watch("net", "block/1 conv", Layout::nc);
    const TapHandle ref = monitor.watch("seed7", "block/1 conv", Layout::nc);
    network.epoch(monitor, net, ref, 3, 0.25).wait();
  }
  const auto path = options.run_directory / "history" / "snapshot-0000.safetensors";
  const auto pack = *RecordedPack::open(path);
  CHECK(pack->network() == "net");
  CHECK(pack->epoch() == 3);
  CHECK(pack->images() == 400);
  const auto rows = *pack->rows("block/1 conv");
  const auto view = rows->read(0, 400);
  REQUIRE(view);
  const Eigen::MatrixXd expected = network.layer(0.25);
  const auto* values = static_cast<const double*>(view->data());
  for (Eigen::Index i = 0; i < 400; i += 57) CHECK(values[i * 6 + 2] == expected(i, 2));

  options.run_directory = folder.path() / "other";
  Monitor other(options);
  REQUIRE(other.add_reference("earlier", path));
  const TapHandle net = other.watch("net", "block/1 conv", Layout::nc);
  const TapHandle ref = other.watch("seed7", "block/1 conv", Layout::nc);
  const SnapshotReport report = network.epoch(other, net, ref, 0, 0.25).wait();
  CHECK(*report.find({"block/1 conv", "earlier", "mean_cca_distance"})->value < 1e-12);
}

TEST_CASE("above its byte limit the history thins out, and the first and the latest stay") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.history_precision = PackPrecision::exact;
  options.history_byte_limit = 8 * (1500 + 400 * 6 * 8);
  std::vector<Event> told;
  options.on_event = [&](const Event& event) { told.push_back(event); };
  Monitor monitor(options);
  const DriftingNetwork network(1);
  const TapHandle net = monitor.watch("net", "fc", Layout::nc);
  const TapHandle ref = monitor.watch("seed7", "fc", Layout::nc);
  for (int epoch = 0; epoch < 17; ++epoch) {
    network.epoch(monitor, net, ref, epoch, 0.05 * epoch).wait();
  }
  // Log-spaced: the gaps grow. The last ones stay, because a layer's motion is measured from them.
  std::vector<std::string> expected{"snapshot-0000.safetensors", "snapshot-0002.safetensors",
                                    "snapshot-0007.safetensors"};
  for (int last = 12; last < 17; ++last) {
    expected.push_back("snapshot-00" + std::to_string(last) + ".safetensors");
  }
  CHECK(files_in(options.run_directory / "history") == expected);
  const SnapshotReport curves = monitor.finish();  // all is told then
  REQUIRE(told.size() == 2);
  CHECK(told.at(0).what == "unverified_probe");
  CHECK(told.at(1).what == "history_thinned");
  CHECK(curves.measures.size() == 7 * options.measures.size());
}

TEST_CASE("a kept file that was damaged costs its point of the curve, by name") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  Monitor monitor(options);
  const DriftingNetwork network(1);
  const TapHandle net = monitor.watch("net", "fc", Layout::nc);
  const TapHandle ref = monitor.watch("seed7", "fc", Layout::nc);
  for (int epoch = 0; epoch < 6; ++epoch) {
    network.epoch(monitor, net, ref, epoch, 0.1 * epoch).wait();
  }
  const auto file_of = [&](int snapshot) {
    return options.run_directory / "history" /
           ("snapshot-000" + std::to_string(snapshot) + ".safetensors");
  };
  std::filesystem::resize_file(file_of(1), 5000);
  std::filesystem::resize_file(file_of(2), 10);
  std::filesystem::remove(file_of(3));
  {
    std::fstream file(file_of(4), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(20);
    file << "\"\"\"{{{";
  }
  const SnapshotReport curves = monitor.finish();
  CHECK(curves.events.size() == 4);
  for (const Event& event : curves.events) CHECK(event.subject == "final");
  CHECK(curves.measures.size() == options.measures.size());
  CHECK(curves.measures.at(0).epoch == 0);
}

TEST_CASE("without history there is no own start and there are no curves") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.keep_history = false;
  Monitor monitor(options);
  const DriftingNetwork network(1);
  const TapHandle net = monitor.watch("net", "fc", Layout::nc);
  const TapHandle ref = monitor.watch("seed7", "fc", Layout::nc);
  network.epoch(monitor, net, ref, 0, 0.1).wait();
  const auto ticket = network.epoch(monitor, net, ref, 1, 0.5);
  CHECK(ticket.wait().find({"fc", "start", "pwcca_distance"}) == nullptr);
  CHECK(ticket.wait().find({"fc", "seed7", "pwcca_distance"}) != nullptr);
  CHECK(monitor.finish().measures.empty());
  CHECK_FALSE(std::filesystem::exists(options.run_directory / "history"));
}

TEST_CASE("what is kept is exact for every element type, at offsets that float32 would lose") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.history_precision = PackPrecision::exact;
  options.run_directory = folder.path() / "run";
  Monitor monitor(options);
  const TapHandle wide = monitor.watch("net", "float64", Layout::nc);
  const TapHandle narrow = monitor.watch("net", "float32", Layout::nc);
  const Eigen::MatrixXd doubles = livecca_tests::normal_matrix(200, 5, 8).array() + 1e8;
  const Eigen::MatrixXf floats = livecca_tests::normal_matrix(200, 5, 9).cast<float>();
  for (int epoch = 0; epoch < 2; ++epoch) {
    auto step = monitor.begin(Stream::probe, epoch);
    step.observe(wide, view_of(doubles));
    step.observe(narrow, view_of(floats));
    step.commit();
    const SnapshotReport report = monitor.snapshot(epoch).wait();
    if (epoch == 0) continue;
    for (const char* layer : {"float64", "float32"}) {
      CHECK(*report.find({layer, "start", "mean_cca_distance"})->value < 1e-12);
    }
  }
  const auto pack =
      *RecordedPack::open(options.run_directory / "history" / "snapshot-0000.safetensors");
  CHECK(pack->find("float32")->stored == DType::float32);
  CHECK(pack->find("float64")->stored == DType::float64);
}

TEST_CASE("half precision changes distances by less than it promises, for a quarter of the bytes") {
  const TemporaryFolder folder;
  const DriftingNetwork network(7);
  const auto run = [&](const char* name, PackPrecision precision) {
    MonitorOptions options;
    options.run_directory = folder.path() / name;
    options.history_precision = precision;
    Monitor monitor(options);
    const TapHandle net = monitor.watch("net", "fc", Layout::nc);
    const TapHandle ref = monitor.watch("seed7", "fc", Layout::nc);
    network.epoch(monitor, net, ref, 0, 0).wait();
    const SnapshotReport report = network.epoch(monitor, net, ref, 1, 0.4).wait();
    const auto pack =
        *RecordedPack::open(options.run_directory / "history" / "snapshot-0001.safetensors");
    return std::pair(*report.find({"fc", "start", "mean_cca_distance"})->value,
                     pack->find("fc")->stored);
  };
  const auto exact = run("exact", PackPrecision::exact);
  const auto half = run("half", PackPrecision::half);
  CHECK(exact.second == DType::float64);
  CHECK(half.second == DType::float16);
  CHECK(half.first != exact.first);
  // 1e-4 a side.
  CHECK(std::abs(half.first - exact.first) < 2e-4);
}

TEST_CASE("the snapshot so many before is compared with, once there is one") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.history_precision = PackPrecision::exact;
  options.compare_before = {1, 3};
  options.history_byte_limit = 1;  // what comparisons need stays
  Monitor monitor(options);
  const DriftingNetwork network(1);
  const TapHandle net = monitor.watch("net", "fc", Layout::nc);
  const TapHandle ref = monitor.watch("seed7", "fc", Layout::nc);
  std::vector<SnapshotReport> reports;
  for (int epoch = 0; epoch < 6; ++epoch) {
    // Epochs 2 and 3 are alike, and so are 2 and 5.
    const double share = epoch == 3 || epoch == 5 ? 0.4 : 0.2 * epoch;
    reports.push_back(network.epoch(monitor, net, ref, epoch, share).wait());
  }
  const auto distance = [&](std::size_t epoch, const char* reference) {
    const MeasureRow* row = reports[epoch].find({"fc", reference, "mean_cca_distance"});
    if (row == nullptr) return -1.0;
    CHECK(row->reference_kind == ReferenceKind::before);
    return *row->value;
  };
  CHECK(distance(0, "before-1") == -1);
  CHECK(distance(1, "before-1") > 0.01);
  CHECK(distance(2, "before-3") == -1);
  CHECK(distance(3, "before-1") < 1e-12);
  CHECK(distance(3, "before-3") > 0.01);
  CHECK(distance(5, "before-3") < 1e-12);
  CHECK(files_in(options.run_directory / "history").size() == 6);  // the first and the last five
}

TEST_CASE("a seeded subset of the images is kept, and compared image by image") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.history_precision = PackPrecision::exact;
  options.history_images = 150;
  options.history_seed = 9;
  Monitor monitor(options);
  const DriftingNetwork network(1);
  const TapHandle net = monitor.watch("net", "fc", Layout::nc);
  const TapHandle ref = monitor.watch("seed7", "fc", Layout::nc);
  network.epoch(monitor, net, ref, 0, 0.4).wait();
  const SnapshotReport same = network.epoch(monitor, net, ref, 1, 0.4, 37).wait();
  CHECK(same.find({"fc", "start", "mean_cca_distance"})->samples == 150);
  CHECK(*same.find({"fc", "start", "mean_cca_distance"})->value < 1e-12);
  CHECK(same.find({"fc", "seed7", "mean_cca_distance"})->samples == 400);
}

TEST_CASE("a layer that the last snapshot missed is compared with the newest it has, by name") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  Monitor monitor(options);
  const TapHandle a = monitor.watch("net", "a", Layout::nc);
  const TapHandle b = monitor.watch("net", "b", Layout::nc);
  for (int epoch = 0; epoch < 4; ++epoch) {
    const Eigen::MatrixXd x = livecca_tests::normal_matrix(100, 4, 20 + epoch);
    auto step = monitor.begin(Stream::probe, epoch);
    if (epoch < 3) step.observe(a, view_of(x));
    step.observe(b, view_of(x));
    step.commit();
    monitor.snapshot(epoch);
  }
  const SnapshotReport curves = monitor.finish();
  CHECK(
      curves.find({.layer = "b", .reference = "final", .measure = "pwcca_distance", .epoch = 2}) !=
      nullptr);
  CHECK(
      curves.find({.layer = "a", .reference = "final", .measure = "pwcca_distance", .epoch = 1}) !=
      nullptr);
  CHECK(
      curves.find({.layer = "a", .reference = "final", .measure = "pwcca_distance", .epoch = 2}) ==
      nullptr);
  REQUIRE(curves.events.size() == 1);
  CHECK(curves.events[0].subject == "final/a");
  CHECK(curves.events[0].epoch == 3);
}
