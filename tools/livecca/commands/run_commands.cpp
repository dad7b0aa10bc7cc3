#include "commands/run_commands.hpp"

#include <algorithm>
#include <memory>

#include "commands/argument_values.hpp"
#include "common/enum_names.hpp"
#include "export/export_rows.hpp"
#include "export/row_columns.hpp"
#include "livecca/sinks/stream.hpp"
#include "show/show.hpp"

namespace livecca::tool {
namespace {

constexpr const char* show_details =
    "Begins with a sentence, the answer. Then comes a line a layer: how far it moved in the\n"
    "last epoch, how far it is forecast to go yet, its distance to each reference, and\n"
    "whether it has settled. Then comes a table for each stream and reference: a bar for\n"
    "each epoch, from 0 to the table's largest value; the latest value; and the noise floor.\n"
    "Alarms are on top. Lost numbers and the cost of watching are below.\n"
    "\n"
    "With --follow it is redrawn until the run is finished. On a terminal, arrows, space, b,\n"
    "g and G scroll; q or Ctrl-C ends it. If stdout is not a terminal, it is printed again\n"
    "after each epoch. Colours are used on a terminal only, and not if NO_COLOR is set.\n"
    "\n"
    "Several runs are listed, those that go on first: name, last epoch, whether the run is\n"
    "live, finished or died, and its sentence.\n"
    "\n"
    "Example:\n"
    "  livecca show runs/first --follow --layer 'conv*'\n"
    "  livecca show runs\n"
    "\n"
    "Exit status: 0, or 2 with one line if there are no rows, or none that match the\n"
    "options.";

constexpr const char* export_details =
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
    "line if nothing was exported.";

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

Option run_option(std::string& run) {
  return {.name = "RUN",
          .help = "A run's folder, or its rows.jsonl",
          .take = into(run),
          .is_required = true};
}

void add_choice(Command& command, ShowOptions& options) {
  command.add({
      {.name = "--measure",
       .value_name = "NAME",
       .help = "The measure to show, such as pwcca or pwcca_distance. Default:\n"
               "the run's first measure",
       .take = into(options.measure)},
      {.name = "--stream",
       .value_name = "probe|train",
       .help = "Show one stream only",
       .take = one([&](const std::string& text) { options.stream = stream_of(text); })},
      {.name = "--reference",
       .value_name = "NAME",
       .help = "Show one reference only: a network's name, start, before-K or final",
       .take = into(options.reference)},
      {.name = "--layer",
       .value_name = "GLOB",
       .help = "Show only layers that match, for example 'conv*'",
       .take = into(options.layer)},
  });
}

}  // namespace

Command show_command() {
  const auto options = std::make_shared<ShowOptions>();
  Command command{.name = "show",
                  .summary = "Show a run: where each layer is, and what went wrong; or list runs",
                  .details = show_details};
  command.add({{.name = "RUNS",
                .help = "A run's folder or its rows.jsonl, to draw it; several, or a\n"
                        "folder of runs, to list them",
                .take = into(options->runs),
                .values = ValueCount::many,
                .is_required = true},
               {.name = "--follow",
                .help = "Redraw until the run is finished; the arrows scroll, q ends it",
                .take = into(options->follow),
                .values = ValueCount::none}});
  add_choice(command, *options);
  command.add({{.name = "--width",
                .value_name = "N",
                .help = "Width in columns, " + std::to_string(narrowest_canvas) +
                        " or more. Default: the terminal's width, or 100",
                .take = one([to = options.get()](const std::string& text) {
                  to->width = width_of_argument(text);
                })}});
  command.run = [options](std::ostream& out, const Note&) { show_runs(*options, out); };
  return command;
}

Command export_command() {
  const auto options = std::make_shared<ExportOptions>();
  Command command{.name = "export",
                  .summary = "Write a run's rows of one kind as CSV",
                  .details = export_details};
  command.add({
      run_option(options->run),
      {.name = "--format",
       .value_name = "csv",
       .help = "csv, the only format (rows.jsonl already is JSON)",
       .take = one([](const std::string& text) {
         if (text != "csv") wrong_value("--format", "csv", text);
       })},
      {.name = "--kind",
       .value_name = "KIND",
       .help = "measure (the default), layer, verdict, direction, drift,\nlog, event or spectrum",
       .take = one([to = options.get()](const std::string& text) { to->kind = kind_of(text); })},
      {.name = "--output",
       .value_name = "FILE",
       .help = "The file to write; stdout by default",
       .take = into(options->output)},
  });
  command.run = [options](std::ostream& out, const Note& note) {
    const std::string left_out = export_rows(*options, out);
    if (!left_out.empty()) note(left_out);
  };
  return command;
}

}  // namespace livecca::tool
