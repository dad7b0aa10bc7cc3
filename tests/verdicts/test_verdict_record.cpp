#include <doctest/doctest.h>

#include "verdicts/verdict_record.hpp"

namespace {

using livecca::DistanceToEnd;
using livecca::LogRow;
using livecca::VerdictRecord;
using livecca::VerdictRecordRow;
using livecca::VerdictRow;

VerdictRow said(std::int64_t epoch, const std::string& verdict, const std::string& layer = "a") {
  VerdictRow row;
  row.epoch = epoch;
  row.step = static_cast<std::uint64_t>(10 * epoch);
  row.layer = layer;
  row.verdict = verdict;
  return row;
}

VerdictRow with_interval(VerdictRow row, double low, double high) {
  row.remaining_low = low;
  row.remaining_high = high;
  return row;
}

DistanceToEnd at(std::int64_t epoch, double distance, const std::string& layer = "a") {
  return {layer, epoch, static_cast<std::uint64_t>(10 * epoch), distance};
}

LogRow rate(std::int64_t epoch, double value) {
  return {.epoch = epoch, .step = 0, .name = "learning_rate", .value = value};
}

}  // namespace

TEST_CASE("a settled layer held if it ended within the tolerance, and was early if not") {
  VerdictRecord record(0.05);
  for (const std::int64_t epoch : {1, 2, 3, 4}) record.add(said(epoch, "settled"));
  for (const auto& place : {at(1, 0.2), at(2, 0.0501), at(3, 0.05)}) record.add(place);
  const auto rows = record.rows();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].layer.empty());
  CHECK(rows[1].layer == "a");
  CHECK(rows[1].tolerance == 0.05);
  // The last snapshot is the end itself.
  CHECK(rows[1].settled == 3);
  CHECK(rows[1].held == 1);
  CHECK(rows[1].early == 2);
  CHECK(rows[1].overtaken == 0);
}

TEST_CASE("a settled layer that was not at its end when the learning rate jumped is not judged") {
  VerdictRecord record(0.05);
  // From 0.1 to 0.09 is no jump, from 0.09 to 0.01 is one.
  const std::vector<double> rates{0.1, 0.09, 0.01};
  for (const std::int64_t epoch : {1, 2, 3}) {
    record.add(rate(epoch, rates[static_cast<std::size_t>(epoch) - 1]));
    record.add(said(epoch, "settled"));
  }
  for (const auto& place : {at(1, 0.2), at(2, 0.06), at(3, 0.2)}) record.add(place);
  const VerdictRecordRow row = record.rows().at(1);
  CHECK(row.overtaken == 2);
  CHECK(row.held == 0);
  CHECK(row.early == 1);
}

TEST_CASE("a restart from a rate of 0 is a jump, and a row's own rate counts before the log's") {
  VerdictRecord record(0.05);
  const std::vector<double> rates{0.01, 0, 0.1};
  for (const std::int64_t epoch : {1, 2, 3}) {
    VerdictRow row = said(epoch, "settled");
    row.learning_rate = rates[static_cast<std::size_t>(epoch) - 1];
    record.add(rate(epoch + 1, 7.0 * static_cast<double>(epoch)));  // of the next epoch already
    record.add(row);
  }
  for (const auto& place : {at(1, 0.2), at(2, 0.06), at(3, 0.2)}) record.add(place);
  const VerdictRecordRow row = record.rows().at(1);
  CHECK(row.overtaken == 2);
  CHECK(row.early == 1);
}

TEST_CASE("layers are recorded in the order in which they came") {
  VerdictRecord record(0.05);
  for (const std::string layer : {"stem", "conv10", "conv2"}) {
    record.add(said(1, "settled", layer));
    record.add(at(1, 0.01, layer));
  }
  const auto rows = record.rows();
  REQUIRE(rows.size() == 4);
  CHECK(rows[1].layer == "stem");
  CHECK(rows[2].layer == "conv10");
  CHECK(rows[3].layer == "conv2");
}

TEST_CASE("a jump of the learning rate after which the layer stays excuses nothing") {
  VerdictRecord record(0.05);
  for (const std::int64_t epoch : {1, 2, 3}) {
    record.add(rate(epoch, epoch < 3 ? 0.1 : 0.001));
    record.add(said(epoch, "settled"));
  }
  for (const auto& place : {at(1, 0.2), at(2, 0.05)}) record.add(place);
  const VerdictRecordRow row = record.rows().at(1);
  CHECK(row.overtaken == 0);
  CHECK(row.held == 1);
  CHECK(row.early == 1);
}

TEST_CASE("the end of a cosine excuses no settling before it, nor leaves out an interval") {
  VerdictRecord record(0.05);
  const std::vector<double> rates{0.1, 0.05, 0.004, 0.001, 1e-6};
  for (std::size_t i = 0; i < rates.size(); ++i) {
    const auto epoch = static_cast<std::int64_t>(i) + 1;
    record.add(rate(epoch, rates[i]));
    record.add(with_interval(said(epoch, "settled"), 0.01, 0.3));
    record.add(at(epoch, 0.2));
  }
  const VerdictRecordRow row = record.rows().at(1);
  CHECK(row.overtaken == 2);  // it fell from 0.05 to 0.004, and then from nearly nothing
  CHECK(row.early == 3);
  CHECK(row.intervals == 3);
}

TEST_CASE("settled is late while it is not said and would hold for good") {
  VerdictRecord record(0.05);
  for (const std::int64_t epoch : {1, 2, 3, 5}) record.add(said(epoch, "moving"));
  record.add(said(4, "undecided"));
  record.add(said(6, "settled"));
  // At 2 it was near, but left again; at 4 nothing was promised.
  for (const auto& place :
       {at(1, 0.3), at(2, 0.01), at(3, 0.1), at(4, 0.02), at(5, 0.02), at(6, 0.01)}) {
    record.add(place);
  }
  CHECK(record.rows().at(1).late == 1);
}

TEST_CASE("an interval held if it had the distance to the end") {
  VerdictRecord record(0.05);
  record.add(with_interval(said(1, "moving"), 0.1, 0.3));
  record.add(with_interval(said(2, "moving"), 0.1, 0.3));
  record.add(with_interval(said(3, "moving"), 0.1, 0.3));
  for (const auto& place : {at(1, 0.3), at(2, 0.31), at(3, 0.09)}) record.add(place);
  const VerdictRecordRow row = record.rows().at(1);
  CHECK(row.intervals == 3);
  CHECK(row.intervals_held == 1);
}

TEST_CASE("an expected settling held if the layer was called settled within its interval") {
  VerdictRecord record(0.05);
  const auto expecting = [](VerdictRow row, double low, double high) {
    row.settling_epoch = (low + high) / 2;
    row.settling_epoch_low = low;
    row.settling_epoch_high = high;
    return row;
  };
  record.add(expecting(said(1, "moving"), 3, 5));  // it came at 4
  record.add(expecting(said(2, "moving"), 5, 9));  // it came earlier
  record.add(said(4, "settled"));
  record.add(expecting(said(5, "moving"), 6, 7));   // it never came
  record.add(expecting(said(6, "moving"), 7, 20));  // it may come yet
  record.add(said(8, "moving"));
  record.add(at(1, 0.3));
  const VerdictRecordRow row = record.rows().at(1);
  CHECK(row.settling_epochs == 3);
  CHECK(row.settling_epochs_held == 1);
}

TEST_CASE("all layers together are the sum, and what was not kept is not counted") {
  VerdictRecord record(0.05);
  for (const char* layer : {"a", "b", "c"}) {
    for (const std::int64_t epoch : {1, 2, 3}) record.add(said(epoch, "settled", layer));
  }
  record.add(at(1, 0.2, "a"));
  record.add(at(2, 0.01, "a"));
  record.add(at(1, 0.01, "b"));
  VerdictRow alarm = said(1, "dead");
  record.add(alarm);
  const auto rows = record.rows();
  REQUIRE(rows.size() == 3);  // nothing is known of where c ended
  CHECK(rows[0].settled == 3);
  CHECK(rows[0].held == 2);
  CHECK(rows[0].early == 1);
  CHECK(rows[1].settled == 2);
  CHECK(rows[2].settled == 1);
  CHECK(VerdictRecord(0.05).rows().empty());
}
