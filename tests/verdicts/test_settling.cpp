#include "verdicts/settling.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "verdicts/own_motion.hpp"

using namespace livecca;

TEST_CASE("a settling that was expected held if it came within its interval") {
  ExpectedSettlings expected;
  SettlingRecord record;
  const ExpectedSettling one = expect_settling(expected, 10, 4.0).value();
  CHECK(one.low == 11);
  CHECK(one.high == 20);
  for (std::uint64_t snapshot = 11; snapshot < 20; ++snapshot) {
    judge_expected(expected, snapshot, false, record);
  }
  CHECK(record.judged == 0);
  SUBCASE("at the last moment") {
    judge_expected(expected, 20, true, record);
    CHECK(record.held == 1);
  }
  SUBCASE("not at all") {
    judge_expected(expected, 20, false, record);
    CHECK(record.held == 0);
  }
  CHECK(record.judged == 1);
  CHECK(expected.empty());
}

TEST_CASE("a settling that comes too early did not hold") {
  ExpectedSettlings expected;
  SettlingRecord record;
  static_cast<void>(expect_settling(expected, 10, 40.0));
  judge_expected(expected, 15, true, record);
  CHECK(record.judged == 1);
  CHECK(record.held == 0);
}

TEST_CASE("expectations are told once 7 of 10 came true, of 8 at least") {
  CHECK_FALSE(SettlingRecord{7, 7}.is_trusted());
  CHECK(SettlingRecord{8, 6}.is_trusted());
  CHECK_FALSE(SettlingRecord{8, 5}.is_trusted());
  CHECK(SettlingRecord{10, 7}.is_trusted());
}

TEST_CASE("expectations are kept within bounds") {
  ExpectedSettlings expected;
  for (std::uint64_t snapshot = 0; snapshot < 1000; ++snapshot) {
    CHECK(expect_settling(expected, snapshot, 1e300).has_value() == (snapshot < 32));
  }
  CHECK(expected.size() == 32);
}

TEST_CASE("the row has the epochs, where snapshots are several epochs apart") {
  VerdictRow row;
  row.epoch = 30;
  tell_settling({.low = 12, .high = 20}, 10, 4.0, 3.0, row);
  CHECK(row.settling_epoch.value() == 42);
  CHECK(row.settling_epoch_low.value() == 36);
  CHECK(row.settling_epoch_high.value() == 60);
}

TEST_CASE("the snapshots until a layer settles are those after which its forecast is that it has") {
  // Distances that fall by a tenth a snapshot, as of a walk: lags in proportion.
  constexpr double decay = 0.1;
  const auto latest_at = [](std::uint64_t end) {
    std::vector<Motion> latest;
    for (std::uint64_t t = end - 4; t <= end; ++t) {
      Motion motion{.snapshot = t, .epoch = static_cast<std::int64_t>(t)};
      for (std::size_t i = 0; i < motion_lags.size(); ++i) {
        motion.moved[i] = 0.5 * std::exp(-decay * static_cast<double>(t)) *
                          std::expm1(decay * static_cast<double>(motion_lags[i])) / decay;
      }
      latest.push_back(motion);
    }
    return latest;
  };
  const auto at_10 = forecast_of(latest_at(10), -decay);
  REQUIRE(at_10);
  CHECK(at_10->decay == doctest::Approx(decay).epsilon(1e-6));
  const double until = at_10->snapshots_until(0.05).value();
  CHECK(until > 5);
  // The path is then followed from later on, for longer: that changes it a little.
  const auto before = forecast_of(latest_at(10 + static_cast<std::uint64_t>(until) - 1), -decay);
  const auto after = forecast_of(latest_at(10 + static_cast<std::uint64_t>(until) + 2), -decay);
  CHECK(before->remaining() > 0.05);
  CHECK(after->remaining() < 0.05);
  // Standing still, it never does.
  CHECK_FALSE(Forecast{.path = {}, .decay = 0.01}.snapshots_until(0.05));
}
