#include "livecca/common/result.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <type_traits>

using livecca::Error;
using livecca::Failure;
using livecca::Result;

namespace {

Result<std::unique_ptr<int>> number(bool is_there) {
  if (!is_there) return Failure{"expected a number, got none"};
  return std::make_unique<int>(7);
}

Result<void> done(bool is_done) {
  if (!is_done) return Failure{"expected to be done, was not"};
  return {};
}

}  // namespace

TEST_CASE("a result is a value, which can be moved out, or the reason why there is none") {
  auto there = number(true);
  REQUIRE(there);
  CHECK(there.why().empty());
  CHECK(**there == 7);
  CHECK(*there->get() == 7);
  const std::unique_ptr<int> moved = *std::move(there);
  CHECK(*moved == 7);

  const auto missing = number(false);
  CHECK_FALSE(missing);
  CHECK(missing.why() == "expected a number, got none");
  CHECK_THROWS_WITH_AS(static_cast<void>(*missing), "expected a number, got none", Error);
}

TEST_CASE("a result of nothing says whether it was done") {
  CHECK(done(true));
  CHECK(done(true).why().empty());
  CHECK_FALSE(done(false));
  CHECK(done(false).why() == "expected to be done, was not");
}

TEST_CASE("a result of a text tells the text from a reason") {
  const Result<std::string> text = std::string("expected");
  CHECK(text);
  CHECK(*text == "expected");
  static_assert(!std::is_convertible_v<Result<int>, bool>, "a result is no number");
}
