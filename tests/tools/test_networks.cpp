#include <cmath>
#include <filesystem>
#include <fstream>

#include "livecca/measures/measure.hpp"
#include "program.hpp"

using namespace livecca_tests;
using nlohmann::json;

namespace {

constexpr std::size_t networks = 5;

/// Five networks: of each an .npy file of one layer, and a safetensors file of two.
class NetworksFixture : public ProgramFixture {
 public:
  NetworksFixture() {
    const NpyArray base = small_integers({140, 4}, 1);
    for (std::size_t i = 0; i < networks; ++i) {
      NpyArray fc = small_integers({140, 4 + i % 2}, 10 + i, &base);
      write(npy(i), fc);
      write(layers(i), {{"fc", fc}, {"conv", small_integers({140, 3}, 30 + i, &base), "F16"}});
    }
  }

  static std::string npy(std::size_t i) { return std::to_string(i) + ".npy"; }
  static std::string layers(std::size_t i) { return std::to_string(i) + ".safetensors"; }

  std::vector<std::string> all(bool with_layers = false) const {
    std::vector<std::string> arguments;
    for (std::size_t i = 0; i < networks; ++i) {
      arguments.push_back("@" + (with_layers ? layers(i) : npy(i)));
    }
    return arguments;
  }

  void groups(const std::string& text) const { write_text(path("g.json"), text); }

  /// compare of all .npy files with more arguments.
  json compare_all(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = all();
    arguments.insert(arguments.end(), more.begin(), more.end());
    return compare(arguments);
  }
};

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

TEST_CASE_FIXTURE(NetworksFixture, "every entry, either way round, is a single comparison") {
  const json found = compare_all();
  CHECK(found["inputs"].size() == networks);
  CHECK(found["inputs"][1] == path(npy(1)));
  CHECK(found["ranks"] == json({4, 5, 4, 5, 4}));
  CHECK(!found.contains("groups"));
  CHECK(!found.contains("layer"));
  for (std::size_t i = 0; i < networks; ++i) {
    for (std::size_t j = 0; j < networks; ++j) {
      const json pair = compare({"@" + npy(i), "@" + npy(j)});
      CHECK(found["measures"].size() == livecca::measures().size());
      for (const auto& [name, measure] : found["measures"].items()) {
        CAPTURE(name);
        CAPTURE(i);
        CAPTURE(j);
        if (i == j) {
          CHECK(measure["values"][i][j].is_null());
          CHECK(measure["noise_floor"][i][j].is_null());
          CHECK(found["status"][i][j].is_null());
          continue;
        }
        CHECK(measure["values"][i][j].get<double>() ==
              doctest::Approx(shown_number(pair, name, measure["direction"])).epsilon(1e-9));
        const bool has_floor = !pair["noise_floor"].value(name, json()).is_null();
        CHECK(measure["noise_floor"][i][j].is_null() != (has_floor || name == "r2_cca_adjusted"));
        CHECK(found["status"][i][j] == pair["status"]);
      }
    }
  }
}

TEST_CASE_FIXTURE(NetworksFixture, "a measure asked for alone has the entries it has among all") {
  const json all_measures = compare_all()["measures"];
  for (const auto& [name, measure] : all_measures.items()) {
    CAPTURE(name);
    const json alone = compare_all({"--measures", name})["measures"];
    REQUIRE(alone.size() == 1);
    check_same(alone[name]["values"], measure["values"], 1e-12);
  }
}

TEST_CASE_FIXTURE(NetworksFixture, "layers of several networks come one after the other") {
  std::vector<std::string> arguments = all(true);
  arguments.insert(arguments.begin(), "compare");
  const auto layers_found = json_lines(arguments);
  REQUIRE(layers_found.size() == 2);
  CHECK(layers_found[0]["layer"] == "conv");
  CHECK(layers_found[1]["layer"] == "fc");
  const json alone = compare_all();
  check_same(layers_found[1]["measures"], alone["measures"], 1e-12);
}

TEST_CASE_FIXTURE(NetworksFixture, "layers that one network lacks are left out of all, and named") {
  write("more.safetensors",
        {{"fc", small_integers({140, 2}, 50)}, {"x", small_integers({9, 9}, 1)}});
  const json found = compare({"@" + layers(0), "@" + layers(1), "@more.safetensors"});
  CHECK(found["layer"] == "fc");
  CHECK(found["unmatched"] == json({{path(layers(0)), {"conv"}},
                                    {path(layers(1)), {"conv"}},
                                    {path("more.safetensors"), {"x"}}}));
}

TEST_CASE_FIXTURE(NetworksFixture, "means over groups are those of the single comparisons") {
  groups(R"({"good": ["0.npy", "3.npy", "4.npy"], "bad": ["1.npy", "2.npy"]})");
  const json found = compare_all({"--groups", "@g.json"});
  const auto value = [&](std::size_t i, std::size_t j) {
    return compare({"@" + npy(i), "@" + npy(j)})["distance"]["pwcca"].get<double>();
  };
  const double d03 = value(0, 3);
  const double d04 = value(0, 4);
  const double d34 = value(3, 4);
  const json& good = found["groups"]["good"]["pwcca"];
  CHECK(good["mean"].get<double>() == doctest::Approx(mean_of({d03, d04, d34})));
  CHECK(good["pairs"] == 3);
  // Each network left out in turn: the other two's distance.
  const double mean = mean_of({d03, d04, d34});
  const double squares =
      std::pow(d03 - mean, 2) + std::pow(d04 - mean, 2) + std::pow(d34 - mean, 2);
  CHECK(good["standard_error"].get<double>() == doctest::Approx(std::sqrt(2.0 / 3 * squares)));
  const json& bad = found["groups"]["bad"]["pwcca"];
  CHECK(bad["mean"].get<double>() == doctest::Approx(value(1, 2)));
  CHECK(bad["standard_error"].is_null());
  CHECK(bad["pairs"] == 1);
  REQUIRE(found["between"].size() == 1);
  CHECK(found["between"][0]["groups"] == json({"good", "bad"}));
  // Of every pair the input that is named first is x.
  const double between =
      mean_of({value(0, 1), value(0, 2), value(1, 3), value(1, 4), value(2, 3), value(2, 4)});
  CHECK(found["between"][0]["pwcca"]["mean"].get<double>() == doctest::Approx(between));
  CHECK(found["between"][0]["pwcca"]["pairs"] == 6);
  CHECK(found["between"][0]["linear_cka"]["standard_error"].is_number());
}

TEST_CASE_FIXTURE(NetworksFixture, "bands are the means over groups, with their floors") {
  groups(R"({"good": ["0.npy", "3.npy", "4.npy"], "bad": ["1.npy", "2.npy"]})");
  const json found = compare_all({"--groups", "@g.json", "--bands", "@bands.json"});
  std::ifstream file(path("bands.json"));
  const json bands = json::parse(file);
  CHECK(bands["livecca_reference_bands"] == 1);
  CHECK(bands["groups"]["bad"] == json({path(npy(1)), path(npy(2))}));
  REQUIRE(bands["layers"].size() == 1);
  const json& layer = bands["layers"][0];
  CHECK(layer["layer"] == "");
  CHECK(layer["samples"] == 140);
  CHECK(layer["measures"].size() == livecca::measures().size());
  for (const auto& [name, measure] : layer["measures"].items()) {
    CAPTURE(name);
    CHECK(measure["direction"] == found["measures"][name]["direction"]);
    const json& floors = found["measures"][name]["noise_floor"];
    json good = measure["within"]["good"];
    if (!good["noise_floor"].is_null()) {
      CHECK(good["noise_floor"].get<double>() ==
            doctest::Approx(mean_of({floors[0][3], floors[0][4], floors[3][4]})));
    }
    good.erase("noise_floor");
    CHECK(good == found["groups"]["good"][name]);
    json between = measure["between"][0];
    CHECK(between["groups"] == json({"good", "bad"}));
    between.erase("groups");
    between.erase("noise_floor");
    CHECK(between == found["between"][0][name]);
  }
  CHECK(layer["measures"]["pwcca"]["within"]["good"]["noise_floor"].is_number());
}

TEST_CASE_FIXTURE(NetworksFixture, "bands that cannot be written are refused in one line") {
  groups(R"({"good": ["0.npy", "3.npy", "4.npy"]})");
  refuses({"compare", "@0.npy", "@1.npy", "--bands", "@bands.json"}, {"--bands", "--groups"});
  refuses({"compare", "--groups", "@g.json", "--bands", "@none/b.json"}, {"none", "folder"});
  for (const char* taken : {"0.npy", "g.json"}) {
    refuses({"compare", "--groups", "@g.json", "--bands", std::string("@") + taken},
            {taken, "another file than the input"});
  }
}

TEST_CASE_FIXTURE(NetworksFixture, "inputs can be named by the groups' file alone") {
  std::filesystem::create_directory(path("sub"));
  write("sub/9.npy", small_integers({140, 4}, 99));
  write_text(path("sub/g.json"), "{\"a\": [\"9.npy\", \"../0.npy\"], \"b\": [\"" + path(npy(1)) +
                                     "\"], \"c\": [\"../2.npy\"]}");
  const json found = compare({"--groups", "@sub/g.json"});
  REQUIRE(found["inputs"].size() == 4);
  CHECK(found["inputs"][0] == path("sub/9.npy"));
  CHECK(found["inputs"][2] == path(npy(1)));
  CHECK(found["between"].size() == 3);
  check_same(found["measures"]["pwcca"]["values"][1][2],
             compare({"@0.npy", "@1.npy"})["distance"]["pwcca"], 1e-12);
  // The same as on the command line, in its order.
  const json given =
      compare({"@sub/9.npy", "@0.npy", "@1.npy", "@2.npy", "--groups", "@sub/g.json"});
  CHECK(given["measures"] == found["measures"]);
  CHECK(given["between"] == found["between"]);
}

TEST_CASE_FIXTURE(NetworksFixture, "the tables number the inputs and show matrices and means") {
  groups(
      R"({"good": ["0.safetensors", "1.safetensors", "2.safetensors"], "bad": ["3.safetensors"]})");
  std::vector<std::string> arguments = all(true);
  arguments.insert(arguments.begin(), "compare");
  arguments.insert(arguments.end(), {"--groups", "@g.json"});
  const std::string text = table(arguments);
  CAPTURE(text);
  for (const char* word :
       {"layer conv: 3 features, 140 samples", "layer fc: 4 to 5 features", "pwcca distance",
        "in no group", "within good", "within bad", "between good and bad", "std error",
        "x is the network of the row", "noise floor", "good - bad"}) {
    CAPTURE(word);
    CHECK(text.find(word) != std::string::npos);
  }
  CHECK(text.find("svcca") == std::string::npos);
  arguments.insert(arguments.end(), {"--measures", "mean_cca,svcca"});
  CHECK(table(arguments).find("svcca distance") != std::string::npos);
}

TEST_CASE_FIXTURE(NetworksFixture, "values that are missing are left out of the means") {
  write("constant.npy", {{140, 2}, std::vector<double>(280, 3.0)});
  groups(R"({"one": ["0.npy", "1.npy", "constant.npy"]})");
  const json found = compare({"--groups", "@g.json"});
  CHECK(found["status"][0][2] == "constant");
  CHECK(found["measures"]["pwcca"]["values"][0][2].is_null());
  const json& mean = found["groups"]["one"]["pwcca"];
  CHECK(mean["pairs"] == 1);
  CHECK(mean["pairs_missing"] == 2);
  CHECK(mean["networks"] == 2);
  CHECK(mean["standard_error"].is_null());
  CHECK(table({"compare", "--groups", "@g.json"}).find("1 of 3") != std::string::npos);
}

TEST_CASE_FIXTURE(NetworksFixture, "a file of groups that cannot be used is refused in one line") {
  const auto refuses_groups = [&](const std::string& text, const std::vector<std::string>& words) {
    CAPTURE(text);
    groups(text);
    std::vector<std::string> all_words = words;
    all_words.insert(all_words.end(), {"g.json: ", "expected", "got"});
    std::vector<std::string> arguments{"compare", "--groups", "@g.json"};
    refuses(arguments, all_words);
    for (const std::string& input : all()) arguments.push_back(input);
    refuses(arguments, all_words);
  };
  refuses_groups("", {"empty"});
  refuses_groups("{", {"no JSON at byte 2"});
  refuses_groups(std::string(100'000, '[') + std::string(100'000, ']'), {"JSON that nests deeper"});
  refuses_groups("[]", {"{\"group\": [\"path\", ...], ...}"});
  refuses_groups("{}", {"no group"});
  refuses_groups(R"({"a": "0.npy"})", {"no list for \"a\""});
  refuses_groups(R"({"a": [1]})", {"than a path in \"a\""});
  refuses_groups(R"({"a": []})", {"at least one input in group \"a\""});
  refuses_groups(R"({"a": ["0.npy", "nobody.npy"]})", {"\"nobody.npy\""});
  refuses_groups(R"({"a": ["0.npy"], "b": ["1.npy", "./0.npy"]})",
                 {"\"./0.npy\" in \"a\" and \"b\""});
  refuses_groups(R"({"a": ["0.npy", "0.npy"]})", {"\"0.npy\" in \"a\" twice"});
  refuses_groups(R"({"a": ["0.npy"], "a": ["1.npy"]})", {"every group once", "\"a\" twice"});
  groups(R"({"a": ["0.npy"]})");
  refuses({"compare", "--groups", "@g.json"}, {"g.json: ", "two inputs or more", "got 1"});
  refuses({"compare", "--groups", "@missing.json", "@0.npy", "@1.npy"},
          {"missing.json", "No such"});
  refuses({"compare", "--groups", "@g.json", "@0.npy"}, {"two inputs or more", "0.npy"});
}

TEST_CASE_FIXTURE(NetworksFixture, "inputs that do not go together are refused in one line") {
  write("short.npy", small_integers({139, 4}, 1));
  refuses({"compare", "@0.npy", "@1.npy", "@short.npy"}, {"as many samples", "140 in", "139 in"});
  refuses({"compare", "@0.npy", "@1.npy", "@0.safetensors"}, {"0.safetensors", "one layer"});
  refuses({"compare", "@0.npy", "@1.npy", "@2.npy", "--save-moments", "@kept"},
          {"--save-moments", "two inputs"});
  refuses({"compare", "@0.npy", "@1.npy", "@2.npy", "--standard-errors", "5"},
          {"--standard-errors", "two inputs"});
  write("wide.npy", small_integers({4, 4000000}, 5), {"|u1"});
  refuses({"compare", "@wide.npy", "@wide.npy", "@wide.npy"}, {"memory", "4000000", "3 files"});
}
