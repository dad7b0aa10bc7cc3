#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "run_file.hpp"
#include "support/temporary_folder.hpp"

namespace livecca_tests {

/// A folder of runs.
class RunsFolder {
 public:
  std::string path() const { return folder_.path().string(); }
  std::filesystem::path run(const std::string& name) const { return folder_.path() / name; }

  template <typename Row>
  void add(const std::string& name, const Row& row) {
    add_text(name, livecca::to_json(row, name, wall_time++) + "\n");
  }

  void add_text(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(run(name));
    std::ofstream(run(name) / "rows.jsonl", std::ios::binary | std::ios::app) << text;
  }

  void begin(const std::string& name) {
    livecca::RunRow row;
    row.network = "net";
    row.measures = {"pwcca"};
    add(name, row);
  }

  void finish(const std::string& name) { add(name, livecca::Event{0, "finished", "", "", 1}); }

  double wall_time = 1000;

 private:
  TemporaryFolder folder_;
};

}  // namespace livecca_tests
