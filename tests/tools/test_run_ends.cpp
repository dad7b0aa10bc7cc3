#include <doctest/doctest.h>

#include <string>

#include "index/run_ends.hpp"
#include "index/run_index.hpp"
#include "run_file.hpp"
#include "runs/run_rows.hpp"
#include "runs/sentence.hpp"

using namespace livecca_tests;

namespace {

class LongRun : public RunFile {
 public:
  LongRun() { begin(); }

  void add_numbers(std::int64_t epoch, int layers) {
    for (int layer = 0; layer < layers; ++layer) {
      add(measure_row(epoch, "conv" + std::to_string(layer), 0.5));
    }
  }

  void add_verdicts(std::int64_t epoch, int layers, const std::string& verdict) {
    for (int layer = 0; layer < layers; ++layer) {
      add(verdict_row(epoch, "conv" + std::to_string(layer), verdict));
    }
  }

  void add_overhead(std::int64_t epoch) {
    livecca::OverheadRow row;
    row.epoch = epoch;
    row.step = static_cast<std::uint64_t>(10 * epoch + 10);
    add(row);
  }

  void add_snapshot(std::int64_t epoch, int layers, const std::string& verdict) {
    add_numbers(epoch, layers);
    add_verdicts(epoch, layers, verdict);
    add_overhead(epoch);
  }

  /// What a run that is finished writes behind its last snapshot.
  void add_final_rows(std::uintmax_t bytes) {
    livecca::SpectrumRow spectrum;
    spectrum.layer = spectrum.reference_layer = "conv0";
    spectrum.reference = "final";
    spectrum.canonical_correlations.assign(1000, 0.123456789);
    spectrum.weights.assign(1000, 0.123456789);
    const std::uintmax_t end = size() + bytes;
    for (int epoch = 0; size() < end; ++epoch) {
      for (int row = 0; row < 100; ++row) add(measure_row(epoch % 39, "conv0", 0.25, "final"));
      add(spectrum);
    }
  }

  livecca::tool::RunRows whole() const { return livecca::tool::RunReader(folder()).rows(); }

  /// Whether the ends say what the whole run says.
  void check_ends() const {
    const auto ends = livecca::tool::ends_of(path(), size());
    REQUIRE(ends != nullptr);
    const livecca::tool::RunRows all = whole();
    CHECK(sentence_of(ends->rows()).text() == sentence_of(all).text());
    CHECK(ends->rows().verdicts.size() == all.verdicts.size());
    CHECK(ends->rows().wall_time == all.wall_time);
    CHECK(ends->rows().layers_seen == all.layers_seen);
    CHECK(*ends->rows().epochs.rbegin() == *all.epochs.rbegin());
  }
};

}  // namespace

TEST_CASE_FIXTURE(LongRun,
                  "the ends of a run hold its last verdicts, whatever stands behind them") {
  for (int epoch = 0; epoch <= 40; ++epoch) {
    add_snapshot(epoch, 4, epoch < 40 ? "moving" : "settled");
  }
  add_final_rows(std::uintmax_t{2} << 20U);
  add_event(40, "finished");
  CHECK(
      sentence_of(whole()).text().starts_with("At the end (epoch 40), all 4 layers have settled"));
  check_ends();
}

TEST_CASE_FIXTURE(LongRun,
                  "of a run that goes on the last snapshot that ended is held, however long") {
  for (int epoch = 0; epoch < 3; ++epoch)
    add_snapshot(epoch, 1500, epoch < 2 ? "moving" : "settled");
  check_ends();
  add_numbers(3, 1500);
  check_ends();  // its verdicts are still those of the one before
  add_verdicts(3, 700, "wandering");
  check_ends();
  add_event(3, "resumed");
  add_numbers(3, 1500);
  check_ends();
}

TEST_CASE_FIXTURE(LongRun,
                  "the ends have the layers in the network's order, wherever they are cut") {
  for (int epoch = 0; epoch < 30; ++epoch) {
    for (int layer = 0; layer < 90; ++layer) {
      // Of each layer several rows, so that the beginning has some layers only.
      for (const char* reference : {"seed7", "start", "seed8"}) {
        add(measure_row(epoch, "conv" + std::to_string(layer), 0.5, reference));
      }
    }
    add_verdicts(epoch, 90, "moving");
    if (epoch > 20) check_ends();
  }
}

TEST_CASE_FIXTURE(LongRun, "the ends have the run's description, however long it is") {
  livecca::RunRow row;
  row.network = "net";
  for (int layer = 0; layer < 2000; ++layer) {
    row.taps.push_back({"net", "conv" + std::to_string(layer), "nchw"});
  }
  add(row);
  for (int epoch = 0; epoch < 2; ++epoch) add_snapshot(epoch, 2000, "moving");
  check_ends();
  REQUIRE(whole().facts->taps.size() == 2000);
  CHECK(livecca::tool::ends_of(path(), size())->rows().facts->taps.size() == 2000);
}

TEST_CASE_FIXTURE(LongRun,
                  "the ends of a run without any rows of overhead hold its last snapshot") {
  for (int epoch = 0; epoch < 4; ++epoch) {
    add_numbers(epoch, 1200);
    add_verdicts(epoch, 1200, epoch < 3 ? "moving" : "settled");
  }
  check_ends();
  add_verdicts(4, 1, "moving");
  check_ends();
}

TEST_CASE_FIXTURE(LongRun, "what is left out between the ends is no pause") {
  for (int epoch = 0; epoch < 10; ++epoch) {
    wall_time = 1000 + 100 * epoch;
    add_numbers(epoch, 1);
    add_overhead(epoch);
  }
  wall_time = 50'000;
  add_final_rows(std::uintmax_t{1} << 20U);
  wall_time = 90'000;
  for (int epoch = 10; epoch < 13; ++epoch) {
    wall_time = 90'000 + 100 * epoch;
    add_numbers(epoch, 1);
    add_overhead(epoch);
  }
  const auto ends = livecca::tool::ends_of(path(), size());
  REQUIRE(ends != nullptr);
  CHECK(ends->rows().usual_pause() == 100);
}

TEST_CASE_FIXTURE(LongRun, "the step of a run does not go back when it ends") {
  livecca::tool::RunIndex index;
  const auto add_row = [&](const livecca::AnyRow& row) { index.add({.run = "run", .row = row}); };
  add_row(measure_row(5, "conv0", 0.5));
  add_row(measure_row(1, "conv0", 0.5, "final"));
  CHECK(index.last_step() == 60);
}
