// In which order layers stand, which numbers are marked, and which are no trend together.

#include <algorithm>

#include "program.hpp"
#include "run_file.hpp"
#include "runs/layer_order.hpp"
#include "show/run_view.hpp"

using namespace livecca_tests;
using namespace livecca::tool;

namespace {

std::string drawing_of(const RunFile& file) {
  const RunReader reader(file.folder());
  return draw_run(reader.rows(), {}, {});
}

/// Where the lines of these layers are in the table of this title.
std::vector<std::size_t> places(const std::string& text, const std::string& title,
                                const std::vector<std::string>& layers) {
  std::vector<std::size_t> found;
  const std::size_t table = text.find(title);
  REQUIRE(table != std::string::npos);
  for (const std::string& layer : layers) {
    found.push_back(text.find("\n  " + layer + " ", table));
    REQUIRE(found.back() != std::string::npos);
  }
  return found;
}

std::string line_of(const std::string& text, const std::string& title, const std::string& layer) {
  const std::size_t begin = places(text, title, {layer}).front();
  return text.substr(begin + 1, text.find('\n', begin + 1) - begin - 1);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Whatever the order of letters or numbers.
const std::vector<std::string> network{"stem", "conv10", "conv2", "a"};

livecca::RunRow run_of(const std::vector<std::string>& layers) {
  livecca::RunRow row;
  row.network = "net";
  row.measures = {"pwcca"};
  for (const std::string& layer : layers) row.taps.push_back({"net", layer, "nc"});
  return row;
}

}  // namespace

TEST_CASE("all tables of a run have the layers in the network's order") {
  RunFile file;
  file.add(run_of(network));
  for (int epoch = 0; epoch < 2; ++epoch) {
    for (const char* layer : {"a", "conv2", "conv10", "stem"}) {
      for (const char* reference : {"seed7", "start"}) {
        file.add(measure_row(epoch, layer, 0.5, reference));
      }
      file.add(verdict_row(epoch, layer, "moving"));
      file.add(measure_row(epoch, layer, 0.25, "final"));
    }
  }
  const std::string text = drawing_of(file);
  CAPTURE(text);
  for (const char* title : {"layers have settled", "to seed7, probe", "to its own start, probe",
                            "to the final state"}) {
    CAPTURE(title);
    CHECK(std::ranges::is_sorted(places(text, title, network)));
  }
}

TEST_CASE("without a description the rows have the order, and a layer that came later its place") {
  RunFile file;
  for (const char* layer : {"stem", "conv2"}) file.add(measure_row(0, layer, 0.5));
  for (const std::string& layer : network) file.add(measure_row(1, layer, 0.5));
  file.add(measure_row(2, "first", 0.5));
  for (const std::string& layer : network) file.add(measure_row(2, layer, 0.5));
  const std::vector<std::string> all{"first", "stem", "conv10", "conv2", "a"};
  CHECK(std::ranges::is_sorted(places(drawing_of(file), "to seed7", all)));
}

TEST_CASE("layers of no known order stand behind the others, by the numbers in their names") {
  RunFile file;
  file.add(run_of({"stem"}));
  for (const char* layer : {"block.10.conv", "block.2.conv", "stem", "block.1.conv"}) {
    file.add(measure_row(0, layer, 0.5));
    file.add(verdict_row(0, layer, "settled"));
  }
  const std::vector<std::string> wanted{"stem", "block.1.conv", "block.2.conv", "block.10.conv"};
  const std::string text = drawing_of(file);
  CHECK(std::ranges::is_sorted(places(text, "layers have settled", wanted)));
  CHECK(std::ranges::is_sorted(places(text, "to seed7, probe", wanted)));
}

TEST_CASE("a number that says no more than chance is marked in each table, and others are not") {
  RunFile file;
  file.add(run_of({"conv1", "conv2"}));
  for (const auto& [layer, value] : {std::pair("conv1", 0.9), {"conv2", 0.5}}) {
    file.add(measure_row(0, layer, value));  // the floor is 0.875
    file.add(verdict_row(0, layer, "moving"));
  }
  const std::string text = drawing_of(file);
  CAPTURE(text);
  CHECK(contains(line_of(text, "to seed7, probe", "conv1"), " 0.9000~  0.8750"));
  CHECK(contains(line_of(text, "to seed7, probe", "conv2"), " 0.5000   0.8750"));
  CHECK(contains(line_of(text, "layers have settled", "conv1"), " 0.9000~ "));
  CHECK(contains(line_of(text, "layers have settled", "conv2"), " 0.5000   0.8750  moving"));
  CHECK(contains(text, "~ no nearer than unrelated data of this size"));
  RunFile similar;
  similar.begin({"linear_cka"});
  auto similarity = measure_row(0, "conv1", 0.25);
  similarity.measure = "linear_cka_similarity";
  similarity.noise_floor = 0.25;
  similar.add(similarity);
  CHECK(contains(line_of(drawing_of(similar), "to seed7", "conv1"), " 0.2500~ "));
  RunFile near;
  near.begin();
  near.add(measure_row(0, "conv1", 0.8749));
  CHECK_FALSE(contains(drawing_of(near), "~"));
}

TEST_CASE("a change is not taken across windows that are unlike, and the table says since when") {
  RunFile file;
  file.begin();
  for (int epoch = 0; epoch < 10; ++epoch) {
    for (const char* layer : {"conv1", "conv2"}) {
      auto row = measure_row(epoch, layer, 0.8 - 0.01 * epoch);
      row.effective_samples = 2000;
      if (layer == std::string("conv2") && epoch >= 6) {
        row.effective_samples = 500;
        row.noise_floor = 0.5;
      }
      file.add(row);
    }
    if (epoch == 4) {
      CHECK_FALSE(contains(drawing_of(file), "anew"));
    }
  }
  std::string text = drawing_of(file);
  CAPTURE(text);
  CHECK(contains(line_of(text, "to seed7", "conv1"), "-0.0400"));
  CHECK_FALSE(contains(line_of(text, "to seed7", "conv2"), "-0.0400"));
  CHECK(line_of(text, "to seed7", "conv2").ends_with("anew from 6"));
  CHECK(contains(text, "anew from: since this epoch on other samples"));
  // Once five snapshots are alike again.
  auto row = measure_row(10, "conv2", 0.5);
  row.effective_samples = 500;
  row.noise_floor = 0.5;
  file.add(row);
  text = drawing_of(file);
  CHECK(contains(line_of(text, "to seed7", "conv2"), "-0.2400"));
}
