#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "livecca/common/error.hpp"
#include "livecca/packs/probe_fingerprint.hpp"

using namespace livecca;

namespace {

using Axes = std::vector<std::int64_t>;

/// 12 images of 3 × 5 × 4 float32, all different.
struct Probe {
  static constexpr std::int64_t images = 12;
  static constexpr std::int64_t values = 60;
  std::vector<float> data;

  explicit Probe(std::uint64_t seed = 17) : data(images * values) {
    std::mt19937_64 engine(seed);
    std::normal_distribution<float> normal;
    for (float& value : data) value = normal(engine);
  }
  ActivationView batch(std::int64_t first, std::int64_t count) const {
    return {data.data() + first * values, DType::float32, Axes{count, 3, 5, 4}};
  }
};

ProbeFingerprint print_of(const std::vector<ActivationView>& batches) {
  ProbeFingerprint print;
  for (const ActivationView& batch : batches) REQUIRE(print.add(batch));
  return print;
}

}  // namespace

TEST_CASE("a probe's fingerprint does not depend on how it is cut into batches") {
  const Probe probe;
  const ProbeFingerprint whole = print_of({probe.batch(0, 12)});
  CHECK(whole.inputs() == 12);
  CHECK(whole == print_of({probe.batch(0, 5), probe.batch(5, 0), probe.batch(5, 7)}));
  std::vector<ActivationView> single;
  for (std::int64_t i = 0; i < 12; ++i) single.push_back(probe.batch(i, 1));
  CHECK(whole == print_of(single));
  CHECK(whole != print_of({probe.batch(0, 11)}));
}

TEST_CASE("strides do not matter, elements are taken in C order") {
  const Probe probe;
  const ProbeFingerprint whole = print_of({probe.batch(0, 12)});
  // The same NCHW values, stored as NHWC with gaps, and backwards along the images.
  const Axes strides{-100, 1, 12 + 4, 3};
  std::vector<float> stored(1300, -7.0F);
  const std::int64_t origin = 11 * 100;
  for (std::int64_t n = 0; n < 12; ++n)
    for (std::int64_t c = 0; c < 3; ++c)
      for (std::int64_t h = 0; h < 5; ++h)
        for (std::int64_t w = 0; w < 4; ++w) {
          stored[static_cast<std::size_t>(origin - n * 100 + c + h * 16 + w * 3)] =
              probe.data[static_cast<std::size_t>(n * 60 + c * 20 + h * 4 + w)];
        }
  const ActivationView view(stored.data() + origin, DType::float32, Axes{12, 3, 5, 4}, strides);
  CHECK(whole == print_of({view}));
  // A broadcast axis, and strides of axes with one entry, which may be anything.
  const std::array<float, 2> pair{1.5F, 2.5F};
  const std::array<float, 4> twice{1.5F, 2.5F, 1.5F, 2.5F};
  CHECK(print_of({{pair.data(), DType::float32, Axes{2, 1, 2}, Axes{0, 99, 1}}}) ==
        print_of({{twice.data(), DType::float32, Axes{2, 1, 2}}}));
}

TEST_CASE("what differs between two probes is named") {
  const Probe probe;
  const ProbeFingerprint expected = print_of({probe.batch(0, 12)});
  const auto difference = [&](const ProbeFingerprint& got) {
    CHECK(got != expected);
    return got.difference_from(expected);
  };
  CHECK(expected.difference_from(expected).empty());
  CHECK(difference(print_of({probe.batch(0, 9)})) == "expected 12 inputs, got 9");
  CHECK(difference({}) == "expected 12 inputs, got 0");
  CHECK(difference(print_of({probe.batch(6, 6), probe.batch(0, 6)})) ==
        "expected the inputs in their order, got the same inputs in another order");
  CHECK(difference(print_of({Probe(18).batch(0, 12)})).find("got other inputs") !=
        std::string::npos);
  CHECK(difference(print_of({{probe.data.data(), DType::float32, Axes{12, 5, 3, 4}}})) ==
        "expected inputs of shape 3x5x4, got 5x3x4");
  CHECK(difference(print_of({{probe.data.data(), DType::float16, Axes{12, 3, 5, 4}}})) ==
        "expected inputs of element type float32, got float16");
  // One bit of one input, and an input twice in place of another.
  Probe changed;
  changed.data[345] = -changed.data[345];
  CHECK(difference(print_of({changed.batch(0, 12)})).find("other inputs") != std::string::npos);
  CHECK(difference(print_of({probe.batch(0, 11), probe.batch(0, 1)})).find("other inputs") !=
        std::string::npos);
}

TEST_CASE("batches that are not like those before are refused") {
  const Probe probe;
  ProbeFingerprint print = print_of({probe.batch(0, 2)});
  const ProbeFingerprint before = print;
  CHECK(print.add({probe.data.data(), DType::float64, Axes{2, 3, 5, 2}}).why() ==
        "expected inputs of element type float32 as in the batches before, got float64");
  CHECK(print.add({probe.data.data(), DType::float32, Axes{}}).why() ==
        "expected inputs along the first of 1 to 64 axes, got 0 axes");
  CHECK_FALSE(print.add(probe.data.data(), "a b", 4, Axes{1}, Axes{1}));
  CHECK_FALSE(
      ProbeFingerprint().add(probe.data.data(), "u8", 1, Axes{1, INT64_MAX, 2}, Axes{0, 0, 0}));
  CHECK(print == before);
  CHECK_THROWS_AS(static_cast<void>(print.add(nullptr, "u8", 1, Axes{1}, Axes{1})), Error);
  CHECK_THROWS_AS(static_cast<void>(print.add(&probe, "u8", 1, Axes{1}, Axes{1, 1})), Error);
}

TEST_CASE("inputs whose length differs from batch to batch have a fingerprint") {
  // Words of sentences in batches, each padded to its longest one.
  const std::vector<std::int64_t> words{4, 2, 9, 1, 1, 8, 3, 5, 0, 7, 6, 0};
  const auto batch = [&](std::int64_t first, std::int64_t sentences, std::int64_t length) {
    return [=, data = words.data() + first](ProbeFingerprint& print) {
      REQUIRE(print.add(data, "int64", 8, Axes{sentences, length}, Axes{length, 1}));
    };
  };
  const auto print_of_all = [](const auto&... batches) {
    ProbeFingerprint print;
    (batches(print), ...);
    return print;
  };
  const auto longer = batch(0, 2, 3);
  const auto shorter = batch(6, 3, 2);
  const ProbeFingerprint expected = print_of_all(longer, shorter);
  CHECK(expected.inputs() == 5);
  CHECK(expected.text().starts_with("5 inputs of several-shapes int64, "));
  CHECK(ProbeFingerprint::parse(expected.text()) == expected);
  CHECK(print_of_all(longer, shorter) == expected);
  CHECK(print_of_all(longer, batch(6, 1, 2), batch(8, 2, 2)) == expected);
  CHECK(print_of_all(shorter, longer).difference_from(expected).ends_with("in another order"));
  CHECK(print_of_all(longer, batch(7, 2, 2), batch(6, 1, 2)).difference_from(expected) != "");
  CHECK(print_of_all(batch(0, 5, 2)).difference_from(expected) ==
        "expected inputs of shape several-shapes, got 2");

  ProbeFingerprint appended;
  for (const auto& part : {print_of_all(longer), print_of_all(shorter)}) {
    REQUIRE(appended.append(part));
  }
  CHECK(appended == expected);
  ProbeFingerprint behind = print_of_all(longer);
  REQUIRE(behind.append(print_of_all(shorter, longer)));
  CHECK(behind == print_of_all(longer, shorter, longer));
}

TEST_CASE("inputs of any element type and shape have a fingerprint") {
  const std::array<std::int64_t, 6> labels{1, 2, 3, 4, 5, 6};
  ProbeFingerprint scalars;
  ProbeFingerprint rows;
  CHECK(scalars.add(labels.data(), "int64", 8, Axes{6}, Axes{1}));
  CHECK(rows.add(labels.data(), "int64", 8, Axes{3, 2}, Axes{2, 1}));
  CHECK(scalars.text().starts_with("6 inputs of scalar int64, "));
  CHECK(rows.text().starts_with("3 inputs of 2 int64, "));
  // Bytes that do not fill a word count, too.
  const std::array<std::uint8_t, 6> bytes{1, 2, 3, 1, 2, 0};
  ProbeFingerprint odd;
  CHECK(odd.add(bytes.data(), "uint8", 1, Axes{2, 3}, Axes{3, 1}));
  ProbeFingerprint same;
  CHECK(same.add(bytes.data(), "uint8", 1, Axes{2, 3}, Axes{0, 1}));
  CHECK(odd != same);
}

TEST_CASE("the text of a fingerprint is read back, and nothing else is") {
  const Probe probe;
  for (const ProbeFingerprint& print :
       {ProbeFingerprint(), print_of({probe.batch(0, 12)}),
        print_of({{probe.data.data(), DType::bfloat16, Axes{7}}})}) {
    const auto read = ProbeFingerprint::parse(print.text());
    REQUIRE(read);
    CHECK(*read == print);
  }
  const std::string text = print_of({probe.batch(0, 12)}).text();
  for (std::size_t i = 0; i < text.size(); ++i) {
    CHECK_FALSE(ProbeFingerprint::parse(text.substr(0, i)));
  }
  for (const char* wrong : {"", "0 inputs ", "1 inputs of scalar , 0/0", "12 inputs of 3x float32",
                            "99999999999999999999 inputs of 3 float32, 0/0"}) {
    CHECK_FALSE(ProbeFingerprint::parse(wrong));
  }
  CHECK_FALSE(ProbeFingerprint::parse(text + " "));
  CHECK_FALSE(ProbeFingerprint::parse("0" + text));
}

TEST_CASE("fingerprints of batches join to that of the whole, and only in their order") {
  std::vector<float> values(60);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * i % 17);
  const auto of = [&](std::size_t first, std::size_t count) {
    ProbeFingerprint fingerprint;
    const std::vector<std::int64_t> shape{static_cast<std::int64_t>(count), 3};
    REQUIRE(fingerprint.add(ActivationView(values.data() + 3 * first, DType::float32, shape)));
    return fingerprint;
  };
  ProbeFingerprint joined;
  for (const auto& [first, count] : {std::pair{0, 7}, {7, 1}, {8, 12}}) {
    REQUIRE(joined.append(of(static_cast<std::size_t>(first), static_cast<std::size_t>(count))));
  }
  CHECK(joined == of(0, 20));
  ProbeFingerprint swapped = of(7, 13);
  REQUIRE(swapped.append(of(0, 7)));
  CHECK(swapped.difference_from(joined).find("another order") != std::string::npos);
  ProbeFingerprint other;
  const std::vector<std::int64_t> shape{2, 3};
  REQUIRE(other.add(ActivationView(values.data(), DType::float64, shape)));
  CHECK_FALSE(joined.append(other));
  CHECK(joined == of(0, 20));
}
