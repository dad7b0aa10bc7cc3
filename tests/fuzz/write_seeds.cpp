#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include "sinks/full_rows.hpp"
#include "support/file_text.hpp"
#include "valid_files/saved_run.hpp"
#include "valid_files/valid_files.hpp"

namespace {

namespace fs = std::filesystem;

void write_rows(const fs::path& folder, const livecca_tests::SavedRun& run) {
  fs::create_directories(folder);
  std::string full;
  for (const auto& row : livecca_tests::one_of_each()) full += livecca_tests::text_of(row) + "\n";
  livecca_tests::write_text(folder / "full.jsonl", full);
  std::string empty;
  const auto add = [&](const auto& row) { empty += to_json(row, "", 0) + "\n"; };
  add(livecca::RunRow());
  add(livecca::MeasureRow());
  add(livecca::SpectrumRow());
  add(livecca::LayerRow());
  add(livecca::VerdictRow());
  add(livecca::DirectionRow());
  add(livecca::VerdictRecordRow());
  add(livecca::OverheadRow());
  livecca_tests::write_text(folder / "empty.jsonl", empty);
  livecca_tests::write_text(folder / "torn.jsonl", full.substr(0, full.size() / 2));
  // Short: what is fuzzed is each line.
  const std::string& rows = run.file("run/rows.jsonl");
  livecca_tests::write_text(folder / "run.jsonl", rows.substr(0, rows.rfind('\n', 12000) + 1));
}

void write_checkpoint(const fs::path& folder, const livecca_tests::SavedRun& run) {
  fs::create_directories(folder);
  livecca_tests::write_text(folder / "saved.json", run.open_checkpoint());
}

}  // namespace

// Writes valid files for each target into a folder of its name: what a fuzzer starts from.
int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  const fs::path folder = argv[1];
  try {
    const auto run = livecca_tests::SavedRun::train();
    livecca_tests::write_valid_moments(folder / "moments");
    livecca_tests::write_valid_packs(folder / "packs");
    write_rows(folder / "rows", run);
    write_checkpoint(folder / "checkpoint", run);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s: %s\n", argv[0], failure.what());
    return 1;
  }
  return 0;
}
