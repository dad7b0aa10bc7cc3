#include "show/replay_run.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "common/json_depth.hpp"
#include "export/csv_rows.hpp"
#include "export/output_file.hpp"
#include "inputs/input_error.hpp"
#include "livecca/measures/measure.hpp"
#include "runs/pair_curves.hpp"
#include "runs/run_rows.hpp"
#include "show/curve_tables.hpp"
#include "show/layer_verdicts.hpp"
#include "show/show.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

namespace fs = std::filesystem;

fs::path folder_of(const std::string& run) {
  std::error_code failure;
  const auto kind = fs::status(run, failure).type();
  if (kind == fs::file_type::not_found) {
    throw InputError(run + ": expected the folder of a run, got nothing of this name");
  }
  if (kind == fs::file_type::directory) return run;
  const fs::path folder = fs::path(run).parent_path();
  return folder.empty() ? "." : folder;
}

/// As its rows name it; the folder's name if it has none.
std::string name_of_run(const fs::path& folder) {
  std::ifstream file(folder / "rows.jsonl");
  std::string line;
  if (std::getline(file, line)) {
    const auto row = row_from_json(line);
    if (row && !row->run.empty()) return row->run;
  }
  const fs::path path = fs::absolute(folder).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

/// A result must not take the place of what it is made from.
void expect_other_file(const ReplayArguments& arguments, const fs::path& folder) {
  const fs::path output(arguments.output);
  std::error_code failure;
  bool is_input =
      fs::equivalent(output, folder / "rows.jsonl", failure) ||
      fs::equivalent(fs::absolute(output, failure).parent_path(), folder / "history", failure);
  for (const auto& [name, pack] : arguments.options.references) {
    is_input |= fs::equivalent(output, pack, failure);
  }
  if (!is_input) return;
  throw InputError("--output: expected another file than the run's own and the packs, got '" +
                   arguments.output + "'");
}

std::string text_of(const Event& event) {
  std::string text = event.subject + ": " + event.what + ": " + event.message;
  if (event.count > 1) text += " (at " + std::to_string(event.count) + " epochs)";
  return text;
}

void expect_something_asked(const livecca::ReplayOptions& options) {
  if (options.start || options.final || !options.before.empty() || !options.references.empty()) {
    return;
  }
  throw InputError("--to: expected a --reference where it is none, got no other network");
}

void expect_rows(const ReplayResult& result, const fs::path& folder) {
  if (!result.measures.empty()) return;
  std::string got = "none: too few snapshots are kept";
  if (!result.events.empty()) {
    const std::size_t more = result.events.size() - 1;
    got = "none: " + text_of(result.events.front());
    if (more > 0) got += "; and " + std::to_string(more) + " more reasons";
  }
  throw InputError(folder.string() + ": expected activations to compare, got " + got);
}

std::vector<std::string> json_lines(const ReplayResult& result, const std::string& run) {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  const double now = std::chrono::duration<double>(since_epoch).count();
  std::vector<std::string> lines;
  for (const MeasureRow& row : result.measures) lines.push_back(to_json(row, run, now));
  return lines;
}

/// What the run itself says of its layers: their order, and their latest verdicts.
void take_verdicts(const fs::path& folder, RunRows& rows) {
  try {
    RunReader run(folder);
    rows.facts = run.rows().facts;
    rows.verdicts = run.rows().verdicts;
  } catch (const InputError&) {
    // A history without its rows has distances only.
  }
}

std::string table_text(const ReplayArguments& arguments, const ReplayResult& result,
                       const fs::path& folder, const std::string& run) {
  RunRows rows;
  take_verdicts(folder, rows);
  for (const MeasureRow& row : result.measures) rows.add({.run = run, .row = row});
  std::vector<CurveGroup> groups;
  for (const std::string& measure : arguments.options.measures) {
    ShowOptions chosen;
    chosen.measure = measure;
    for (CurveGroup& group : curve_groups(rows, chosen)) groups.push_back(std::move(group));
  }
  const Canvas canvas = arguments.output.empty() ? canvas_of_stdout(0) : Canvas{};
  std::string text = shown_name(rows.run) + ": from its history, epochs " +
                     std::to_string(*rows.epochs.begin()) + " to " +
                     std::to_string(*rows.epochs.rbegin()) + "\n\n";
  return text + layer_verdicts_text(rows, {}, canvas) + curve_tables(rows, groups, canvas);
}

std::string csv_text(const std::vector<std::string>& lines) {
  const std::vector<RowColumn> columns = columns_of("measure");
  std::string text = csv_header(columns);
  for (const std::string& line : lines) text += csv_lines(parse_json(line), columns);
  return text;
}

std::string result_text(const ReplayArguments& arguments, const ReplayResult& result,
                        const fs::path& folder) {
  const std::string run = name_of_run(folder);
  if (arguments.format == ReplayFormat::table) return table_text(arguments, result, folder, run);
  const std::vector<std::string> lines = json_lines(result, run);
  if (arguments.format == ReplayFormat::csv) return csv_text(lines);
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace

const char* name_of(ReplayFormat format) {
  switch (format) {
    case ReplayFormat::table:
      return "table";
    case ReplayFormat::csv:
      return "csv";
    case ReplayFormat::jsonl:
      return "jsonl";
  }
  return nullptr;
}

std::vector<std::string> replay_run(const ReplayArguments& arguments, std::ostream& out) {
  const fs::path folder = folder_of(arguments.run);
  expect_something_asked(arguments.options);
  if (!arguments.output.empty()) expect_other_file(arguments, folder);
  const ReplayResult result = replay(folder, arguments.options);
  expect_rows(result, folder);
  const std::string text = result_text(arguments, result, folder);
  if (arguments.output.empty()) {
    out << text;
  } else {
    OutputFile file(arguments.output);
    file.write(text);
    file.commit();
  }
  std::vector<std::string> lost;
  for (const Event& event : result.events) lost.push_back(text_of(event));
  return lost;
}

}  // namespace livecca::tool
