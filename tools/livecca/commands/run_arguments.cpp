#include "commands/run_arguments.hpp"

#include <algorithm>

#include "commands/argument_values.hpp"
#include "common/enum_names.hpp"
#include "export/row_columns.hpp"
#include "livecca/sinks/stream.hpp"

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
                  "The measure to show, such as pwcca or pwcca_distance. Default:\n"
                  "the run's first measure")
      ->type_name("NAME");
  command
      .add_option_function<std::string>(
          "--stream", [&](const std::string& text) { options.stream = stream_of(text); },
          "Show one stream only")
      ->type_name("probe|train");
  command
      .add_option("--reference", options.reference,
                  "Show one reference only: a network's name, start, before-K or final")
      ->type_name("NAME");
  command.add_option("--layer", options.layer, "Show only layers that match, for example 'conv*'")
      ->type_name("GLOB");
}

}  // namespace

CLI::App* add_show(CLI::App& program, ShowOptions& options) {
  CLI::App* command =
      program.add_subcommand("show", "Show a run: where each layer is, and what went wrong");
  command->footer(
      "Prints a table for each stream and reference, with a line a layer: a bar for each\n"
      "epoch, from 0 to the table's largest value; the latest value; the noise floor; and\n"
      "whether the layer moves or has settled. Alarms are on top. Lost numbers and the cost\n"
      "of watching are below. With --follow the tables are redrawn until the run is\n"
      "finished; Ctrl-C ends it. If stdout is not a terminal, they are printed again after\n"
      "each epoch. Colours are used on a terminal only, and not if NO_COLOR is set.\n"
      "\n"
      "Example:\n"
      "  livecca show runs/first --follow --layer 'conv*'\n"
      "\n"
      "Exit status: 0, or 2 with one line if there are no rows, or none that match the\n"
      "options.");
  add_run(*command, options.run);
  command->add_flag("--follow", options.follow, "Redraw until the run is finished");
  add_choice(*command, options);
  command
      ->add_option_function<std::string>(
          "--width", [&](const std::string& text) { options.width = width_of_argument(text); },
          "Width in columns, " + std::to_string(narrowest_canvas) +
              " or more. Default: the terminal's width, or 100")
      ->type_name("N");
  return command;
}

CLI::App* add_export(CLI::App& program, ExportOptions& options) {
  CLI::App* command = program.add_subcommand("export", "Write a run's rows of one kind as CSV");
  command->footer(
      "Writes a header and a line a row. Fields are in the order of docs/rows.md, after the\n"
      "run's name and the time. An array of both sides becomes two columns, features_x and\n"
      "features_y. A spectrum becomes one line a correlation, with its index. If a row has\n"
      "no value, the field is empty. Fields are quoted as in RFC 4180; lines end with a line\n"
      "feed. A row that is still being written is left out. FILE is written whole or not at\n"
      "all, and replaced if it exists.\n"
      "\n"
      "Example:\n"
      "  livecca export runs/first --format csv --kind verdict --output verdicts.csv\n"
      "\n"
      "Exit status: 0, with a line on stderr if lines of the file are not rows; 2 with one\n"
      "line if nothing was exported.");
  add_run(*command, options.run);
  command
      ->add_option_function<std::string>(
          "--format",
          [](const std::string& text) {
            if (text != "csv") wrong_value("--format", "csv", text);
          },
          "csv, the only format (rows.jsonl already is JSON)")
      ->type_name("csv");
  command
      ->add_option_function<std::string>(
          "--kind", [&](const std::string& text) { options.kind = kind_of(text); },
          "measure (the default), layer, verdict, drift, log, event\nor spectrum")
      ->type_name("KIND");
  command->add_option("--output", options.output, "The file to write; stdout by default")
      ->type_name("FILE");
  return command;
}

}  // namespace livecca::tool
