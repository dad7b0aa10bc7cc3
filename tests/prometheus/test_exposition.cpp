#include <doctest/doctest.h>

#include <array>
#include <clocale>
#include <limits>
#include <locale>

#include "sinks/prometheus/exposition.hpp"

using livecca::exposition;
using livecca::Labels;
using livecca::Metric;
using livecca::SeriesGroup;

namespace {

std::string label_text(std::string_view value) { return Labels().with("layer", value).text(); }

std::string page_of(const SeriesGroup& group) {
  return exposition(std::array<const SeriesGroup*, 1>{&group});
}

}  // namespace

TEST_CASE("labels are escaped as the text format asks") {
  CHECK(Labels().text().empty());
  CHECK(label_text("conv1") == R"({layer="conv1"})");
  CHECK(Labels().with("run", "a").with("layer", "b").text() == R"({run="a",layer="b"})");
  CHECK(label_text(R"(say "hello")") == R"({layer="say \"hello\""})");
  CHECK(label_text(R"(back\slash)") == R"({layer="back\\slash"})");
  CHECK(label_text("two\nlines") == R"({layer="two\nlines"})");
  CHECK(label_text("grüße 漢字 🙂") == R"({layer="grüße 漢字 🙂"})");
}

TEST_CASE("an empty label is no label") {
  CHECK(label_text("").empty());
  CHECK(Labels().with("run", "").with("layer", "b").text() == R"({layer="b"})");
}

TEST_CASE("bytes that are not UTF-8 are replaced, and what follows stays") {
  CHECK(label_text("a\xff") == "{layer=\"a\xEF\xBF\xBD\"}");
  CHECK(label_text("\xc3(") == "{layer=\"\xEF\xBF\xBD(\"}");
  CHECK(label_text(std::string("a\0b", 3)) ==
        "{layer=\"a\xEF\xBF\xBD"
        "b\"}");
  // Overlong, a surrogate, beyond Unicode: Unicode's table 3-7 has none of them.
  for (const char* bytes : {"\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                            "\xf0\x8f\xbf\xbf", "\x80"}) {
    std::string expected;
    for (std::size_t i = 0; i < std::string_view(bytes).size(); ++i) expected += "\xEF\xBF\xBD";
    CHECK(label_text(bytes) == "{layer=\"" + expected + "\"}");
  }
  // Cut short, as rows.jsonl has it.
  for (const char* bytes : {"\xe6\xbc", "\xf0\x9f\x99"}) {
    CHECK(label_text(bytes) == "{layer=\"\xEF\xBF\xBD\"}");
  }
  for (const char* edge : {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    CHECK(label_text(edge) == std::string("{layer=\"") + edge + "\"}");
  }
}

TEST_CASE("a page has HELP, TYPE and one line a series, in every locale") {
  SeriesGroup group;
  CHECK(page_of(group).empty());
  group.set(Metric::epoch, Labels().with("run", "a"), 0.5);
  group.set(Metric::epoch, Labels().with("run", "b"), -1e30);
  group.set_count(Metric::train_steps_observed, Labels(),
                  std::numeric_limits<std::uint64_t>::max());
  const std::string expected =
      "# HELP livecca_epoch The furthest epoch so far.\n"
      "# TYPE livecca_epoch gauge\n"
      "livecca_epoch{run=\"a\"} 0.5\n"
      "livecca_epoch{run=\"b\"} -1e+30\n"
      "# HELP livecca_train_steps_observed_total Train steps that were looked at.\n"
      "# TYPE livecca_train_steps_observed_total counter\n"
      "livecca_train_steps_observed_total 18446744073709551615\n";
  CHECK(page_of(group) == expected);

  struct Comma : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };
  const std::locale before = std::locale::global(std::locale(std::locale(), new Comma));
  group.set(Metric::epoch, Labels().with("run", "a"), 0.5);
  const std::string page = page_of(group);
  std::locale::global(before);
  CHECK(page == expected);
}

TEST_CASE("a number that is not finite is no series, and takes an earlier one away") {
  SeriesGroup group;
  const Labels labels = Labels().with("name", "loss");
  group.set(Metric::log_value, labels, std::numeric_limits<double>::quiet_NaN());
  CHECK(page_of(group).empty());
  group.set(Metric::log_value, labels, 2);
  CHECK(page_of(group).find("livecca_log_value{name=\"loss\"} 2\n") != std::string::npos);
  group.set(Metric::log_value, labels, std::numeric_limits<double>::infinity());
  CHECK(page_of(group).empty());
}

TEST_CASE("a metric of two groups has one heading") {
  SeriesGroup probe;
  SeriesGroup train;
  probe.set(Metric::measure, Labels().with("stream", "probe"), 1);
  train.set(Metric::measure, Labels().with("stream", "train"), 2);
  const std::string page = exposition(std::array<const SeriesGroup*, 2>{&probe, &train});
  CHECK(page.find("# TYPE") == page.rfind("# TYPE"));
  CHECK(page.find("livecca_measure{stream=\"probe\"} 1\nlivecca_measure{stream=\"train\"} 2\n") !=
        std::string::npos);
}
