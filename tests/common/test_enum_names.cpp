#include <doctest/doctest.h>

#include "common/enum_names.hpp"
#include "livecca/activations/reading.hpp"
#include "livecca/measures/measure.hpp"
#include "livecca/measures/status.hpp"
#include "livecca/moments/panel_moments.hpp"
#include "livecca/moments/precision.hpp"
#include "livecca/moments/window.hpp"
#include "livecca/sinks/stream.hpp"
#include "livecca/snapshot/solve.hpp"

using namespace livecca;

namespace {

/// The last enumerator counts most: nothing else stands behind it.
template <typename Enum>
void finds_each_up_to(Enum last) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    const auto value = static_cast<Enum>(i);
    REQUIRE(name_of(value) != nullptr);
    CAPTURE(name_of(value));
    CHECK(enum_named<Enum>(name_of(value)) == value);
  }
  CHECK(name_of(static_cast<Enum>(static_cast<int>(last) + 1)) == nullptr);
  CHECK_FALSE(enum_named<Enum>("").has_value());
  CHECK_FALSE(enum_named<Enum>("another").has_value());
}

}  // namespace

TEST_CASE("every enumerator is found by its name, the last one too") {
  finds_each_up_to(DType::float64);
  finds_each_up_to(Layout::tnc);
  finds_each_up_to(Samples::step);
  finds_each_up_to(Precision::fast);
  finds_each_up_to(Window::Kind::last_blocks);
  finds_each_up_to(FaultKind::unreadable);
  finds_each_up_to(Whitening::eigen);
  finds_each_up_to(SpectrumMethod::svd);
  finds_each_up_to(Direction::distance);
  finds_each_up_to(Status::missing);
  finds_each_up_to(Stream::train);
}

TEST_CASE("names are listed for a message") {
  CHECK(enum_names<Precision>() == "exact or fast");
  CHECK(enum_names<SpectrumMethod>() == "none, gram or svd");
  CHECK(enum_names<Layout>(is_sequence, ", ") == "ntc, tnc");
  CHECK(enum_names<Layout>([](Layout) { return false; }).empty());
  CHECK(enum_names<Layout>([](Layout layout) { return layout == Layout::nc; }) == "nc");
}
