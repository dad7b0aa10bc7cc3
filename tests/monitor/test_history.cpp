#include <doctest/doctest.h>

#include <cstring>
#include <fstream>

#include "drifting_network.hpp"
#include "json_lines.hpp"
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
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.good());
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  REQUIRE(8 + length < bytes.size());
  const auto header = nlohmann::json::parse(bytes.substr(8, length));
  CHECK(header["rows"]["dtype"] == "F32");
  CHECK(header["rows"]["shape"] == nlohmann::json::array({400, 6}));
  CHECK(header["rows"]["data_offsets"][1] == 400 * 6 * 4);
  REQUIRE(bytes.size() == 8 + length + 400 * 6 * 4);
  const Eigen::MatrixXd expected = network.layer(0.25);
  std::vector<float> rows(400 * 6);
  std::memcpy(rows.data(), bytes.data() + 8 + length, rows.size() * 4);
  for (Eigen::Index i = 0; i < 400; i += 57) {
    CHECK(rows[static_cast<std::size_t>(i * 6 + 2)] == static_cast<float>(expected(i, 2)));
  }
}

TEST_CASE("above its byte limit the history thins out, and the first and the latest stay") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.history_byte_limit = 4 * (4096 + 400 * 6 * 4);
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
