#include "program.hpp"

using namespace livecca_tests;
using nlohmann::json;

namespace {

/// Two networks of three and two layers; the layers are .npy files too.
class MatrixFixture : public ProgramFixture {
 public:
  MatrixFixture() {
    const NpyArray base = small_integers({150, 4}, 1);
    std::vector<StoredTensor> a;
    std::vector<StoredTensor> b;
    for (const std::string& name : rows) {
      a.push_back({name, small_integers({150, 3 + a.size()}, 10 + a.size(), &base)});
      write("a_" + name + ".npy", a.back().array);
    }
    for (const std::string& name : columns) {
      b.push_back({name, small_integers({150, 4 + b.size()}, 20 + b.size(), &base)});
      write("b_" + name + ".npy", b.back().array);
    }
    write("a.safetensors", a);
    write("b.safetensors", b);
  }

  std::vector<std::string> rows{"conv2", "conv10", "head"};
  std::vector<std::string> columns{"conv2", "fc"};
};

}  // namespace

TEST_CASE_FIXTURE(MatrixFixture, "every entry of the matrix of layers is a single comparison") {
  const json all = compare({"@a_head.npy", "@b_fc.npy"});
  for (const auto& [measure, value] : all["similarity"].items()) {
    CAPTURE(measure);
    const json matrix =
        compare({"@a.safetensors", "@b.safetensors", "--all-layers", "--measures", measure});
    CHECK(matrix["measure"] == measure);
    CHECK(matrix["direction"] == (all["distance"].contains(measure) ? "distance" : "similarity"));
    CHECK(matrix["rows"] == json(rows));
    CHECK(matrix["columns"] == json(columns));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t j = 0; j < columns.size(); ++j) {
        const json pair = compare({"@a_" + rows[i] + ".npy", "@b_" + columns[j] + ".npy"});
        CHECK(matrix["values"][i][j].get<double>() ==
              doctest::Approx(shown_number(pair, measure, matrix["direction"])).epsilon(1e-9));
        CHECK(matrix["status"][i][j] == pair["status"]);
        CHECK(matrix["noise_floor"][i][j].is_null() == pair["noise_floor"][measure].is_null());
        CHECK(matrix["p_value"][i][j].is_null() == pair["p_value"][measure].is_null());
      }
    }
  }
}

TEST_CASE_FIXTURE(MatrixFixture, "the first measure asked for is shown, and pwcca if none is") {
  const std::vector<std::string> arguments{"@a.safetensors", "@b.safetensors", "--all-layers"};
  CHECK(compare(arguments)["measure"] == "pwcca");
  auto asked = arguments;
  asked.insert(asked.end(), {"--measures", "svcca,mean_cca"});
  CHECK(compare(asked)["measure"] == "svcca");
}

TEST_CASE_FIXTURE(MatrixFixture, "the table marks the best match of every row, and noise") {
  write("noise.safetensors", {{"noise", small_integers({150, 4}, 77)}});
  const std::string text = table({"compare", "@a.safetensors", "@b.safetensors", "--all-layers"});
  CAPTURE(text);
  // Two rows and the legend: conv2 matches its best column no better than chance.
  CHECK(std::ranges::count(text, '*') == 3);
  for (const char* word : {"pwcca distance", "conv10", "fc", "the best match of its row",
                           "noise floor", "samples  150"}) {
    CAPTURE(word);
    CHECK(text.find(word) != std::string::npos);
  }
  const std::string against_noise =
      table({"compare", "@a.safetensors", "@noise.safetensors", "--all-layers"});
  CHECK(against_noise.find("~ no nearer than unrelated data") != std::string::npos);
}

TEST_CASE_FIXTURE(MatrixFixture, "many columns are shown some at a time") {
  std::vector<StoredTensor> many;
  for (int i = 0; i < 15; ++i) {
    many.push_back({"layer" + std::to_string(i), small_integers({30, 2}, 100 + i)});
  }
  write("many.safetensors", many);
  const std::string text =
      table({"compare", "@many.safetensors", "@many.safetensors", "--all-layers"});
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("many.safetensors") == std::string::npos) CHECK(line.size() <= 100);
  }
  CHECK(std::ranges::count(text, '*') == 16);
}

TEST_CASE_FIXTURE(MatrixFixture, "layers of other grids have no number with each other") {
  const NpyArray wide = small_integers({60, 2, 2, 3}, 5);
  const NpyArray narrow = small_integers({60, 1, 2, 3}, 6);
  write("images.safetensors", {{"narrow", narrow}, {"wide", wide}});
  const json matrix =
      compare({"@images.safetensors", "@images.safetensors", "--all-layers", "--layout", "nhwc"});
  CHECK(matrix["values"][0][0].is_number());
  CHECK(matrix["values"][0][1].is_null());
  CHECK(matrix["status"][0][1] == "missing");
  CHECK(matrix["values"][1][1].is_number());
  CHECK(table({"compare", "@images.safetensors", "@images.safetensors", "--all-layers", "--layout",
               "nhwc"})
            .find("rows that pair") != std::string::npos);
}

TEST_CASE_FIXTURE(MatrixFixture, "a layer alone can be looked for among another network's") {
  const json matrix = compare({"@a_head.npy", "@b.safetensors", "--all-layers"});
  CHECK(matrix["rows"] == json({"a_head.npy"}));
  CHECK(matrix["values"][0].size() == 2);
}

TEST_CASE_FIXTURE(MatrixFixture, "the moments of all layers with all can be kept") {
  const json matrix =
      compare({"@a.safetensors", "@b.safetensors", "--all-layers", "--save-moments", "@kept"});
  const auto pairs = json_lines({"solve", "@kept"});
  REQUIRE(pairs.size() == 6);
  CHECK(pairs[1]["x"] == "x/conv2");
  CHECK(pairs[1]["y"] == "y/fc");
  CHECK(pairs[1]["distance"]["pwcca"] == matrix["values"][0][1]);
}

TEST_CASE_FIXTURE(MatrixFixture, "what does not go together is refused") {
  refuses({"compare", "@a.safetensors", "@b.safetensors", "@b.safetensors", "--all-layers"},
          {"--all-layers", "expected two inputs", "'3'"});
  refuses({"compare", "@a.safetensors", "@b.safetensors", "--all-layers", "--standard-errors", "5"},
          {"--standard-errors"});
  refuses({"compare", "@a.safetensors", "@b.safetensors", "--all-layers", "--groups", "@g"},
          {"--groups", "--all-layers"});
  write("short.safetensors", {{"fc", small_integers({149, 3}, 1)}});
  refuses({"compare", "@a.safetensors", "@short.safetensors", "--all-layers"},
          {"as many samples", "150 in", "149 in", "\"fc\""});
  write("eighths.safetensors", {{"rounded", small_integers({150, 3}, 1), "F8_E4M3"}});
  refuses({"compare", "@a.safetensors", "@eighths.safetensors", "--all-layers"},
          {"\"rounded\"", "F8_E4M3"});
}
