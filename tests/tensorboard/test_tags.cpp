#include <doctest/doctest.h>

#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "common/utf8.hpp"
#include "sinks/tensorboard/run_names.hpp"
#include "sinks/tensorboard/tags.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::TemporaryFolder;

namespace {

const std::vector<std::string>& odd_names() {
  static const std::vector<std::string> names{"",
                                              "a",
                                              "a/b",
                                              "a%2Fb",
                                              "a~b",
                                              "a\nb",
                                              "a\x7F",
                                              "%empty",
                                              "\xC3\xA9",
                                              " ",
                                              std::string("\0", 1),
                                              ".",
                                              "..",
                                              "%2E",
                                              "../..",
                                              "/",
                                              "/a",
                                              "a/",
                                              "a//b",
                                              ".hidden/a",
                                              "noise floor",
                                              "%6Eoise floor",
                                              "noise floor/a",
                                              "events.out.tfevents.1700000000.a.1.0",
                                              std::string(150, 'x') + "/" + std::string(150, 'y'),
                                              std::string(300, 'x'),
                                              std::string(301, 'x'),
                                              std::string(300, '/'),
                                              std::string(5000, 'x')};
  return names;
}

}  // namespace

TEST_CASE("a layer's folder has its name, with that of its partner if that is another") {
  CHECK(layer_run("conv1", "conv1") == "conv1");
  CHECK(layer_run("features/block 2.conv", "features/block 2.conv") == "features/block 2.conv");
  CHECK(layer_run("fc", "head/fc") == "fc~head/fc");
  CHECK(layer_run("../~a%\n", "../~a%\n") == "%2E./%7Ea%25%0A");
  CHECK(layer_run("noise floor", "noise floor") == "%6Eoise floor");
  CHECK(layer_run("a//b/", "a//b/") == "a/%empty/b/%empty");
}

TEST_CASE("no two layers share a folder, and none leads out of its stream's") {
  const TemporaryFolder folder;
  std::set<std::string> runs{floor_run};
  for (const std::string& layer : odd_names()) {
    for (const std::string& other : odd_names()) {
      const std::string run = layer_run(layer, other);
      CAPTURE(run);
      CHECK(runs.insert(run).second);
      CHECK(runs.insert(run + "~~2").second);
      CHECK(is_utf8(run));
      const std::filesystem::path path = folder.path() / "x" / run;
      CHECK(path.lexically_normal() == path);
      for (const std::filesystem::path& part : std::filesystem::path(run)) {
        CHECK_FALSE(part.string().starts_with("."));
        CHECK_FALSE(part.string().starts_with("events.out.tfevents."));
      }
      std::error_code failure;
      std::filesystem::create_directories(path.string() + "~~2", failure);
      CHECK_FALSE(failure);
      for (const char character : run) CHECK(static_cast<unsigned char>(character) >= 0x20);
    }
  }
}

TEST_CASE("a name that is too long is cut between characters") {
  std::string name(119, 'x');
  for (int i = 0; i < 200; ++i) name += "\xC3\xA9";
  const std::string run = layer_run(name, name);
  CHECK(run.size() == 119 + 3 + 16);
  CHECK(run.starts_with(std::string(119, 'x') + "~~~"));
  CHECK(layer_run(name, name) == run);
  CHECK(layer_run(name + "x", name + "x") != run);
}

TEST_CASE("a card is the reference's, or of each of its layers where all are paired with all") {
  const auto of_patterns = place_of_pair("seed/7", "fc", "head/fc", false);
  CHECK(of_patterns.run == "fc~head/fc");
  CHECK(of_patterns.card == "seed%2F7");
  const auto of_all = place_of_pair("seed/7", "fc", "head/fc", true);
  CHECK(of_all.run == "fc");
  CHECK(of_all.card == "seed%2F7~head/fc");
  const auto same = place_of_pair("seed/7", "fc", "fc", true);
  CHECK(same.run == "fc");
  CHECK(same.card == "seed%2F7");
}

TEST_CASE("groups of cards are numbered by the run's measures; others come after them") {
  MeasureNumbers numbers;
  for (const char* name : {"pwcca_distance", "made_up", "linear_cka_similarity"}) numbers.add(name);
  CHECK(numbers.numbered("pwcca_distance") == "1 pwcca_distance");
  CHECK(numbers.numbered("made_up_similarity") == "2 made_up_similarity");
  CHECK(numbers.numbered("linear_cka_similarity") == "3 linear_cka_similarity");
  numbers.add("made_up_similarity");
  numbers.add("new_distance");
  CHECK(numbers.numbered("new_distance") == "4 new_distance");
  CHECK(card_group(Stream::probe, "1 pwcca_distance") == "1 pwcca_distance/");
  CHECK(card_group(Stream::train, "health of a/b") == "train: health of a%2Fb/");
}

TEST_CASE("odd names give parts of tags of their own that are UTF-8 without control characters") {
  std::set<std::string> parts;
  std::set<std::string> cards;
  for (const std::string& name : odd_names()) {
    CAPTURE(name);
    parts.insert(tag_part(name));
    CHECK(tag_part(name).find('/') == std::string::npos);
    for (const char character : last_tag_part(name)) {
      CHECK(static_cast<unsigned char>(character) >= 0x20);
    }
    for (const std::string& reference : odd_names()) {
      cards.insert(place_of_pair(reference, "layer", name, true).card);
    }
  }
  CHECK(parts.size() == odd_names().size());
  CHECK(cards.size() == odd_names().size() * odd_names().size());
  CHECK(tag_part("\xFF") == "\xEF\xBF\xBD");
  CHECK(last_tag_part("a/b~c\n") == "a/b%7Ec%0A");
}

TEST_CASE("Markdown shows text as it is") {
  CHECK(markdown_of("shape_changed of conv1.weight") == "shape_changed of conv1.weight");
  CHECK(markdown_of("_a_ *b* [c](d) <e> & `f`\n") ==
        "\\_a\\_ \\*b\\* \\[c\\](d) &lt;e&gt; &amp; \\`f\\` ");
  CHECK(markdown_of("# 1") == "\\# 1");
  CHECK(markdown_of("12. step") == "12\\. step");
}
