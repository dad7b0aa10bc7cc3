#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "sinks/tensorboard/tags.hpp"

using namespace livecca;

TEST_CASE("a tag names stream, measure, reference and layer") {
  CHECK(pair_tag(Stream::probe, "pwcca_distance", "seed7", "conv1", "conv1") ==
        "livecca/probe/pwcca_distance/seed7/conv1");
  CHECK(pair_tag(Stream::train, "pwcca_distance", "seed7", "fc", "head.fc") ==
        "livecca/train/pwcca_distance/seed7/fc~head.fc");
}

TEST_CASE("odd names give tags of their own that are UTF-8 and hold no control character") {
  const std::vector<std::string> names{"",
                                       "a",
                                       "a/b",
                                       "a%2Fb",
                                       "a~b",
                                       "a\nb",
                                       "a\x7F",
                                       "%empty",
                                       "\xC3\xA9",
                                       " ",
                                       std::string("\0", 1)};
  std::set<std::string> parts;
  std::set<std::string> tags;
  for (const std::string& name : names) {
    CAPTURE(name);
    parts.insert(tag_part(name));
    CHECK(tag_part(name).find('/') == std::string::npos);
    for (const char character : last_tag_part(name)) {
      CHECK(static_cast<unsigned char>(character) >= 0x20);
    }
    for (const std::string& other : names) {
      for (const std::string& reference : names) {
        tags.insert(pair_tag(Stream::probe, "measure", reference, name, other));
      }
    }
  }
  CHECK(parts.size() == names.size());
  CHECK(tags.size() == names.size() * names.size() * names.size());
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

TEST_CASE("an expression matches its text only") {
  CHECK(expression_of("a.b/c(1)+[x]") == "a\\.b/c\\(1\\)\\+\\[x\\]");
}
