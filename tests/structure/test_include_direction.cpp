#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

/// The road of the data: a file may include its own stage and those before it.
constexpr std::array<const char*, 7> road{"common",   "activations", "moments", "snapshot",
                                          "measures", "sinks",       "monitor"};

/// The stage's place on the road, or the road's length for what is not a stage.
std::size_t place_of(const std::string& stage) {
  return static_cast<std::size_t>(std::ranges::find(road, stage) - road.begin());
}

/// The first folder of a path that is written `livecca/stage/file` or `stage/file`.
std::string stage_of_include(std::string path) {
  if (path.starts_with("livecca/")) path.erase(0, 8);
  const auto slash = path.find('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

/// What is wrong with the includes of a file of a stage: one line each.
std::vector<std::string> faults(const std::string& stage, std::istream& file, bool is_public,
                                const std::string& name) {
  std::vector<std::string> result;
  for (std::string line; std::getline(file, line);) {
    std::erase(line, ' ');
    if (!line.starts_with("#include")) continue;
    const auto begin = line.find_first_of("<\"");
    const auto path = line.substr(begin + 1, line.find_first_of(">\"", begin + 1) - begin - 1);
    const bool adaptor = name == "eigen.hpp" || name == "xtensor.hpp";
    if (is_public && !adaptor &&
        (path.starts_with("Eigen") || path.starts_with("xtensor") || path.starts_with("tbb") ||
         path.starts_with("nlohmann") || path.starts_with("httplib"))) {
      result.push_back(name + " is public and includes " + path);
    }
    if (line[begin] == '<' && !path.starts_with("livecca")) continue;
    const std::size_t target = place_of(stage_of_include(path));
    if (target == road.size()) {
      result.push_back(name + " includes " + path + ", which is not on the road");
    } else if (target > place_of(stage)) {
      result.push_back(name + " of " + stage + " includes " + path + ", which comes later");
    }
  }
  return result;
}

std::vector<std::string> faults_of(const std::string& stage, const std::string& text,
                                   bool is_public = false) {
  std::istringstream file(text);
  return faults(stage, file, is_public, "file.hpp");
}

}  // namespace

TEST_CASE("the check sees an include that goes back, off the road or to a hidden dependency") {
  CHECK(faults_of("moments", "#include \"livecca/activations/layout.hpp\"\n").empty());
  CHECK(faults_of("moments", "#include \"moments/tile_update.hpp\"\n").empty());
  CHECK(faults_of("moments", "#include \"livecca/snapshot/solve.hpp\"\n").size() == 1);
  CHECK(faults_of("moments", "  # include <livecca/snapshot/solve.hpp>\n").size() == 1);
  CHECK(faults_of("sinks", "#include \"monitor/history.hpp\"\n").size() == 1);
  CHECK(faults_of("monitor", "#include \"livecca_libtorch/tap.hpp\"\n").size() == 1);
  CHECK(faults_of("common", "#include <Eigen/Core>\n", false).empty());
  CHECK(faults_of("common", "#include <Eigen/Core>\n", true).size() == 1);
}

TEST_CASE("includes point one way along the road") {
  std::size_t files = 0;
  for (const char* root : {"include/livecca", "lib"}) {
    const fs::path folder = fs::path(LIVECCA_SOURCE_DIR) / root;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const fs::path path = entry.path();
      if (path.extension() != ".hpp" && path.extension() != ".cpp") continue;
      const std::string stage = *fs::relative(path, folder).begin();
      if (stage == "livecca.hpp") continue;
      REQUIRE_MESSAGE(place_of(stage) < road.size(), path.string(), " is in no stage's folder");
      std::ifstream file(path);
      for (const std::string& fault :
           faults(stage, file, std::string(root) == "include/livecca", path.filename().string())) {
        FAIL_CHECK(fault);
      }
      ++files;
    }
  }
  CHECK(files > 40);
}
