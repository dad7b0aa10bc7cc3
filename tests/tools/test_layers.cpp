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
  object.erase("left_out");
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
  // Without the layout the matrices are compared all the same.
  const json fc = compare({"@a.safetensors", "@b.safetensors"});
  check_same(without_layer(fc), compare({"@fc_a.npy", "@fc_b.npy"}), 0);
  const auto reason = fc["left_out"]["conv"].get<std::string>();
  for (const char* word :
       {"a.safetensors: \"conv\"", "2 axes", "(120, 2, 3, 4)", "--layout nchw"}) {
    CAPTURE(word);
    CHECK(reason.find(word) != std::string::npos);
  }
  refuses({"compare", "@a.safetensors", "@b.safetensors", "--layers", "conv"},
          {"a.safetensors: \"conv\"", "2 axes"});
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

TEST_CASE_FIXTURE(LayersFixture, "a tensor that cannot be compared is left out by name") {
  const json expected = compare({"@conv1_a.npy", "@conv1_b.npy"});
  const NpyArray row{{120}, std::vector<double>(120, 1)};
  const NpyArray ones{{120, 4}, std::vector<double>(480, 1)};
  for (const auto& [extra, word] : {std::pair(StoredTensor{"extra", row, "I64"}, "(120,)"),
                                    {StoredTensor{"extra", row, "BOOL"}, "(120,)"},
                                    {StoredTensor{"extra", row, "F32"}, "2 axes"},
                                    {StoredTensor{"extra", {{}, {1}}}, "()"},
                                    {StoredTensor{"extra", {{0, 4}, {}}}, "empty"},
                                    {StoredTensor{"extra", {{0}, {}}, "F8_E4M3"}, "got F8_E4M3"},
                                    {StoredTensor{"extra", ones, "F8_E5M2"}, "got F8_E5M2"}}) {
    CAPTURE(word);
    write("a.safetensors", {{"conv1", conv1_a}, extra});
    write("b.safetensors", {{"conv1", conv1_b}, {"extra", ones}});
    for (const bool swapped : {false, true}) {
      const std::string x = swapped ? "@b.safetensors" : "@a.safetensors";
      const std::string y = swapped ? "@a.safetensors" : "@b.safetensors";
      const json found = compare({x, y});
      CHECK(found["layer"] == "conv1");
      if (!swapped) check_same(without_layer(found), expected, 1e-12);
      const auto reason = found["left_out"]["extra"].get<std::string>();
      CHECK(reason.starts_with(path("a.safetensors") + ": \"extra\": expected "));
      CHECK(reason.find(word) != std::string::npos);
      CHECK(table({"compare", x, y}).find("note: left out: " + reason + "\n") != std::string::npos);
    }
    // Of more than two networks, of all layers with all, and beside a file without names.
    const auto matrices =
        json_lines({"compare", "@a.safetensors", "@b.safetensors", "@a.safetensors"});
    REQUIRE(matrices.size() == 1);
    CHECK(matrices[0]["left_out"].contains("extra"));
    const auto all = json_lines({"compare", "@a.safetensors", "@b.safetensors", "--all-layers"});
    CHECK(all[0]["rows"] == json({"conv1"}));
    CHECK(all[0]["columns"] == json({"conv1", "extra"}));
    CHECK(all[0]["left_out"].contains("extra"));
    CHECK(compare({"@a.safetensors", "@conv1_b.npy"})["left_out"].contains("extra"));
  }
}

TEST_CASE_FIXTURE(LayersFixture, "a layer that does not fit its other side is left out by name") {
  const json expected = compare({"@fc_a.npy", "@fc_b.npy"});
  const NpyArray short_rows = small_integers({119, 4}, 9);
  const NpyArray images = small_integers({120, 2, 3, 4}, 5);
  for (const auto& [odd, word] :
       {std::pair(&short_rows, "119 in "), {&images, "expected 2 axes (samples, features)"}}) {
    CAPTURE(word);
    write("a.safetensors", {{"conv1", conv1_a}, {"fc", fc_a}});
    write("b.safetensors", {{"conv1", *odd}, {"fc", fc_b}});
    const json found = compare({"@a.safetensors", "@b.safetensors"});
    check_same(without_layer(found), expected, 0);
    const auto reason = found["left_out"]["conv1"].get<std::string>();
    CHECK(reason.find(path("b.safetensors") + ": \"conv1\"") != std::string::npos);
    CHECK(reason.find(word) != std::string::npos);
    CHECK(table({"compare", "@a.safetensors", "@b.safetensors"})
              .find("note: left out: " + reason + "\n") != std::string::npos);
    const auto matrices =
        json_lines({"compare", "@a.safetensors", "@b.safetensors", "@a.safetensors"});
    REQUIRE(matrices.size() == 1);
    CHECK(matrices[0]["layer"] == "fc");
    CHECK(matrices[0]["left_out"]["conv1"] == reason);
    const json all = json_lines({"compare", "@a.safetensors", "@b.safetensors", "--all-layers"})[0];
    CHECK(all["rows"] == json({"conv1", "fc"}));
    CHECK(all["columns"] == json({"fc"}));
    CHECK(all["left_out"]["conv1"].get<std::string>().starts_with(path("b.safetensors")));
    // In both inputs: both reasons are told.
    write("a.safetensors", {{"conv1", *odd}, {"fc", fc_a}, {"more", fc_a}});
    const json both =
        json_lines({"compare", "@a.safetensors", "@b.safetensors", "--all-layers"})[0];
    const auto reasons = both["left_out"]["conv1"].get<std::string>();
    CHECK(reasons.starts_with(path("a.safetensors")));
    CHECK(reasons.find("; " + path("b.safetensors")) != std::string::npos);
    refuses({"compare", "@a.safetensors", "@conv1_b.npy", "--layers", "conv1"}, {"a.safetensors"});
  }
}

TEST_CASE_FIXTURE(LayersFixture, "integers and booleans equal .npy files") {
  const json expected = compare({"@conv1_a.npy", "@conv1_b.npy"});
  for (const char* dtype : {"I8", "U8", "I16", "U16", "I32", "U32", "I64", "U64"}) {
    for (const std::size_t padding : {0U, 3U}) {
      CAPTURE(dtype);
      write("a.safetensors", {{"conv1", conv1_a, dtype}}, {}, padding);
      const json found = compare({"@a.safetensors", "@conv1_b.npy", "--batch", "32"});
      check_same(without_layer(found), expected, 1e-12);
    }
  }
  NpyArray signs = conv1_a;
  for (double& value : signs.values) value = value > 25 ? 1 : 0;
  write("signs.npy", signs, {.descr = "|b1"});
  write("a.safetensors", {{"conv1", signs, "BOOL"}});
  check_same(without_layer(compare({"@a.safetensors", "@conv1_b.npy"})),
             compare({"@signs.npy", "@conv1_b.npy"}), 0);
  for (double& value : signs.values) value = -value;
  write("signs.npy", signs);
  write("a.safetensors", {{"conv1", signs, "I16"}});
  check_same(without_layer(compare({"@a.safetensors", "@conv1_b.npy"})),
             compare({"@signs.npy", "@conv1_b.npy"}), 0);
}

TEST_CASE_FIXTURE(LayersFixture, "--layers and --skip choose by name") {
  const std::vector<StoredTensor> all{
      {"conv1", conv1_a}, {"conv2", conv1_b}, {"fc1", fc_a}, {"fc1.bias", fc_b}};
  write("a.safetensors", all);
  write("b.safetensors", all);
  const auto chosen = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"compare", "@a.safetensors", "@b.safetensors"});
    std::vector<std::string> names;
    for (const json& layer : json_lines(options)) {
      names.push_back(layer["layer"]);
      CHECK_FALSE(layer.contains("unmatched"));
    }
    return names;
  };
  using Names = std::vector<std::string>;
  CHECK(chosen({"--layers", "conv*"}) == Names{"conv1", "conv2"});
  CHECK(chosen({"--layers", "conv1,fc1*"}) == Names{"conv1", "fc1", "fc1.bias"});
  CHECK(chosen({"--layers", "conv1", "--layers", "fc?"}) == Names{"conv1", "fc1"});
  CHECK(chosen({"--skip", "*.bias"}) == Names{"conv1", "conv2", "fc1"});
  CHECK(chosen({"--layers", "fc*", "--skip", "*.bias"}) == Names{"fc1"});
  const auto matrix = json_lines(
      {"compare", "@a.safetensors", "@b.safetensors", "--all-layers", "--skip", "conv2,*.bias"});
  CHECK(matrix[0]["rows"] == json({"conv1", "fc1"}));
  CHECK(matrix[0]["columns"] == json({"conv1", "fc1"}));
  check_same(without_layer(compare({"@a.safetensors", "@conv1_b.npy", "--layers", "conv1"})),
             compare({"@conv1_a.npy", "@conv1_b.npy"}), 0);
  refuses({"compare", "@a.safetensors", "@b.safetensors", "--layers", "layer*"},
          {"--layers", "a.safetensors", "conv1, conv2, fc1, fc1.bias"});
  refuses({"compare", "@a.safetensors", "@b.safetensors", "--skip", "*"}, {"--skip", "conv1"});
  // Layers without names cannot be chosen: nothing is ignored.
  refuses({"compare", "@conv1_a.npy", "@conv1_b.npy", "--layers", "fc*"},
          {"--layers", "names", "conv1_a.npy", "'fc*'"});
  for (const char* last : {"@conv1_b.npy", "--all-layers"}) {
    refuses({"compare", "@conv1_a.npy", "@conv1_b.npy", last, "--skip", "conv1"},
            {"--skip", "names", "conv1_a.npy", "'conv1'"});
  }
}

TEST_CASE_FIXTURE(LayersFixture, "parts of a file, and a folder against a file, pair by tensor") {
  const json conv1 = compare({"@conv1_a.npy", "@conv1_b.npy"});
  folder("parts2");
  folder("parts3");
  folder("loose");
  write("whole.safetensors", {{"conv1", conv1_b}, {"fc", fc_b}});
  write("parts2/model-00001-of-00002.safetensors", {{"conv1", conv1_a}});
  write("parts2/model-00002-of-00002.safetensors", {{"fc", fc_a}});
  write("parts3/model-00001-of-00003.safetensors", {{"other", fc_a}});
  write("parts3/model-00002-of-00003.safetensors", {{"conv1", conv1_b}, {"fc", fc_b}});
  write("loose/first.safetensors", {{"conv1", conv1_a}});
  write("loose/second.safetensors", {{"fc", fc_a}, {"more", fc_a}});
  for (const auto& [x, y] : {std::pair("@parts2", "@whole.safetensors"),
                             {"@parts2", "@parts3"},
                             {"@loose", "@whole.safetensors"},
                             {"@loose", "@parts3"}}) {
    CAPTURE(x);
    CAPTURE(y);
    const auto layers = json_lines({"compare", x, y});
    REQUIRE(layers.size() == 2);
    CHECK(layers[0]["layer"] == "conv1");
    CHECK(layers[1]["layer"] == "fc");
    check_same(without_layer(layers[0]), conv1, 0);
  }
  // Where two files have a tensor of one name, nothing is guessed.
  write("loose/third.safetensors", {{"fc", fc_b}, {"more", fc_b}});
  refuses({"compare", "@loose", "@whole.safetensors"}, {"same name", "second/fc", "--all-layers"});
}

TEST_CASE_FIXTURE(LayersFixture, "files named as parts with tensors of one name are layers each") {
  folder("a");
  folder("b");
  write("a/block-1-of-2.safetensors", {{"x", conv1_a}});
  write("a/block-2-of-2.safetensors", {{"x", fc_a}});
  write("a/last.safetensors", {{"x", fc_a}, {"y", fc_a}});
  write("b/block-1-of-2.safetensors", {{"x", conv1_b}});
  write("b/block-2-of-2.safetensors", {{"x", fc_b}});
  const auto layers = json_lines({"compare", "@a", "@b"});
  REQUIRE(layers.size() == 2);
  CHECK(layers[0]["layer"] == "block-1-of-2");
  CHECK(layers[1]["layer"] == "block-2-of-2");
  check_same(without_layer(layers[0]), compare({"@conv1_a.npy", "@conv1_b.npy"}), 0);
  check_same(without_layer(layers[1]), compare({"@fc_a.npy", "@fc_b.npy"}), 0);
  CHECK(layers[0]["unmatched"] == json({{path("a"), {"last/x", "last/y"}}}));
}
