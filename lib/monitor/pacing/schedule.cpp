#include "livecca/monitor/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "common/json_depth.hpp"
#include "common/json_numbers.hpp"
#include "common/number_text.hpp"
#include "livecca/common/error.hpp"

namespace livecca {
namespace {

using Json = nlohmann::ordered_json;

double positive(double value, const char* what) {
  if (std::isfinite(value) && value > 0) return value;
  throw Error(std::string("schedule: expected ") + what + " above 0, got " + number_text(value, 6));
}

/// Above 2^63 a cast would be undefined; no training comes so far.
std::uint64_t saturated(double count) {
  return static_cast<std::uint64_t>(std::clamp(count, 0.0, 0x1p63));
}

std::uint64_t whole_intervals(double distance, double interval) {
  return saturated(std::floor(distance / interval));
}

/// A count as a signed number; the largest one stands for all above it.
std::int64_t as_signed(std::uint64_t count) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(count, most));
}

/// How many of the points round(10^(i / per_decade)) are at or before a step.
std::uint64_t log_points(std::uint64_t step, double per_decade) {
  if (step == 0) return 0;
  const auto at = static_cast<double>(step);
  const auto is_reached = [&](double i) { return std::round(std::pow(10, i / per_decade)) <= at; };
  // Rounding moves a point by up to half a step: around step 1 by several places.
  double i = std::floor(std::log10(at) * per_decade);
  while (is_reached(i + 1)) ++i;
  while (i > 0 && !is_reached(i)) --i;
  return saturated(i) + 1;
}

}  // namespace

Schedule Schedule::never() { return {Kind::never, 0}; }

Schedule Schedule::every_steps(std::int64_t steps) {
  return {Kind::steps, positive(static_cast<double>(steps), "steps")};
}

Schedule Schedule::every_epochs(std::int64_t epochs) {
  return {Kind::epochs, positive(static_cast<double>(epochs), "epochs")};
}

Schedule Schedule::every_seconds(double seconds) {
  return {Kind::seconds, positive(seconds, "seconds")};
}

Schedule Schedule::log_spaced(int per_decade) {
  return {Kind::log_steps, positive(per_decade, "points a decade")};
}

Schedule Schedule::when(std::function<bool(const Progress&)> predicate) {
  if (!predicate) throw Error("schedule: expected a predicate, got none");
  Schedule schedule(Kind::predicate, 0);
  schedule.predicate_ = std::move(predicate);
  return schedule;
}

bool Schedule::claim(const Progress& now) {
  if (kind_ == Kind::never) return false;
  if (kind_ == Kind::predicate) return ask_predicate(now);
  let_time_pass(now);
  const bool is_first = !passed_.started;
  if (is_first) {
    passed_.started = true;
    passed_.first = kind_ == Kind::epochs ? now.epoch : as_signed(now.step);
  }
  const std::uint64_t points = points_until(now);
  if (!is_first && points <= passed_.points) return false;
  passed_.points = points;
  return true;
}

void Schedule::let_time_pass(const Progress& now) {
  if (kind_ != Kind::seconds || !std::isfinite(now.seconds)) return;
  if (passed_.started && now.seconds > passed_.previous_seconds) {
    passed_.elapsed += now.seconds - passed_.previous_seconds;
  }
  passed_.previous_seconds = now.seconds;
}

std::uint64_t Schedule::points_until(const Progress& now) const {
  const auto from_first = [this](std::int64_t at) {
    if (at <= passed_.first) return std::uint64_t{0};
    // Their difference as unsigned numbers: of an epoch far below 0 it is beyond the signed ones.
    const std::uint64_t distance =
        static_cast<std::uint64_t>(at) - static_cast<std::uint64_t>(passed_.first);
    return distance / saturated(interval_);
  };
  switch (kind_) {
    case Kind::steps:
      return from_first(as_signed(now.step));
    case Kind::epochs:
      return from_first(now.epoch);
    case Kind::seconds:
      return whole_intervals(passed_.elapsed, interval_);
    case Kind::log_steps:
      return log_points(now.step, interval_);
    case Kind::never:
    case Kind::predicate:
      break;
  }
  return 0;
}

bool Schedule::ask_predicate(const Progress& now) {
  failure_.clear();
  try {
    return predicate_(now);
  } catch (const std::exception& thrown) {
    failure_ = thrown.what();
    if (failure_.empty()) failure_ = "an exception without words";
  } catch (...) {
    failure_ = "something that is no std::exception";
  }
  return false;
}

std::string Schedule::state() const {
  const Json state{{"schedule", text()},
                   {"interval", interval_},
                   {"started", passed_.started},
                   {"first", passed_.first},
                   {"points", passed_.points},
                   {"elapsed", passed_.elapsed},
                   {"previous_seconds", passed_.previous_seconds}};
  return state.dump();
}

bool Schedule::restore(const std::string& state) {
  try {
    const Json json = parse_json<Json>(state);
    if (json.at("schedule") != text() || json.at("interval") != interval_) return false;
    Passed passed;
    passed.started = json.at("started").get<bool>();
    passed.first = whole_number<std::int64_t>(json.at("first"));
    passed.points = whole_number<std::uint64_t>(json.at("points"));
    passed.elapsed = json.at("elapsed").get<double>();
    passed.previous_seconds = json.at("previous_seconds").get<double>();
    passed_ = passed;
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

std::string Schedule::text() const {
  const std::string interval = number_text(interval_, 15);
  const auto every = [&](const std::string& unit) {
    return interval_ == 1 ? "every " + unit : "every " + interval + ' ' + unit + 's';
  };
  switch (kind_) {
    case Kind::never:
      return "never";
    case Kind::predicate:
      return "predicate";
    case Kind::steps:
      return every("step");
    case Kind::epochs:
      return every("epoch");
    case Kind::seconds:
      return every("second");
    case Kind::log_steps:
      return interval + " a decade of steps";
  }
  return {};
}

}  // namespace livecca
