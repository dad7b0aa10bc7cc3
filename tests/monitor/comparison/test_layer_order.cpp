#include <doctest/doctest.h>

#include <Eigen/Core>
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "livecca/activations/eigen.hpp"
#include "livecca/monitor/monitor.hpp"
#include "livecca/monitor/replay.hpp"
#include "livecca/packs/recorded_pack.hpp"
#include "support/random_data.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::TemporaryFolder;

namespace {

using LayerNames = std::vector<std::string>;

constexpr std::uint64_t layer_order_seed = 5;

/// Neither the order of letters, nor of numbers, nor of types.
const LayerNames layers_watched{"layer2", "layer10", "layer1", "a"};

/// Of each epoch and reference, the layers in the order of their rows.
std::map<std::pair<std::int64_t, std::string>, LayerNames> orders_of(
    const std::vector<MeasureRow>& rows) {
  std::map<std::pair<std::int64_t, std::string>, LayerNames> orders;
  for (const MeasureRow& row : rows) {
    LayerNames& names = orders[{row.epoch, row.reference}];
    if (std::ranges::find(names, row.layer) == names.end()) names.push_back(row.layer);
  }
  return orders;
}

/// Layers that are float32 or float64 in turn, so that their pack holds two types.
std::vector<MeasureRow> rows_of_run(const std::filesystem::path& folder) {
  MonitorOptions options;
  options.run_directory = folder;
  options.threads = 1;
  options.measures = {"mean_cca"};
  options.compare_before = {1};
  options.history_precision = PackPrecision::exact;
  Monitor monitor(options);
  std::vector<TapHandle> taps;
  for (const std::string& layer : layers_watched)
    taps.push_back(monitor.watch("net", layer, Layout::nc));
  std::vector<MeasureRow> rows;
  const auto add = [&](const SnapshotReport& report) {
    rows.insert(rows.end(), report.measures.begin(), report.measures.end());
  };
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    auto step = monitor.begin(Stream::probe, epoch);
    for (std::size_t i = 0; i < taps.size(); ++i) {
      const Eigen::MatrixXd values =
          normal_matrix(60, 4, layer_order_seed + 10 * static_cast<std::uint64_t>(epoch) + i);
      if (i % 2 == 0) {
        const Eigen::MatrixXf narrow = values.cast<float>();
        step.observe(taps[i], view_of(narrow));
      } else {
        step.observe(taps[i], view_of(values));
      }
    }
    step.commit();
    add(monitor.snapshot(epoch).wait());
  }
  add(monitor.finish());
  return rows;
}

}  // namespace

TEST_CASE("rows, packs and replays have the layers in the order of watching") {
  const TemporaryFolder folder;
  const auto run = folder.path() / "run";
  const auto of_run = orders_of(rows_of_run(run));
  CHECK(of_run.size() == 6);  // start and before-1 from the second epoch on, final before the last
  for (const auto& [snapshot, names] : of_run) {
    CAPTURE(snapshot.second);
    CHECK(names == layers_watched);
  }
  const auto pack = RecordedPack::open(run / "history" / "snapshot-0001.safetensors");
  REQUIRE(pack);
  LayerNames in_pack;
  for (const RecordedLayer& layer : (*pack)->layers()) in_pack.push_back(layer.name);
  CHECK(in_pack == layers_watched);
  const ReplayResult replayed = replay(
      run, {.measures = {"mean_cca"}, .before = {1}, .references = {{"again", (*pack)->path()}}});
  for (const auto& [snapshot, names] : orders_of(replayed.measures)) {
    CAPTURE(snapshot.second);
    CHECK(names == layers_watched);
  }
}
