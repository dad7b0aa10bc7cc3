#include <doctest/doctest.h>

#include <Eigen/Core>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "livecca/monitor/monitor.hpp"
#include "livecca/monitor/replay.hpp"
#include "livecca/packs/recorded_pack.hpp"
#include "livecca/packs/recorder.hpp"
#include "monitor/report_events.hpp"
#include "monitor/scripted_training.hpp"
#include "monitor/watched_sequences.hpp"

// Steps of padded sequences as samples: at two times they are compared where both have the same
// step of the same sequence.

using namespace livecca;
using livecca_tests::has_only_unequal_windows;
using livecca_tests::mean_cca_distance;
using livecca_tests::sequence_options;
using livecca_tests::Sequences;
using livecca_tests::TemporaryFolder;

namespace {

using Lengths = Sequences::Lengths;

constexpr double rounding = 1e-9;

/// A network of one layer whose every step is a sample, over some epochs.
struct MaskedRun {
  explicit MaskedRun(const MonitorOptions& options) : monitor(options) {}
  MaskedRun(const MonitorOptions& options, const std::filesystem::path& checkpoint)
      : monitor(options, checkpoint) {}

  SnapshotReport epoch(int number, const Lengths& lengths) {
    const TapHandle net = monitor.watch("net", "encoder", Layout::ntc);
    Sequences::batches(number, lengths, [&](const auto& view, const auto& mask) {
      auto step = monitor.begin(Stream::probe, number);
      step.observe(net, view, mask);
      step.commit();
    });
    return monitor.snapshot(number).wait();
  }

  Monitor monitor;
};

/// The number of an epoch against another epoch, over the steps that both have.
void check_row(const SnapshotReport& report, const std::string& reference, int now,
               const Lengths& lengths_now, int then, const Lengths& lengths_then) {
  CAPTURE(reference);
  CAPTURE(now);
  const MeasureRow* row = report.find(
      {.layer = "encoder", .reference = reference, .measure = "mean_cca_distance", .epoch = now});
  REQUIRE(row != nullptr);
  const auto both = [&](Eigen::Index n, Eigen::Index step) {
    const auto sequence = static_cast<std::size_t>(n);
    return step < std::min(lengths_now[sequence], lengths_then[sequence]);
  };
  const Eigen::MatrixXd x = Sequences::rows(now, both);
  REQUIRE(row->value);
  CHECK(row->samples == static_cast<std::uint64_t>(x.rows()));
  CHECK(row->samples_left_out == 0);
  CHECK(*row->value ==
        doctest::Approx(mean_cca_distance(x, Sequences::rows(then, both))).epsilon(rounding));
}

/// Masks of four epochs: the same again, others, and none.
const std::vector<Lengths>& masks() {
  static const std::vector<Lengths> lengths{Sequences::lengths(0), Sequences::lengths(0),
                                            Sequences::lengths(3, 4), Sequences::whole()};
  return lengths;
}

void record_reference(const std::filesystem::path& pack, const Lengths& lengths) {
  const auto recorded = record(
      pack, {.network = "seed7", .positions = Positions::all(), .precision = PackPrecision::exact},
      [&](Recorder& recorder) {
        Sequences::batches(9, lengths, [&](const auto& view, const auto& mask) {
          recorder.observe("encoder", Layout::ntc, view, mask);
          recorder.end_batch();
        });
      });
  REQUIRE_MESSAGE(recorded, recorded.why());
}

}  // namespace

TEST_CASE("steps behind a mask are compared with the start, before-1, a pack and the final state") {
  MESSAGE("seed " << Sequences::seed);
  const TemporaryFolder folder;
  const Lengths of_pack = Sequences::lengths(2, 5);
  record_reference(folder.path() / "seed7.safetensors", of_pack);
  MaskedRun run(sequence_options(folder.path(),
                                 [](MonitorOptions& options) { options.compare_before = {1}; }));
  REQUIRE(run.monitor.add_reference("seed7", folder.path() / "seed7.safetensors"));
  for (int epoch = 0; epoch < 4; ++epoch) {
    const Lengths& now = masks()[static_cast<std::size_t>(epoch)];
    const SnapshotReport report = run.epoch(epoch, now);
    CHECK(has_only_unequal_windows(report));
    check_row(report, "seed7", epoch, now, 9, of_pack);
    if (epoch == 0) continue;
    check_row(report, "start", epoch, now, 0, masks()[0]);
    check_row(report, "before-1", epoch, now, epoch - 1,
              masks()[static_cast<std::size_t>(epoch - 1)]);
  }
  const SnapshotReport curves = run.monitor.finish();
  CHECK(curves.events.empty());
  for (int epoch = 0; epoch < 3; ++epoch) {
    check_row(curves, "final", epoch, masks()[static_cast<std::size_t>(epoch)], 3, masks()[3]);
  }
}

TEST_CASE("a start without a mask is compared with later steps behind one, whatever the lengths") {
  const TemporaryFolder folder;
  MaskedRun run(sequence_options(folder.path()));
  const std::vector<Lengths> lengths{Sequences::whole(), Sequences::whole(4), Sequences::lengths(1),
                                     Sequences::whole()};
  run.epoch(0, lengths[0]);
  for (int epoch = 1; epoch < 4; ++epoch) {
    const Lengths& now = lengths[static_cast<std::size_t>(epoch)];
    const SnapshotReport report = run.epoch(epoch, now);
    CHECK(has_only_unequal_windows(report));
    check_row(report, "start", epoch, now, 0, lengths[0]);
  }
}

TEST_CASE("of chosen steps those are compared that both times chose, and of chosen sequences all") {
  const TemporaryFolder folder;
  const Positions positions = Positions::sampled(2, 5);
  MaskedRun run(sequence_options(folder.path(), [&](MonitorOptions& options) {
    options.positions = positions;
    options.history_images = 150;
  }));
  const Lengths then = Sequences::lengths(0);
  const Lengths now = Sequences::lengths(1);
  run.epoch(0, then);
  const SnapshotReport report = run.epoch(1, now);
  CHECK(report.events.empty());
  const auto pack =
      *RecordedPack::open(run.monitor.run_directory() / "history" / "snapshot-0001.safetensors");
  const std::vector<std::size_t>& kept = pack->kept_images();
  REQUIRE(kept.size() == 150);
  const auto is_chosen = [&](std::size_t sequence, Eigen::Index step, const Lengths& lengths) {
    std::vector<std::size_t> chosen;
    choose_positions(positions, Grid{1, static_cast<std::size_t>(lengths[sequence])}, sequence,
                     chosen);
    return std::ranges::count(chosen, static_cast<std::size_t>(step)) > 0;
  };
  const auto both = [&](Eigen::Index n, Eigen::Index step) {
    const auto sequence = static_cast<std::size_t>(n);
    return std::ranges::count(kept, sequence) > 0 && is_chosen(sequence, step, then) &&
           is_chosen(sequence, step, now);
  };
  const Eigen::MatrixXd x = Sequences::rows(1, both);
  const MeasureRow* row = report.find({"encoder", "start", "mean_cca_distance"});
  REQUIRE(row != nullptr);
  REQUIRE(row->value);
  CHECK(x.rows() > 50);
  CHECK(row->samples == static_cast<std::uint64_t>(x.rows()));
  CHECK(*row->value ==
        doctest::Approx(mean_cca_distance(x, Sequences::rows(0, both))).epsilon(rounding));
}

TEST_CASE("a run over steps behind masks that is resumed writes the rows of one that was not") {
  const TemporaryFolder folder;
  const auto options_of = [&](const char* name) {
    return sequence_options(folder.path() / name, [](MonitorOptions& options) {
      options.synchronous = true;
      options.compare_before = {1};
      options.history_precision = PackPrecision::half;
    });
  };
  for (const char* name : {"straight", "resumed"}) {
    const bool is_resumed = std::string(name) == "resumed";
    std::optional<MaskedRun> run(std::in_place, options_of(name));
    for (int epoch = 0; epoch < 4; ++epoch) {
      run->epoch(epoch, masks()[static_cast<std::size_t>(epoch)]);
      if (epoch != 1) continue;
      REQUIRE(run->monitor.save(folder.path() / name / "checkpoint"));
      if (!is_resumed) continue;
      run->epoch(2, Sequences::lengths(5));  // is cut off
      run.reset();
      run.emplace(options_of(name), folder.path() / name / "checkpoint");
    }
    run->monitor.finish();
  }
  const auto straight = livecca_tests::comparable_rows(options_of("straight"));
  CHECK(straight.size() > 40);
  CHECK(livecca_tests::comparable_rows(options_of("resumed")) == straight);
}

TEST_CASE("a replay of steps behind masks gives the run's own numbers") {
  const TemporaryFolder folder;
  const MonitorOptions options = sequence_options(folder.path());
  std::vector<MeasureRow> rows;
  {
    MaskedRun run(options);
    for (int epoch = 0; epoch < 4; ++epoch) {
      const auto report = run.epoch(epoch, masks()[static_cast<std::size_t>(epoch)]);
      if (const auto* row = report.find({"encoder", "start", "mean_cca_distance"}))
        rows.push_back(*row);
    }
    run.monitor.finish();
  }
  REQUIRE(rows.size() == 3);
  const ReplayResult again = replay(options.run_directory, {.measures = {"mean_cca"}});
  for (const MeasureRow& row : rows) {
    const auto found = std::ranges::find_if(again.measures, [&](const MeasureRow& other) {
      return other.epoch == row.epoch && other.reference == "start" &&
             other.measure == "mean_cca_distance";
    });
    REQUIRE(found != again.measures.end());
    CHECK(*found->value == *row.value);
    CHECK(found->samples == row.samples);
  }
}

TEST_CASE("a layer of which a mask leaves nothing out of a snapshot is not kept, and said so") {
  const TemporaryFolder folder;
  MaskedRun run(sequence_options(folder.path()));
  run.epoch(0, Sequences::whole(0));
  const SnapshotReport report = run.epoch(1, masks()[0]);
  CHECK(report.events.empty());
  check_row(run.epoch(2, masks()[1]), "start", 2, masks()[1], 1, masks()[0]);
}
