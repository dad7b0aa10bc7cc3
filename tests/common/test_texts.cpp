#include <doctest/doctest.h>

#include <cstdint>

#include "common/hexadecimal.hpp"
#include "common/utf8.hpp"

using namespace livecca;

TEST_CASE("a number's hexadecimal digits are all of its type's") {
  CHECK(hexadecimal(std::uint32_t{0xAB}) == "000000ab");
  CHECK(hexadecimal(std::uint64_t{0xFEDCBA9876543210U}) == "fedcba9876543210");
}

TEST_CASE("a text that is UTF-8 stays, other bytes are replaced") {
  CHECK(valid_utf8("conv1") == "conv1");
  CHECK(valid_utf8("\xC3\xA9\n") == "\xC3\xA9\n");
  CHECK(valid_utf8("a\xFF(") == "a\xEF\xBF\xBD(");
}
