#include <doctest/doctest.h>

#include "common/enum_names.hpp"
#include "livecca/sinks/reference.hpp"

using namespace livecca;

TEST_CASE("the names of own states are made and known in one place") {
  CHECK(before_reference(12) == "before-12");
  CHECK(snapshots_before("before-12") == 12U);
  for (const char* name : {"before-", "before-0", "before-x", "before-1x", "start", "seed7", ""}) {
    CHECK_FALSE(snapshots_before(name));
  }
  for (const char* name : {"start", "final", "before-1", "before-x"}) CHECK(is_reserved(name));
  for (const char* name : {"network", "pack", "before", "seed7", ""})
    CHECK_FALSE(is_reserved(name));
  using enum ReferenceKind;
  for (const ReferenceKind kind : {network, pack, start, before, final}) {
    CHECK(enum_named<ReferenceKind>(name_of(kind)) == kind);
  }
  CHECK_FALSE(enum_named<ReferenceKind>("seed7"));
}
