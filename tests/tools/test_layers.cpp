#include <filesystem>

#include "program.hpp"

using namespace livecca_tests;
using nlohmann::json;

namespace {

/// Two networks of two layers, as .npy files of a layer each and as arrays.
class LayersFixture : public ProgramFixture {
 public:
  LayersFixture() {
    for (const auto& [name, array] : {std::pair("conv1_a.npy", &conv1_a),
                                      {"conv1_b.npy", &conv1_b},
                                      {"fc_a.npy", &fc_a},
                                      {"fc_b.npy", &fc_b}}) {
      write(name, *array);
    }
  }

  void folder(const std::string& name) const { std::filesystem::create_directory(path(name)); }

  NpyArray conv1_a = small_integers({120, 4}, 1);
  NpyArray conv1_b = small_integers({120, 5}, 2, &conv1_a);
  NpyArray fc_a = small_integers({120, 3}, 3);
  NpyArray fc_b = small_integers({120, 3}, 4, &fc_a);
};

json without_layer(json object) {
  object.erase("layer");
  object.erase("unmatched");
  return object;
}

}  // namespace

TEST_CASE_FIXTURE(LayersFixture, "tensors of every float type, aligned or not, equal .npy files") {
  const json expected = compare({"@conv1_a.npy", "@conv1_b.npy"});
  for (const char* dtype : {"F16", "BF16", "F32", "F64"}) {
    for (const std::size_t padding : {0U, 1U, 2U, 3U, 4U, 5U}) {
      CAPTURE(dtype);
      CAPTURE(padding);
      write("a.safetensors", {{"conv1", conv1_a, dtype}}, {{"format", "pt"}}, padding);
      write("b.safetensors", {{"conv1", conv1_b, dtype}}, {}, padding);
      const json found = compare({"@a.safetensors", "@b.safetensors", "--batch", "32"});
      CHECK(found["layer"] == "conv1");
      check_same(without_layer(found), expected, 1e-12);
    }
  }
}

TEST_CASE_FIXTURE(LayersFixture, "layers are matched by name, each as if it were alone") {
  write("a.safetensors", {{"fc", fc_a}, {"conv1", conv1_a, "F32"}, {"only_a", fc_a}});
  write("b.safetensors", {{"conv1", conv1_b, "F16"}, {"fc", fc_b}, {"odd\nname", fc_b}});
  const auto layers = json_lines({"compare", "@a.safetensors", "@b.safetensors"});
  REQUIRE(layers.size() == 2);
  CHECK(layers[0]["layer"] == "conv1");
  CHECK(layers[1]["layer"] == "fc");
  check_same(without_layer(layers[0]), compare({"@conv1_a.npy", "@conv1_b.npy"}), 1e-12);
  check_same(without_layer(layers[1]), compare({"@fc_a.npy", "@fc_b.npy"}), 0);
  for (const json& layer : layers) {
    CHECK(layer["unmatched"] ==
          json({{path("a.safetensors"), {"only_a"}}, {path("b.safetensors"), {"odd\nname"}}}));
  }
  const auto outcome = run({"compare", "@a.safetensors", "@b.safetensors", "--format", "json"});
  CHECK(outcome.out.starts_with("{\"layer\":"));
}

TEST_CASE_FIXTURE(LayersFixture, "the table of layers has a row a layer and notes") {
  write("a.safetensors", {{"conv10", fc_a}, {"conv2", conv1_a}, {"only_a", fc_a}});
  write("b.safetensors", {{"conv2", conv1_b}, {"conv10", fc_b}});
  const std::string text = table({"compare", "@a.safetensors", "@b.safetensors"});
  CAPTURE(text);
  const json conv2 = compare({"@conv1_a.npy", "@conv1_b.npy"});
  char pwcca[16];
  std::snprintf(pwcca, sizeof(pwcca), "%.4f", conv2["similarity"]["pwcca"].get<double>());
  const auto row =
      text.substr(text.find("conv2"), text.find('\n', text.find("conv2")) - text.find("conv2"));
  for (const std::string& word :
       {std::string("120"), std::string("4, 5"), std::string(pwcca), std::string("ok")}) {
    CAPTURE(word);
    CHECK(row.find(word) != std::string::npos);
  }
  CHECK(text.find("conv2") < text.find("conv10"));
  for (const char* word : {"mean_cca", "pwcca", "svcca", "linear_cka", "floor", "status",
                           "not in every input: only_a of "}) {
    CAPTURE(word);
    CHECK(text.find(word) != std::string::npos);
  }
  CHECK(text.find("pwcca_y") == std::string::npos);
  // Paths apart, it is to be read in a terminal of 100 columns.
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(path("")) == std::string::npos) CHECK(line.size() <= 100);
  }
  CHECK(table({"compare", "@a.safetensors", "@b.safetensors", "--measures", "pwcca_y"})
            .find("pwcca_y") != std::string::npos);
}

TEST_CASE_FIXTURE(LayersFixture, "folders hold a layer a file, or several") {
  folder("a");
  folder("b");
  write("a/conv1.safetensors", {{"rows", conv1_a}});
  write("b/conv1.safetensors", {{"activations", conv1_b}});
  write("a/block.safetensors", {{"fc", fc_a}, {"more", fc_a}});
  write("b/block.safetensors", {{"fc", fc_b}, {"less", fc_a}});
  write_text(path("a/notes.txt"), "not a layer");
  const auto layers = json_lines({"compare", "@a", "@b"});
  REQUIRE(layers.size() == 2);
  CHECK(layers[0]["layer"] == "block/fc");
  CHECK(layers[1]["layer"] == "conv1");
  check_same(without_layer(layers[0]), compare({"@fc_a.npy", "@fc_b.npy"}), 0);
  check_same(without_layer(layers[1]), compare({"@conv1_a.npy", "@conv1_b.npy"}), 0);
  CHECK(layers[0]["unmatched"] == json({{path("a"), {"block/more"}}, {path("b"), {"block/less"}}}));
}

TEST_CASE_FIXTURE(LayersFixture, "a file of one tensor goes with .npy, of several not") {
  write("a.safetensors", {{"conv1", conv1_a}});
  check_same(compare({"@a.safetensors", "@conv1_b.npy"}), compare({"@conv1_a.npy", "@conv1_b.npy"}),
             0);
  write("two.safetensors", {{"conv1", conv1_a}, {"fc", fc_a}});
  refuses({"compare", "@two.safetensors", "@conv1_b.npy"},
          {"two.safetensors", "expected one layer", "conv1_b.npy", "got 2: conv1, fc"});
  refuses({"compare", "@conv1_b.npy", "@two.safetensors"}, {"two.safetensors: ", "got 2"});
}

TEST_CASE_FIXTURE(LayersFixture, "images and matrices may be layers of one network") {
  const NpyArray images = small_integers({120, 2, 3, 4}, 5);
  write("images.npy", images);
  write("a.safetensors", {{"conv", images}, {"fc", fc_a}});
  write("b.safetensors", {{"conv", images, "F32"}, {"fc", fc_b}});
  const auto layers =
      json_lines({"compare", "@a.safetensors", "@b.safetensors", "--layout", "nhwc"});
  REQUIRE(layers.size() == 2);
  CHECK(layers[0]["samples"] == 720);
  CHECK(layers[0]["effective_samples"] == 120);
  CHECK(layers[1]["samples"] == 120);
  const std::string text =
      table({"compare", "@a.safetensors", "@b.safetensors", "--layout", "nhwc"});
  CHECK(text.find("images") != std::string::npos);
  refuses({"compare", "@a.safetensors", "@b.safetensors"},
          {"a.safetensors: \"conv\"", "2 axes", "(120, 2, 3, 4)", "--layout nchw"});
}

TEST_CASE_FIXTURE(LayersFixture, "moments of all layers are kept in one file") {
  write("a.safetensors", {{"conv1", conv1_a}, {"fc", fc_a}});
  write("b.safetensors", {{"conv1", conv1_b}, {"fc", fc_b}});
  const std::vector<std::string> arguments{
      "compare", "@a.safetensors", "@b.safetensors", "--standard-errors",
      "5",       "--save-moments", "@kept"};
  const auto compared = json_lines(arguments);
  const auto solved = json_lines({"solve", "@kept"});
  REQUIRE(solved.size() == 2);
  for (std::size_t layer = 0; layer < 2; ++layer) check_same(solved[layer], compared[layer], 0);
  CHECK(table({"solve", "@kept"}) == table(arguments));
  // Of workers that saw other images, and of one layer, too.
  write("c.safetensors", {{"conv1", conv1_b}, {"fc", fc_a}});
  CHECK(run({"compare", "@c.safetensors", "@b.safetensors", "--standard-errors", "5",
             "--save-moments", "@more"})
            .exit_code == 0);
  CHECK(run({"merge", "@both", "@kept", "@more"}).exit_code == 0);
  CHECK(json_lines({"solve", "@both"})[1]["samples"] == 240);
  const json one = compare({"@conv1_a.npy", "@conv1_b.npy", "--save-moments", "@one"});
  check_same(json_lines({"solve", "@one"}).front(), one, 0);
  folder("layers");
  write("layers/fc.safetensors", {{"fc", fc_a}});
  refuses({"compare", "@layers", "@layers", "--save-moments", "@layers/kept"},
          {"kept", "another folder"});
}
