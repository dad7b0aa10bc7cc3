#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "decoded_png.hpp"
#include "sinks/tensorboard/picture/canvas.hpp"
#include "sinks/tensorboard/picture/heatmap.hpp"

using namespace livecca;
using livecca_tests::decoded;
using livecca_tests::Pixels;

namespace {

MeasureRow row_of(const std::string& layer, std::optional<double> value,
                  std::optional<double> floor = std::nullopt) {
  MeasureRow row;
  row.layer = row.reference_layer = layer;
  row.value = value;
  row.noise_floor = floor;
  return row;
}

const HeatmapTitle distance_title{"run", Stream::probe, "pwcca_distance", Direction::distance,
                                  "seed7"};

}  // namespace

TEST_CASE("colours go through viridis's own") {
  const auto is = [](Colour colour, int red, int green, int blue) {
    return colour.red == red && colour.green == green && colour.blue == blue;
  };
  CHECK(is(viridis(0), 68, 1, 84));
  CHECK(is(viridis(0.5), 33, 144, 141));
  CHECK(is(viridis(1), 253, 231, 37));
  CHECK(is(viridis(-3), 68, 1, 84));
  CHECK(is(viridis(7), 253, 231, 37));
}

TEST_CASE("columns are merged into means, and never more than 120") {
  Heatmap heatmap;
  for (int snapshot = 0; snapshot < 1000; ++snapshot) {
    heatmap.begin(snapshot);
    if (snapshot % 2 == 0) heatmap.add(row_of("even", snapshot));
    heatmap.add(row_of("all", snapshot, 2.0 * snapshot));
    REQUIRE(heatmap.columns().size() <= 120);
  }
  CHECK(heatmap.snapshots_a_column() == 16);
  REQUIRE(heatmap.columns().size() == 63);
  const Heatmap::Column& column = heatmap.columns()[10];
  CHECK(column.epoch == 160);
  CHECK(column.last_epoch == 175);
  CHECK(*column.cells[0].value() == doctest::Approx(167));
  CHECK(*column.cells[1].value() == doctest::Approx(167.5));
  CHECK(*column.cells[1].floor() == doctest::Approx(335));
  CHECK_FALSE(column.cells[0].floor());
  CHECK(heatmap.columns().back().epoch == 992);
  CHECK(heatmap.columns().back().last_epoch == 999);
  CHECK_FALSE(heatmap.is_column_full());
}

TEST_CASE("of several reference layers that of the layer's own name counts") {
  for (const bool own_comes_first : {true, false}) {
    Heatmap heatmap;
    heatmap.begin(0);
    MeasureRow own = row_of("fc", 1.0);
    MeasureRow other = row_of("fc", 2.0);
    other.reference_layer = "conv1";
    heatmap.add(own_comes_first ? own : other);
    heatmap.add(own_comes_first ? other : own);
    CHECK(*heatmap.columns()[0].cells[0].value() == 1.0);
  }
}

TEST_CASE("a number that is none is a cell without a value") {
  Heatmap heatmap;
  heatmap.begin(0);
  heatmap.add(row_of("conv1", std::nullopt, 0.5));
  heatmap.add(row_of("conv2", std::numeric_limits<double>::quiet_NaN()));
  CHECK_FALSE(heatmap.columns()[0].cells[0].value());
  CHECK_FALSE(heatmap.columns()[0].cells[1].value());
}

TEST_CASE("the picture shows numbers, missing ones and those within the noise floor apart") {
  Heatmap plain;
  Heatmap noisy;
  Heatmap missing;
  for (Heatmap* heatmap : {&plain, &noisy, &missing}) {
    heatmap->begin(0);
    const bool is_missing = heatmap == &missing;
    const double floor = heatmap == &noisy ? 0.4 : 0.6;
    heatmap->add(row_of("conv1", is_missing ? std::nullopt : std::optional(0.5), floor));
    heatmap->add(row_of("conv2", 1.0));
  }
  const Pixels with_all = decoded(draw(plain, distance_title, {"conv1", "conv2"}));
  const Pixels with_noise = decoded(draw(noisy, distance_title, {"conv1", "conv2"}));
  const Pixels without = decoded(draw(missing, distance_title, {"conv1", "conv2"}));
  const Colour middle = viridis(0.5);
  const Colour hatching{165, 165, 165};
  // A cell of one column is 48 pixels wide and 32 high; the colour scale has a few of its colour.
  CHECK(with_all.count(middle) >= 48 * 32);
  CHECK(with_noise.count(middle) < with_all.count(middle) - 48 * 32 / 10);
  CHECK(with_noise.count({0, 0, 0}) > with_all.count({0, 0, 0}) + 100);
  CHECK(without.count(middle) + 48 * 32 <= with_all.count(middle));
  CHECK(without.count(hatching) > with_all.count(hatching) + 300);
}

TEST_CASE("within the noise floor is above it for a distance, below it for a similarity") {
  Heatmap heatmap;
  heatmap.begin(0);
  heatmap.add(row_of("conv1", 0.5, 0.6));
  HeatmapTitle title = distance_title;
  const std::size_t closer = decoded(draw(heatmap, title, {})).count(viridis(1));
  title.measure = "linear_cka_similarity";
  title.direction = Direction::similarity;
  const std::size_t less_alike = decoded(draw(heatmap, title, {})).count(viridis(1));
  CHECK(less_alike + 100 < closer);
}

TEST_CASE("a picture is of bounded size whatever there is to show") {
  Heatmap large;
  std::vector<std::string> layers;
  for (int i = 0; i < 1500; ++i) {
    layers.push_back("a/very/long/name/of/a/layer/" + std::to_string(i) + "/projection");
  }
  for (int snapshot = 0; snapshot < 200; ++snapshot) {
    large.begin(snapshot);
    for (const std::string& layer : layers) large.add(row_of(layer, 0.5));
  }
  const HeatmapTitle long_title{std::string(500, 'r'), Stream::probe, "pwcca_distance",
                                Direction::distance, std::string(500, 'x')};
  const PngImage image = draw(large, long_title, layers);
  CHECK(image.width < 1300);
  CHECK(image.height < 1200);
  CHECK(decoded(image).width == image.width);
  CHECK(decoded(draw({}, distance_title, {})).width > 0);
  Heatmap nameless;
  nameless.begin(-1);
  nameless.add(row_of("", 0.0));
  CHECK(decoded(draw(nameless, distance_title, {"not there"})).width > 0);
}

TEST_CASE("layers are drawn from the top in the order of the taps") {
  Heatmap heatmap;
  heatmap.begin(0);
  heatmap.add(row_of("last", 1.0));
  heatmap.add(row_of("first", 0.5));
  const PngImage by_taps = draw(heatmap, distance_title, {"first", "last"});
  const PngImage by_rows = draw(heatmap, distance_title, {});
  const auto place_of = [](const Pixels& pixels, Colour colour) {
    // The first row of pixels that holds the colour many times: a cell, not the scale.
    for (unsigned y = 0; y < pixels.height; ++y) {
      std::size_t count = 0;
      for (unsigned x = 0; x < pixels.width; ++x) {
        const std::size_t at = (std::size_t{y} * pixels.width + x) * 3;
        if (pixels.bytes[at] == colour.red && pixels.bytes[at + 1] == colour.green) ++count;
      }
      if (count >= 48) return y;
    }
    return pixels.height;
  };
  CHECK(place_of(decoded(by_taps), viridis(0.5)) < place_of(decoded(by_taps), viridis(1)));
  CHECK(place_of(decoded(by_rows), viridis(0.5)) > place_of(decoded(by_rows), viridis(1)));
}
