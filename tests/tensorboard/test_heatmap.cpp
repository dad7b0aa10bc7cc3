#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <utility>
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

constexpr int columns_of_steps = 10;

double value_at(int column) { return column / 10.0; }

/// Of one layer, a value of its own in each column, so that a colour tells the column.
Heatmap steps(const std::set<int>& settled, const std::set<int>& alarms) {
  Heatmap heatmap;
  for (int column = 0; column < columns_of_steps; ++column) {
    heatmap.begin(column);
    heatmap.add(row_of("conv1", value_at(column)));
    heatmap.mark("conv1", {settled.contains(column), alarms.contains(column)});
  }
  return heatmap;
}

/// The columns in which two pictures of steps() differ, by the colours of the first. What is below
/// the plot is left out.
std::set<int> columns_that_differ(const Pixels& plain, const Pixels& marked) {
  const auto is = [&](std::size_t at, Colour colour) {
    return plain.bytes[at] == colour.red && plain.bytes[at + 1] == colour.green &&
           plain.bytes[at + 2] == colour.blue;
  };
  REQUIRE(plain.width == marked.width);
  std::set<int> columns;
  constexpr std::size_t plot_ends = 58 + 48;  // the heading, and one row of cells
  for (std::size_t at = 0; at < plot_ends * plain.width * 3; at += 3) {
    if (std::equal(&plain.bytes[at], &plain.bytes[at] + 3, &marked.bytes[at])) continue;
    int column = 0;
    while (column < columns_of_steps && !is(at, viridis(value_at(column)))) ++column;
    columns.insert(column);
  }
  return columns;
}

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

TEST_CASE("a merged column has no mean of numbers that are not alike") {
  Heatmap heatmap;
  for (int snapshot = 0; snapshot < 130; ++snapshot) {
    heatmap.begin(snapshot);
    MeasureRow wider = row_of("wider", snapshot);
    wider.features = {snapshot < 11 ? 8U : 16U, 8U};
    heatmap.add(wider);
    MeasureRow trained = row_of("trained", snapshot);
    if (snapshot >= 121) trained.modes[0] = "train";
    heatmap.add(trained);
    MeasureRow smaller = row_of("smaller", snapshot, snapshot < 13 ? 0.5 : 0.25);
    smaller.effective_samples = snapshot < 13 ? 1000 : 500;
    heatmap.add(smaller);
    if (snapshot == 12) heatmap.mark("smaller", {false, true});
  }
  REQUIRE(heatmap.snapshots_a_column() == 2);
  const auto cell = [&](std::size_t column, std::size_t layer) {
    return heatmap.columns()[column].cells[layer];
  };
  CHECK(*cell(4, 0).value() == 8.5);
  CHECK(*cell(5, 0).value() == 11);  // 10 and 11
  CHECK(*cell(6, 0).value() == 12.5);
  CHECK(*cell(59, 1).value() == 118.5);
  CHECK(*cell(60, 1).value() == 121);  // 120 and 121, which came into a column that was there
  CHECK(*cell(61, 1).value() == 122.5);
  CHECK(*cell(6, 2).value() == 13);
  CHECK(*cell(6, 2).floor() == 0.25);
  CHECK(cell(6, 2).mark.has_alarm);
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

TEST_CASE("rounding errors have the colour of 0") {
  Heatmap heatmap;
  heatmap.begin(0);
  heatmap.add(row_of("conv1", 2.2e-16));
  heatmap.add(row_of("conv2", 0.0));
  const Pixels pixels = decoded(draw(heatmap, distance_title, {}));
  CHECK(pixels.count(viridis(0)) >= 2 * 48 * 32);
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

TEST_CASE("a settled layer has a line from where it settled to where that ends") {
  const auto picture = [](const Heatmap& heatmap) {
    return decoded(draw(heatmap, distance_title, {}));
  };
  // The scale ends at a round number above the largest value, 0.9: at 1.
  const Pixels plain = picture(steps({}, {}));
  CHECK(columns_that_differ(plain, picture(steps({4, 5, 6}, {}))) == std::set{4, 5, 6});
  CHECK(columns_that_differ(plain, picture(steps({9}, {}))) == std::set{9});
  CHECK(columns_that_differ(plain, picture(steps({}, {2, 3, 7}))) == std::set{2, 3, 7});
  CHECK(columns_that_differ(plain, picture(steps({8, 9}, {1}))) == std::set{1, 8, 9});
}

TEST_CASE("a mark is told by its shape: the beginning of a line differs from its rest") {
  const auto picture = [](const Heatmap& heatmap) {
    return decoded(draw(heatmap, distance_title, {}));
  };
  // Without a beginning at 5, column 5 looks otherwise.
  CHECK(columns_that_differ(picture(steps({}, {})), picture(steps({4, 5}, {}))) == std::set{4, 5});
  const Pixels on = picture(steps({4, 5}, {}));
  const Pixels begins = picture(steps({3, 5}, {}));
  const Colour white{255, 255, 255};
  CHECK(begins.count(white) > on.count(white));
  const Colour red{214, 39, 40};
  CHECK(picture(steps({4, 5}, {})).count(red) == 0);
  CHECK(picture(steps({}, {4, 5})).count(red) > 2 * 35 * 4);
}

TEST_CASE("the legend explains the marks that are there") {
  // What is below the plot, the epochs and two notes that are always there.
  const auto legend_of = [](const Heatmap& heatmap) {
    Pixels pixels = decoded(draw(heatmap, distance_title, {}));
    constexpr std::ptrdiff_t begin = 58 + 90 + 20 + 24 + 20;
    pixels.bytes.erase(pixels.bytes.begin(), pixels.bytes.begin() + begin * pixels.width * 3);
    return pixels;
  };
  constexpr Colour paper{255, 255, 255};
  constexpr Colour red{214, 39, 40};
  const Pixels plain = legend_of(steps({}, {}));
  CHECK(plain.count(paper) == plain.bytes.size() / 3);
  const Pixels settled = legend_of(steps({3}, {}));
  CHECK(settled.count(viridis(0.5)) > 100);
  CHECK(settled.count(red) == 0);
  const Pixels alarm = legend_of(steps({}, {3}));
  CHECK(alarm.count(red) > 40);
  const Pixels both = legend_of(steps({3}, {3}));
  CHECK(both.count(red) == alarm.count(red));
  CHECK(both.count(viridis(0.5)) == settled.count(viridis(0.5)) + alarm.count(viridis(0.5)));
}

TEST_CASE("a picture of up to 30 layers is twice as large as the place that a card has for it") {
  for (const int layers : {1, 4, 8, 15, 30}) {
    CAPTURE(layers);
    Heatmap heatmap;
    for (int snapshot = 0; snapshot < 25; ++snapshot) {
      heatmap.begin(snapshot);
      for (int layer = 0; layer < layers; ++layer) {
        heatmap.add(row_of("layer" + std::to_string(layer) + ".0.conv1", 0.5));
      }
      heatmap.mark("layer0.0.conv1", {true, true});
    }
    const PngImage image = draw(heatmap, distance_title, {});
    CHECK(image.width == 652);
    CHECK(image.height == 430);
  }
}

TEST_CASE("the line of a settled layer stays where every other line of pixels is left out") {
  for (const int layers : {1, 15, 25, 30}) {
    CAPTURE(layers);
    Heatmap heatmap;
    heatmap.begin(0);
    for (int layer = 0; layer < layers; ++layer) {
      heatmap.add(row_of(std::to_string(layer), 1.0));  // bright, so that thin lines are black
      heatmap.mark(std::to_string(layer), {true, false});
    }
    const Pixels pixels = decoded(draw(heatmap, distance_title, {}));
    for (const unsigned first : {0U, 1U}) {
      // In the middle of the one column: how often a line begins.
      int lines = 0;
      bool is_line = false;
      for (unsigned y = 58 + first; y < 58 + 272; y += 2) {
        const std::size_t at = (std::size_t{y} * pixels.width + 100) * 3;
        const bool is_black = pixels.bytes[at] == 0 && pixels.bytes[at + 1] == 0;
        const bool is_white = pixels.bytes[at] == 255 && pixels.bytes[at + 2] == 255;
        const bool was_line = std::exchange(is_line, is_black || is_white);
        if (is_line && !was_line) ++lines;
      }
      CHECK(lines >= layers);
    }
  }
}

TEST_CASE("a merged column is settled if it is at its end, and has an alarm if it had one") {
  Heatmap heatmap;
  for (int snapshot = 0; snapshot < 122; ++snapshot) {
    heatmap.begin(snapshot);
    for (const char* layer : {"a", "b"}) heatmap.add(row_of(layer, 0.5));
    heatmap.mark("a", {snapshot == 10 || snapshot == 13 || snapshot == 120, snapshot == 20});
    heatmap.mark("unknown", {true, true});
  }
  const auto& columns = heatmap.columns();
  REQUIRE(heatmap.snapshots_a_column() == 2);
  const auto mark_of = [&](std::size_t column) { return columns[column].cells[0].mark; };
  CHECK(mark_of(5) == LayerMark{});              // 10 and 11
  CHECK(mark_of(6) == LayerMark{true, false});   // 12 and 13
  CHECK(mark_of(10) == LayerMark{false, true});  // 20 and 21
  CHECK(mark_of(60) == LayerMark{});             // 120 and 121
  for (const Heatmap::Column& column : columns) CHECK(column.cells[1].mark == LayerMark{});
}

TEST_CASE("marks in the smallest cells are drawn, and nothing outside of the picture") {
  Heatmap heatmap;
  for (int snapshot = 0; snapshot < 120; ++snapshot) {
    heatmap.begin(snapshot);
    for (int layer = 0; layer < 300; ++layer) {
      const std::string name = std::to_string(layer);
      heatmap.add(row_of(name, 1.0));
      heatmap.mark(name, {snapshot > 60, layer == 299 && snapshot > 110});
    }
  }
  const Pixels pixels = decoded(draw(heatmap, distance_title, {}));
  // Columns are 3 pixels wide. On viridis's brightest colour lines are black, of a quarter of the
  // pixels of 59 columns.
  CHECK(pixels.count({0, 0, 0}) > 300 * 59 * 3 / 5);
  CHECK(pixels.count({214, 39, 40}) > 9 * 3);
}
