#include <doctest/doctest.h>

#include <locale>
#include <string>

#include "common/number_text.hpp"
#include "livecca/monitor/schedule.hpp"
#include "verdicts/layer_alarms.hpp"
#include "verdicts/learning_rate.hpp"

using namespace livecca;

namespace {

struct Comma : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

/// The host's locale, put back at the end.
class HostWithCommas {
 public:
  HostWithCommas() : before_(std::locale::global(std::locale(std::locale(), new Comma))) {}
  ~HostWithCommas() { std::locale::global(before_); }

 private:
  std::locale before_;
};

}  // namespace

TEST_CASE("numbers in messages and rows have a point and no separators in any locale") {
  const HostWithCommas host;
  CHECK(number_text(1234.5678) == "1.23e+03");
  CHECK(number_text(1234.5678, 8) == "1234.5678");
  CHECK(Schedule::every_seconds(2500.5).text() == "every 2500.5 seconds");
  CHECK(Schedule::every_steps(1).text() == "every step");
  CHECK(text_of(RateJump{0.5, 0.125}).starts_with("the learning rate fell from 0.5 to 0.125 "));
  LayerRow layer;
  layer.layer = "fc";
  layer.features = layer.dead = 2048;
  layer.samples = 10;
  layer.effective_samples = 10;
  DeadCourse course;
  course.fewest = 1024;
  course.is_first = false;
  const auto alarm = dead_alarm(layer, course, {});
  REQUIRE(alarm);
  CHECK(alarm->message == "2048 of 2048 neurons do not vary, of which 1024 never did, rank 0");
}
