#include "commands/run_arguments.hpp"

#include <algorithm>

#include "commands/argument_values.hpp"
#include "common/enum_names.hpp"
#include "livecca/sinks/stream.hpp"
#include "runs/row_columns.hpp"

namespace livecca::tool {
namespace {

Stream stream_of(const std::string& text) {
  const auto stream = enum_named<Stream>(text);
  if (!stream) wrong_value("--stream", enum_names<Stream>(), text);
  return *stream;
}

std::size_t width_of_argument(const std::string& text) {
  const std::string expected = "a number of " + std::to_string(narrowest_canvas) + " or more";
  const std::size_t width = positive_number("--width", expected, text);
  if (width < narrowest_canvas) wrong_value("--width", expected, text);
  return width;
}

std::string kinds_text(const std::string& between) {
  std::string text;
  for (const std::string_view kind : row_kinds()) {
    text += (text.empty() ? "" : between) + std::string(kind);
  }
  return text;
}

std::string kind_of(const std::string& text) {
  const auto kinds = row_kinds();
  if (std::ranges::find(kinds, text) == kinds.end()) {
    wrong_value("--kind", "one of " + kinds_text(", "), text);
  }
  return text;
}

void add_run(CLI::App& command, std::string& run) {
  command.add_option("RUN", run, "A run's folder, or its rows.jsonl")->required()->type_name("");
}

void add_choice(CLI::App& command, ShowOptions& options) {
  command
      .add_option("--measure", options.measure,
                  "What the tables show, as pwcca or pwcca_distance; the run's\n"
                  "first by default")
      ->type_name("NAME");
  command
      .add_option_function<std::string>(
          "--stream", [&](const std::string& text) { options.stream = stream_of(text); },
          "One stream only")
      ->type_name("probe|train");
  command
      .add_option("--reference", options.reference,
                  "One reference only: a network's name, start, before-K or final")
      ->type_name("NAME");
  command.add_option("--layer", options.layer, "Only layers that match, as 'conv*'")
      ->type_name("GLOB");
}

}  // namespace

CLI::App* add_show(CLI::App& program, ShowOptions& options) {
  CLI::App* command =
      program.add_subcommand("show", "A run at a glance: where each layer is, and what went wrong");
  command->footer(
      "A table for each stream and reference, a line a layer: the measure over the epochs, from 0\n"
      "to the table's largest value, its latest value, the noise floor, and whether the layer "
      "moves\n"
      "or has settled. Alarms stand on top, what cost numbers and what watching takes below.\n"
      "With --follow the tables are drawn anew until the run is finished; Ctrl-C ends it. Where\n"
      "stdout is no terminal they are printed again after each epoch. Colours only on a terminal,\n"
      "and not where NO_COLOR is set.\n"
      "\n"
      "Example:\n"
      "  livecca show runs/first --follow --layer 'conv*'\n"
      "\n"
      "Exit status: 0, or 2 with one line if there are no rows, or none of what was asked for.");
  add_run(*command, options.run);
  command->add_flag("--follow", options.follow, "Go on until the run is finished");
  add_choice(*command, options);
  command
      ->add_option_function<std::string>(
          "--width", [&](const std::string& text) { options.width = width_of_argument(text); },
          "Columns to draw in, " + std::to_string(narrowest_canvas) +
              " or more; by default the terminal's, or 100")
      ->type_name("N");
  return command;
}

CLI::App* add_export(CLI::App& program, ExportOptions& options) {
  CLI::App* command = program.add_subcommand("export", "A run's rows of one kind as CSV");
  command->footer(
      "A header, and a line a row, fields in the order of docs/rows.md behind the run's name and "
      "the\n"
      "time. An array of both sides is two columns, features_x and features_y; a spectrum is a "
      "line\n"
      "a correlation, with its index. What a row has no value of is an empty field. Fields are\n"
      "quoted as RFC 4180 says; lines end with a line feed. A row that is still being written is\n"
      "left out; FILE is written whole or not at all, and replaced if it is there.\n"
      "\n"
      "Example:\n"
      "  livecca export runs/first --format csv --kind verdict --output verdicts.csv\n"
      "\n"
      "Exit status: 0, with a line on stderr if lines of the file are no rows; 2 with one line\n"
      "if nothing was exported.");
  add_run(*command, options.run);
  command
      ->add_option_function<std::string>(
          "--format",
          [](const std::string& text) {
            if (text != "csv") wrong_value("--format", "csv", text);
          },
          "csv, the only one and the default: rows.jsonl is JSON already")
      ->type_name("csv");
  command
      ->add_option_function<std::string>(
          "--kind", [&](const std::string& text) { options.kind = kind_of(text); },
          "measure (the default), layer, verdict, drift, log, event\nor spectrum")
      ->type_name("KIND");
  command->add_option("--output", options.output, "Where it goes; stdout by default")
      ->type_name("FILE");
  return command;
}

}  // namespace livecca::tool
