// Which numbers of `livecca compare` are marked: those that are no nearer than the JSON's floor
// says.

#include <sstream>

#include "program.hpp"

using namespace livecca_tests;
using nlohmann::json;

namespace {

/// The words of the line that begins with this one, behind its first `skip` words.
std::string word_of_line(const std::string& text, const std::string& first, std::size_t skip) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    if (word != first) continue;
    for (std::size_t i = 0; i < skip; ++i) words >> word;
    return word;
  }
  return "";
}

/// By the p-value where there is one, or else by the floor.
bool may_be_chance(const json& facts, const std::string& measure) {
  const json& p_value = facts["p_value"][measure];
  if (p_value.is_number()) return p_value.get<double>() >= 0.01;
  const json& floor = facts["noise_floor"][measure];
  return floor.is_number() && facts["similarity"][measure].get<double>() <= floor.get<double>();
}

}  // namespace

TEST_CASE_FIXTURE(ProgramFixture,
                  "a comparison marks each similarity that is at its floor or below") {
  const NpyArray x = small_integers({300, 4}, 71);
  write("x.npy", x);
  for (const int seed : {1, 2, 3, 4}) {
    write("unrelated" + std::to_string(seed) + ".npy",
          small_integers({300, 5}, static_cast<std::uint64_t>(seed)));
  }
  write("near.npy", small_integers({300, 4}, 73, &x));
  int marked = 0;
  int plain = 0;
  for (const char* other :
       {"@unrelated1.npy", "@unrelated2.npy", "@unrelated3.npy", "@unrelated4.npy", "@near.npy"}) {
    CAPTURE(other);
    const json facts = compare({"@x.npy", other});
    const std::string text = table({"compare", "@x.npy", other});
    CAPTURE(text);
    bool any = false;
    for (const auto& [name, similarity] : facts["similarity"].items()) {
      CAPTURE(name);
      if (!similarity.is_number()) continue;
      const bool at_floor = may_be_chance(facts, name);
      CHECK(word_of_line(text, name, 1).ends_with("~") == at_floor);
      (at_floor ? marked : plain) += 1;
      any |= at_floor;
    }
    CHECK((text.find("~ no nearer than unrelated data of this size") != std::string::npos) == any);
  }
  CHECK(marked > 0);
  CHECK(plain > 0);
}

TEST_CASE_FIXTURE(ProgramFixture,
                  "the table of layers marks them too, and only there is a legend") {
  const NpyArray x = small_integers({300, 4}, 71);
  write("a.safetensors", {{"conv2", x}, {"conv10", x}, {"conv11", x}, {"conv12", x}});
  write("b.safetensors", {{"conv2", small_integers({300, 4}, 73, &x)},
                          {"conv10", small_integers({300, 5}, 1)},
                          {"conv11", small_integers({300, 5}, 2)},
                          {"conv12", small_integers({300, 5}, 3)}});
  const auto layers = json_lines({"compare", "@a.safetensors", "@b.safetensors"});
  REQUIRE(layers.size() == 4);
  const std::string text = table({"compare", "@a.safetensors", "@b.safetensors"});
  CAPTURE(text);
  int marked = 0;
  for (const json& layer : layers) {
    // layer, samples, two ranks, and the measures in their order
    std::size_t column = 3;
    for (const char* measure : {"mean_cca", "pwcca", "svcca", "linear_cka"}) {
      CAPTURE(measure);
      const bool at_floor = may_be_chance(layer, measure);
      CHECK(word_of_line(text, layer["layer"], ++column).ends_with("~") == at_floor);
      marked += at_floor;
    }
  }
  CHECK(marked > 0);
  CHECK(marked < 16);
  CHECK(text.find("~ no nearer than unrelated data of this size") != std::string::npos);
  write("c.safetensors", {{"conv2", small_integers({300, 4}, 73, &x)}});
  CHECK(table({"compare", "@a.safetensors", "@c.safetensors"}).find('~') == std::string::npos);
}
