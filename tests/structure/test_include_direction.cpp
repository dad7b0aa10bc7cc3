#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

/// The road of the data: a file may include its own stage and those before it. Within a stage that
/// has rooms, the same holds for the rooms; "" stands for the files that lie in none.
struct Stage {
  std::string name;
  std::vector<std::string> rooms{""};
};
const std::vector<Stage> road{
    {"common", {"", "files"}},
    {"activations"},
    {"moments", {"products", "", "file", "panel"}},
    {"packs"},
    {"snapshot", {"dense", ""}},
    {"measures"},
    {"http"},
    {"sinks"},  // and a folder for each sink that is a library of its own
    {"verdicts"},
    {"monitor", {"pacing", "history", "comparison", "intake", ""}},
};

/// Public headers lie in no room, so those of the monitor come before its rooms. This one is the
/// monitor itself.
constexpr const char* monitor_header = "livecca/monitor/monitor.hpp";

/// Where a file lies: its stage's place on the road, its room's place within the stage, and which
/// sink it belongs to, if it belongs to one.
struct Place {
  std::size_t stage = 0;
  std::size_t room = 0;
  std::string sink{};
  bool is_on_road() const {
    return stage < road.size() && (!sink.empty() || room < road[stage].rooms.size());
  }
};

/// Of a path that is written `stage/room/file`.
Place place_of(const fs::path& path) {
  const std::string stage = path.begin()->string();
  const std::string room =
      path.parent_path().lexically_relative(stage).generic_string();  // "." in none
  Place place;
  place.stage =
      static_cast<std::size_t>(std::ranges::find(road, stage, &Stage::name) - road.begin());
  if (place.stage == road.size()) return place;
  if (stage == "sinks" && room != ".") {
    place.sink = room.substr(0, room.find('/'));
    place.room = place.sink == room ? 2 : 1;  // a sink's own rooms come before it
    return place;
  }
  const auto& rooms = road[place.stage].rooms;
  place.room =
      static_cast<std::size_t>(std::ranges::find(rooms, room == "." ? "" : room) - rooms.begin());
  return place;
}

/// Of the path in an include.
Place place_of_include(const std::string& path) {
  if (!path.starts_with("livecca/")) return place_of(path);
  Place place = place_of(path.substr(8));
  if (place.is_on_road() && path != monitor_header) place.room = 0;
  return place;
}

/// What is wrong with the includes of a file of a stage: one line each.
std::vector<std::string> faults(const Place& from, std::istream& file, bool is_public,
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
         path.starts_with("nlohmann") || path.starts_with("boost"))) {
      result.push_back(name + " is public and includes " + path);
    }
    if (line[begin] == '<' && !path.starts_with("livecca")) continue;
    const Place target = place_of_include(path);
    if (!target.is_on_road()) {
      result.push_back(name + " includes " + path + ", which is not on the road");
    } else if (target.stage > from.stage ||
               (target.stage == from.stage && target.room > from.room)) {
      result.push_back(name + " includes " + path + ", which comes later");
    } else if (!target.sink.empty() && target.sink != from.sink) {
      result.push_back(name + " includes " + path + " of another sink");
    }
  }
  return result;
}

std::vector<std::string> faults_of(const std::string& folder, const std::string& text,
                                   bool is_public = false) {
  std::istringstream file(text);
  return faults(place_of(folder + "/file.hpp"), file, is_public, "file.hpp");
}

}  // namespace

TEST_CASE("the check sees an include that goes back, off the road or to a hidden dependency") {
  CHECK(faults_of("moments", "#include \"livecca/activations/layout.hpp\"\n").empty());
  CHECK(faults_of("moments", "#include \"moments/row_block.hpp\"\n").empty());
  CHECK(faults_of("moments", "#include \"livecca/snapshot/solve.hpp\"\n").size() == 1);
  CHECK(faults_of("moments", "  # include <livecca/snapshot/solve.hpp>\n").size() == 1);
  CHECK(faults_of("sinks", "#include \"monitor/history.hpp\"\n").size() == 1);
  CHECK(faults_of("monitor", "#include \"livecca_libtorch/tap.hpp\"\n").size() == 1);
  CHECK(faults_of("http", "#include \"sinks/sink_relay.hpp\"\n").size() == 1);
  CHECK(faults_of("sinks/prometheus", "#include \"http/http_server.hpp\"\n").empty());
  CHECK(faults_of("common", "#include <Eigen/Core>\n", false).empty());
  CHECK(faults_of("common", "#include <Eigen/Core>\n", true).size() == 1);
}

TEST_CASE("the check sees an include that goes back between the rooms of a stage") {
  const auto includes = [](const std::string& folder, const std::string& path) {
    return faults_of(folder, "#include \"" + path + "\"\n").empty();
  };
  CHECK(includes("monitor/history", "monitor/pacing/time_spent.hpp"));
  CHECK_FALSE(includes("monitor/pacing", "monitor/history/history.hpp"));
  CHECK_FALSE(includes("monitor/intake", "monitor/monitor_state.hpp"));
  CHECK(includes("monitor/intake", "livecca/monitor/options.hpp"));
  CHECK_FALSE(includes("monitor/intake", "livecca/monitor/monitor.hpp"));
  CHECK(includes("monitor", "livecca/monitor/monitor.hpp"));
  CHECK_FALSE(includes("sinks/tensorboard/picture", "sinks/tensorboard/tags.hpp"));
  CHECK(includes("sinks/tensorboard", "sinks/tensorboard/picture/canvas.hpp"));
  CHECK(includes("sinks/tensorboard", "sinks/row_fields.hpp"));
  CHECK_FALSE(includes("sinks", "sinks/tensorboard/tags.hpp"));
  CHECK_FALSE(includes("sinks/tensorboard", "sinks/prometheus/metric.hpp"));
  CHECK_FALSE(includes("verdicts", "sinks/tensorboard/tags.hpp"));
  CHECK_FALSE(includes("moments", "moments/panel/recording.hpp"));
  CHECK_FALSE(includes("monitor", "monitor/unheard_of/file.hpp"));
}

TEST_CASE("includes point one way along the road") {
  std::size_t files = 0;
  for (const char* root : {"include/livecca", "lib"}) {
    const fs::path folder = fs::path(LIVECCA_SOURCE_DIR) / root;
    const bool is_public = std::string(root) == "include/livecca";
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const fs::path path = fs::relative(entry.path(), folder);
      if (path.extension() != ".hpp" && path.extension() != ".cpp") continue;
      if (path == "livecca.hpp") continue;
      const Place place =
          is_public ? place_of_include("livecca/" + path.generic_string()) : place_of(path);
      REQUIRE_MESSAGE(place.is_on_road(), path.string(), " is in no stage's folder");
      std::ifstream file(entry.path());
      for (const std::string& fault : faults(place, file, is_public, path.filename().string())) {
        FAIL_CHECK(fault);
      }
      ++files;
    }
  }
  CHECK(files > 150);
}

TEST_CASE("includes point one way between the rooms of the program") {
  const std::vector<std::string> rooms{"inputs", "text", "compare", "matrices", "export", "runs",
                                       "index",  "show", "serve",   "commands", "program"};
  const auto place = [&](const std::string& room) { return std::ranges::find(rooms, room); };
  std::size_t files = 0;
  const fs::path folder = fs::path(LIVECCA_SOURCE_DIR) / "tools" / "livecca";
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".hpp" && entry.path().extension() != ".cpp") continue;
    const auto from = place(fs::relative(entry.path(), folder).begin()->string());
    REQUIRE_MESSAGE(from != rooms.end(), entry.path().string(), " is in no room");
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      // Other front ends have another parser, and are part of a process that has its own handlers.
      const bool is_of_program = line.starts_with("#include <CLI/") ||
                                 line == "#include <signal.h>" || line == "#include <csignal>" ||
                                 line == "#include <iostream>";
      CHECK_MESSAGE((from + 1 == rooms.end() || !is_of_program), entry.path().string(), ": ", line,
                    ", which only program/ may");
      if (!line.starts_with("#include \"")) continue;
      const auto target = place(line.substr(10, line.find('/') - 10));
      CHECK_MESSAGE((target == rooms.end() || target <= from), entry.path().string(), ": ", line,
                    ", which comes later");
    }
    ++files;
  }
  CHECK(files > 70);
}
