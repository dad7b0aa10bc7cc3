#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <variant>

#include "full_rows.hpp"
#include "livecca/sinks/rows_reader.hpp"
#include "sinks/line_checksum.hpp"

using namespace livecca;
using namespace livecca_tests;

TEST_CASE("every field of a row of each kind is read back as it was written") {
  for (const AnyRow& row : one_of_each()) {
    const std::string text = text_of(row);
    CAPTURE(text);
    const auto line = row_from_json(text);
    REQUIRE_MESSAGE(line, line.why());
    CHECK(line->run == "first");
    CHECK(line->wall_time == 12.5);
    CHECK((line->row == row));
    CHECK(text_of(line->row) == text);
  }
}

TEST_CASE("rows without values are read back, and numbers that are not finite as NaN or as none") {
  for (const AnyRow& row :
       {AnyRow(MeasureRow{}), AnyRow(SpectrumRow{}), AnyRow(LayerRow{}), AnyRow(DriftRow{}),
        AnyRow(VerdictRow{}), AnyRow(DirectionRow{}), AnyRow(VerdictRecordRow{}), AnyRow(RunRow{}),
        AnyRow(OverheadRow{}), AnyRow(LogRow{}), AnyRow(Event{})}) {
    const auto line = row_from_json(text_of(row));
    REQUIRE_MESSAGE(line, line.why());
    CHECK((line->row == row));
  }
  MeasureRow measure = full_measure();
  measure.value = std::nan("");
  CHECK_FALSE(std::get<MeasureRow>(row_from_json(text_of(measure))->row).value);
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(std::isnan(std::get<LogRow>(row_from_json(text_of(log_of(infinity)))->row).value));
  SpectrumRow spectrum = full_spectrum();
  spectrum.weights = {1, std::nan("")};
  CHECK(std::isnan(std::get<SpectrumRow>(row_from_json(text_of(spectrum))->row).weights.at(1)));
}

TEST_CASE("rows of older versions lack fields, which keep their defaults") {
  const auto read = [](const std::string& reference, const std::string& measure) {
    const auto line = row_from_json(R"({"schema":1,"kind":"measure","reference":")" + reference +
                                    R"(","measure":")" + measure + R"("})");
    REQUIRE_MESSAGE(line, line.why());
    return std::get<MeasureRow>(line->row);
  };
  MeasureRow expected;
  expected.reference = "seed7";
  expected.measure = "linear_cka_similarity";
  CHECK((read("seed7", "linear_cka_similarity") == expected));
  CHECK(read("start", "").reference_kind == ReferenceKind::start);
  CHECK(read("before-12", "").reference_kind == ReferenceKind::before);
  CHECK(read("final", "").reference_kind == ReferenceKind::final);
  CHECK(read("a", "pwcca_distance").direction == Direction::distance);
  for (const char* kind : {"run", "spectrum", "layer", "drift", "verdict", "direction",
                           "verdict_record", "log", "event"}) {
    CAPTURE(kind);
    CHECK(row_from_json(std::string(R"({"schema":1,"kind":")") + kind + "\"}"));
  }
}

TEST_CASE("a number that its field cannot hold makes a line foreign, and is not read as another") {
  const auto why_of = [](const std::string& kind, const std::string& field) {
    return row_from_json("{\"schema\":1,\"kind\":\"" + kind + "\"," + field + "}").why();
  };
  CHECK(why_of("run", R"("threads":2147483647)").empty());
  CHECK(why_of("run", R"("threads":-2147483648)").empty());
  CHECK(why_of("run", R"("threads":2147483648)") ==
        "expected a row of kind run, got threads = 2147483648");
  CHECK(why_of("run", R"("threads":-2147483649)").ends_with("threads = -2147483649"));
  CHECK(why_of("log", R"("epoch":-9223372036854775808)").empty());
  CHECK(why_of("log", R"("epoch":9223372036854775808)").ends_with("= 9223372036854775808"));
  CHECK(why_of("log", R"("step":18446744073709551615)").empty());
  CHECK(why_of("log", R"("step":-1)").ends_with("step = -1"));
  CHECK(why_of("verdict", R"("since_epoch":18446744073709551615)").ends_with("615"));
}

TEST_CASE("the reason why a line is foreign is printable, whatever the line holds") {
  const std::string sun = "\xE2\x98\x80";
  for (const std::string& text : {std::string("\x7F"), std::string("\xC2\x9B"), "0123456789" + sun,
                                  std::string(37, 'x') + sun}) {
    CAPTURE(text);
    const std::string why =
        row_from_json(R"({"schema":1,"kind":"log","step":")" + text + "\"}").why();
    CAPTURE(why);
    CHECK(why.starts_with("expected a row of kind log, got step = \""));
    CHECK(std::ranges::all_of(why, [](char c) { return c >= ' ' && c <= '~'; }));
  }
}

TEST_CASE("a kind that a later version may add is a row") {
  const auto line = row_from_json(R"({"schema":1,"kind":"news","run":"first","wall_time":3})");
  REQUIRE(line);
  CHECK(std::holds_alternative<std::monostate>(line->row));
  CHECK(line->wall_time == 3);
}

TEST_CASE("a field of another type makes a line foreign, and it is named") {
  const std::string row = text_of(full_measure());
  const auto why = [&](const std::string& from, const std::string& to) {
    std::string text = row;
    REQUIRE(text.find(from) != std::string::npos);
    return row_from_json(text.replace(text.find(from), from.size(), to)).why();
  };
  CHECK(why(R"("epoch":-3)", R"("epoch":"3")") ==
        R"(expected a row of kind measure, got epoch = "3")");
  CHECK(why(R"("step":71)", R"("step":-1)") == "expected a row of kind measure, got step = -1");
  CHECK(why(R"("stream":"train")", R"("stream":"test")") ==
        R"(expected a row of kind measure, got stream = "test")");
  CHECK(why(R"("features":[64,32])", R"("features":[64])") ==
        "expected a row of kind measure, got features = [64]");
  CHECK(why(R"("schema":1)", R"("schema":2)") == "expected a row of schema 1");
  CHECK(why(R"("kind":"measure")", R"("kind":7)") == "expected a row with its kind, got none");
  for (const char* text : {"", "x", "[1]", "7", "{\"schema\":1", "{\"a\":\"\xFF\"}"}) {
    CHECK(row_from_json(text).why() == "expected a JSON object, got other text");
  }
}

TEST_CASE("a line that nests without end is foreign, whatever field does") {
  for (const AnyRow& row : one_of_each()) {
    const std::string text = text_of(row);
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
    for (std::size_t at = text.find("\":"); at != std::string::npos;
         at = text.find("\":", at + 1)) {
      CAPTURE(text.substr(0, at));
      std::string line = text.substr(0, at + 2) + deep + '}';
      CHECK(row_from_json(line).why() == "expected a JSON object, got other text");
    }
  }
}

TEST_CASE("no flipped bit of a line with its checksum is read as another row") {
  std::mt19937 random(1);
  std::size_t refused = 0;
  for (const AnyRow& row : one_of_each()) {
    const std::string whole = with_checksum(text_of(row));
    const auto line = row_from_json(whole);
    REQUIRE_MESSAGE(line, line.why());
    CHECK((line->row == row));
    for (std::size_t place = 0; place < whole.size(); ++place) {
      std::string damaged = whole;
      damaged[place] = static_cast<char>(damaged[place] ^ (1 << random() % 8));
      const auto read = row_from_json(damaged);
      refused += read ? 0 : 1;
      CAPTURE(damaged);
      CHECK((!read || (read->row == row && read->run == line->run)));
    }
  }
  CHECK(refused > 1000);
}

TEST_CASE("a line that was changed after it got its checksum is refused in words") {
  std::string line = with_checksum(text_of(full_measure()));
  line.replace(line.find(R"("value":0.1,)"), 12, R"("value":0.7,)");
  CHECK(row_from_json(line).why() ==
        "expected a row of the checksum that it ends with, got another: it was damaged, or changed "
        "by another program");
}
