#include <doctest/doctest.h>

#include <string>

#include "common/json_depth.hpp"

using namespace livecca;

TEST_CASE("JSON that nests deeper than any of livecca's is not parsed") {
  const auto nested = [](int levels, char open, char close) {
    return std::string(static_cast<std::size_t>(levels), open) +
           std::string(static_cast<std::size_t>(levels), close);
  };
  CHECK(parse_json(nested(deepest_json, '[', ']')).is_array());
  for (const int levels : {deepest_json + 1, 1000, 100'000, 2'000'000}) {
    CAPTURE(levels);
    CHECK(parse_json(nested(levels, '[', ']')).is_discarded());
    CHECK(parse_json(nested(levels, '[', ' ')).is_discarded());
  }
  std::string objects = "1";
  for (int i = 0; i < deepest_json; ++i) objects = R"({"a":)" + objects + '}';
  CHECK(parse_json(objects).is_object());
  CHECK(parse_json('[' + objects + ']').is_discarded());
}

TEST_CASE("brackets in strings nest nothing, and siblings do not add up") {
  CHECK_FALSE(nests_deeper_than(1, R"(["[[[", "\"[[", "\\", "{"])"));
  CHECK(nests_deeper_than(1, R"(["\\", []])"));
  CHECK_FALSE(nests_deeper_than(2, "[[],[],{},[]]"));
  CHECK_FALSE(nests_deeper_than(0, "3"));
  CHECK(parse_json("nothing").is_discarded());
}
