#include <doctest/doctest.h>

#include <sstream>
#include <string>

#include "report.hpp"
#include "text_table.hpp"

using livecca::MeasureRow;
using livecca::Status;

namespace {

MeasureRow row(std::int64_t epoch, const char* layer, const char* reference, double value) {
  MeasureRow row;
  row.epoch = epoch;
  row.layer = layer;
  row.reference = reference;
  row.reference_kind = livecca::kind_of_reference(reference);
  row.measure = "pwcca_distance";
  row.value = value;
  row.status = Status::ok;
  return row;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string curves_of(const livecca::SnapshotReport& report) {
  std::ostringstream out;
  live_training::print_final_curves(out, {"lower", "upper"}, report);
  return out.str();
}

}  // namespace

TEST_CASE("columns are aligned by characters, not bytes") {
  live_training::TextTable table({"layer", "ρ"});
  table.add({"a", "0.25"});
  std::ostringstream out;
  table.print(out);
  CHECK(out.str() == "  layer     ρ\n  a      0.25\n");
}

TEST_CASE("a number that is not ok is marked and the mark explained") {
  live_training::MarkedCells cells;
  CHECK(cells.cell(0.25, Status::ok) == "0.250  ");
  CHECK(cells.cell(0.25, Status::rank_deficient) == "0.250 r");
  CHECK(cells.cell(std::nullopt, Status::constant) == "– c");
  CHECK(cells.cell(0.75, Status::ok, true) == "0.750~ ");
  std::ostringstream out;
  cells.print_legend(out);
  CHECK(contains(out.str(), "r = rank_deficient"));
  CHECK(contains(out.str(), "c = constant"));
  CHECK(contains(out.str(), "~ = no nearer than unrelated data"));
}

TEST_CASE(
    "the epoch's table has the floor on the scale of correlations and survives missing rows") {
  livecca::SnapshotReport report;
  report.measures = {row(1, "lower", "reference", 0.5), row(1, "lower", "reference", 0.6)};
  report.measures[1].measure = "mean_cca_distance";
  report.measures[1].noise_floor = 0.9;
  std::ostringstream out;
  live_training::print_epoch_table(out, {"lower", "upper"}, {1, 2, 0.75, 0.5, 100, 0.1}, report);
  CHECK(contains(out.str(), "floor of mean ρ"));
  CHECK(contains(out.str(), "0.100"));
  CHECK_FALSE(contains(out.str(), "~"));
  report.measures[0].direction = livecca::Direction::distance;
  report.measures[0].noise_floor = 0.45;
  std::ostringstream marked;
  live_training::print_epoch_table(marked, {"lower", "upper"}, {1, 2, 0.75, 0.5, 100, 0.1}, report);
  CHECK(contains(marked.str(), "0.500~"));
  CHECK(contains(out.str(), "test accuracy 50.0 %"));
}

TEST_CASE("the epoch's table shows packs, drift, verdicts and alarms where the report has them") {
  livecca::SnapshotReport report;
  report.measures = {row(5, "lower", "pack", 0.125), row(5, "upper", "pack", 0.375)};
  live_training::EpochFacts facts{5, 8, 0.75, 0.5, 100, 0.1};
  const auto table = [&] {
    std::ostringstream out;
    live_training::print_epoch_table(out, {"lower", "upper"}, facts, report);
    return out.str();
  };
  CHECK(contains(table(), "to reference"));
  CHECK(!contains(table(), "0.125"));
  facts.references = {"pack"};
  CHECK(contains(table(), "to pack"));
  CHECK(contains(table(), "0.125"));
  CHECK(!contains(table(), "in training"));
  CHECK(!contains(table(), "verdict"));

  livecca::DriftRow drift;
  drift.layer = drift.reference_layer = "upper";
  drift.reference = "pack";
  drift.measure = "pwcca_distance";
  drift.probe = 0.375;
  drift.train = 0.25;
  report.drifts = {drift};
  livecca::VerdictRow verdict;
  verdict.layer = "lower";
  verdict.verdict = "undecided";
  report.verdicts = {verdict};
  CHECK(contains(table(), "−0.125"));
  CHECK(!contains(table(), "undecided"));
  report.verdicts[0].verdict = "settled";
  report.verdicts[0].since_epoch = 3;
  CHECK(contains(table(), "settled since 3"));
  CHECK(!contains(table(), "alarm"));
  report.verdicts[0].verdict = "dead";
  report.verdicts[0].message = "30 of 32 neurons do not vary";
  CHECK(contains(table(), "alarm: lower (probe): 30 of 32 neurons do not vary"));
}

TEST_CASE("the sentence about the order of the layers follows from the curves") {
  livecca::SnapshotReport report;
  report.measures = {row(0, "lower", "final", 0.3),  row(1, "lower", "final", 0.04),
                     row(2, "lower", "final", 0.01), row(0, "upper", "final", 0.6),
                     row(1, "upper", "final", 0.2),  row(2, "upper", "final", 0.02)};
  CHECK(contains(curves_of(report), "lower 1  upper 2"));
  CHECK(contains(curves_of(report), "converged from the bottom up"));
  report.measures[4].value = 0.01;
  CHECK(contains(curves_of(report), "shows no order"));
  report.measures[1].value = 0.1;
  CHECK(contains(curves_of(report), "Ahead of a layer below it: upper"));
  report.measures[5].value = std::nullopt;
  report.measures[4].value = std::nullopt;
  CHECK(contains(curves_of(report), "upper –"));
  CHECK(contains(curves_of(livecca::SnapshotReport{}), "From the bottom up"));
}
