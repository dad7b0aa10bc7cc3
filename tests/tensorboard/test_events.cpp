#include <doctest/doctest.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "common/crc32c.hpp"
#include "sinks/tensorboard/event_file.hpp"
#include "sinks/tensorboard/event_messages.hpp"
#include "support/event_records.hpp"
#include "support/file_text.hpp"

using namespace livecca;

namespace {

constexpr double wall_time = 1700000000.25;

template <typename Add>
std::string event_with(const Add& add) {
  SummaryMessage summary;
  add(summary);
  return summary_event(wall_time, 300, summary);
}

/// The events of generate.py, in its order.
std::vector<std::string> golden_events() {
  std::string png;
  for (int i = 0; i < 256; ++i) png += static_cast<char>(i);
  png += "\x89PNG";
  SummaryMessage two;
  two.scalar("a", 1);
  two.scalar("b", -2);
  const std::vector<double> correlations{0.125, 0.125, 0.5, 0.75, 1.0};
  return {
      file_version_event(wall_time),
      session_start_event(wall_time, 300),
      session_start_event(wall_time, 0),
      event_with([](SummaryMessage& summary) { summary.scalar("log/loss", 0.1); }),
      event_with([](SummaryMessage& summary) { summary.scalar("zero", 0); }),
      event_with([](SummaryMessage& summary) { summary.scalar("large", 1e300); }),
      event_with([&](SummaryMessage& summary) { summary.correlations("\xC3\xA9", correlations); }),
      event_with([&](SummaryMessage& summary) {
        summary.image("picture", {3, 200, png});
      }),
      event_with([](SummaryMessage& summary) {
        summary.table("table", {{"a", ""}, {"\xC3\xA9", std::string(200, 'x')}});
      }),
      summary_event(wall_time, -1, two),
  };
}

}  // namespace

TEST_CASE("events are byte for byte what TensorBoard's own classes write") {
  const auto expected = livecca_tests::records_of(LIVECCA_TENSORBOARD_GOLDEN);
  REQUIRE(expected.bytes_left == 0);
  const std::vector<std::string> events = golden_events();
  REQUIRE(events.size() == expected.events.size());
  std::string file;
  for (std::size_t i = 0; i < events.size(); ++i) {
    CAPTURE(i);
    CHECK(events[i] == expected.events[i]);
    file += framed_record(events[i]);
  }
  CHECK(file == livecca_tests::text_of(LIVECCA_TENSORBOARD_GOLDEN));
}

TEST_CASE("the checks of a record are masked CRC-32Cs") {
  CHECK(crc32c(std::as_bytes(std::span(std::string_view("123456789")))) == 0xE3069283);
  // ((e3069283 >> 15) | (e3069283 << 17)) + a282ead8, by hand.
  const std::string record = framed_record("123456789");
  REQUIRE(record.size() == 25);
  CHECK(record.substr(21) == std::string("\xE5\xB0\x8A\xC7", 4));
}
