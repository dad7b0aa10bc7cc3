#include <doctest/doctest.h>

#include <cstring>
#include <fstream>

#include "drifting_network.hpp"
#include "file_text.hpp"
#include "temporary_folder.hpp"

using namespace livecca;
using livecca_tests::DriftingNetwork;
using livecca_tests::TemporaryFolder;

namespace {

std::vector<std::string> folders_in(const std::filesystem::path& history) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(history)) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace

TEST_CASE("kept activations are safetensors files that hold the probe's rows") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  Monitor monitor(options);
  const DriftingNetwork network(1);
  const TapHandle net = monitor.watch("net", "block/1 conv", Layout::nc);
  const TapHandle ref = monitor.watch("seed7", "block/1 conv", Layout::nc);
  network.epoch(monitor, net, ref, 0, 0.25).wait();
  const auto path =
      options.run_directory / "history" / "snapshot-0000" / "block%2F1%20conv.safetensors";
  const std::string bytes = livecca_tests::text_of(path);
  REQUIRE(bytes.size() > 8);
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  REQUIRE(8 + length < bytes.size());
  // Byte for byte: files of earlier versions are read by later ones.
  const std::string text =
      R"({"__metadata__":{"format":"livecca.recorded_rows","version":"1","rows_per_image":"1",)"
      R"("grid_height":"1","grid_width":"1"},"rows":{"dtype":"F64","shape":[400,6],)"
      R"("data_offsets":[0,19200]}})";
  CHECK(bytes.substr(8, length) == text + std::string(4088 - text.size(), ' '));
  REQUIRE(bytes.size() == 8 + length + 400 * 6 * 8);
  const Eigen::MatrixXd expected = network.layer(0.25);
  std::vector<double> rows(400 * 6);
  std::memcpy(rows.data(), bytes.data() + 8 + length, rows.size() * 8);
  for (Eigen::Index i = 0; i < 400; i += 57) {
    CHECK(rows[static_cast<std::size_t>(i * 6 + 2)] == expected(i, 2));
  }
}

TEST_CASE("above its byte limit the history thins out, and the first and the latest stay") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.history_byte_limit = 4 * (4096 + 400 * 6 * 8);
  std::vector<Event> told;
  options.on_event = [&](const Event& event) { told.push_back(event); };
  Monitor monitor(options);
  const DriftingNetwork network(1);
  const TapHandle net = monitor.watch("net", "fc", Layout::nc);
  const TapHandle ref = monitor.watch("seed7", "fc", Layout::nc);
  for (int epoch = 0; epoch < 9; ++epoch) {
    network.epoch(monitor, net, ref, epoch, 0.1 * epoch).wait();
  }
  const auto folders = folders_in(options.run_directory / "history");
  CHECK(folders.size() == 4);
  CHECK(folders.front() == "snapshot-0000");
  CHECK(folders.back() == "snapshot-0008");
  CHECK(told.size() == 1);
  CHECK(told.at(0).what == "history_thinned");
  const SnapshotReport curves = monitor.finish();
  CHECK(curves.measures.size() == 3 * options.measures.size());
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
    return options.run_directory / "history" / ("snapshot-000" + std::to_string(snapshot)) /
           "fc.safetensors";
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
  for (const Event& event : curves.events) CHECK(event.subject == "final/fc");
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
  CHECK(ticket.wait().find("fc", "start", "pwcca_distance") == nullptr);
  CHECK(ticket.wait().find("fc", "seed7", "pwcca_distance") != nullptr);
  CHECK(monitor.finish().measures.empty());
  CHECK_FALSE(std::filesystem::exists(options.run_directory / "history"));
}

TEST_CASE("what is kept is exact for every element type, at offsets that float32 would lose") {
  const TemporaryFolder folder;
  MonitorOptions options;
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
      CHECK(*report.find(layer, "start", "mean_cca_distance")->value < 1e-12);
    }
  }
  const auto size = [&](const char* name) {
    return std::filesystem::file_size(options.run_directory / "history/snapshot-0000" / name);
  };
  CHECK(size("float32.safetensors") == 4096 + 200 * 5 * 4);
  CHECK(size("float64.safetensors") == 4096 + 200 * 5 * 8);
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
  CHECK(curves.find("b", "final", "pwcca_distance", 2) != nullptr);
  CHECK(curves.find("a", "final", "pwcca_distance", 1) != nullptr);
  CHECK(curves.find("a", "final", "pwcca_distance", 2) == nullptr);
  REQUIRE(curves.events.size() == 1);
  CHECK(curves.events[0].subject == "final/a");
  CHECK(curves.events[0].epoch == 3);
}
