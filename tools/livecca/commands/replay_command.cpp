#include "commands/replay_command.hpp"

#include <algorithm>
#include <memory>

#include "commands/argument_values.hpp"
#include "common/enum_names.hpp"
#include "livecca/measures/measure.hpp"
#include "livecca/sinks/reference.hpp"
#include "show/replay_run.hpp"

namespace livecca::tool {
namespace {

constexpr const char* replay_details =
    "Compares the activations in RUN/history with each other and with recorded packs. The\n"
    "run may have measured something else, and may still go on. Prints a line a layer with\n"
    "the run's latest verdicts and a table for each measure and reference, like livecca\n"
    "show. \"start\" is a layer's first kept snapshot without NaN or infinity; \"final\" is\n"
    "its last one. A history in half precision is rounded: a mean correlation may be lower\n"
    "by 1e-4 for each side. Whatever cannot be compared is a line on stderr. FILE is\n"
    "written whole or not at all, and replaced if it exists.\n"
    "\n"
    "Examples:\n"
    "  livecca replay runs/first --measures linear_cka_debiased,procrustes\n"
    "  livecca replay runs/first --measures all --to none --reference "
    "seed7=seed7.safetensors\n"
    "  livecca replay runs/first --to before-1 --standard-errors 10 --format csv --output "
    "b.csv\n"
    "\n"
    "Exit status: 0, or 2 with one line if there is nothing to compare or an option is\n"
    "wrong.";

/// In the order of the command line, each once.
std::vector<std::string> checked_measures(const std::vector<std::string>& names) {
  std::vector<std::string> measures;
  const auto add = [&](const std::string& name) {
    if (std::ranges::find(measures, name) == measures.end()) measures.push_back(name);
  };
  for (const std::string& name : names) {
    if (name == "all") {
      for (const MeasureInfo& measure : livecca::measures()) add(std::string(measure.name));
    } else if (find_measure(name) == nullptr) {
      wrong_value("--measures", "all, or some of " + measure_names(), name);
    } else {
      add(name);
    }
  }
  return measures;
}

void read_states(const std::vector<std::string>& names, livecca::ReplayOptions& options) {
  options.start = options.final = false;
  options.before.clear();
  for (const std::string& name : names) {
    const ReferenceKind kind = kind_of_reference(name);
    options.start |= kind == ReferenceKind::start;
    options.final |= kind == ReferenceKind::final;
    if (kind == ReferenceKind::before) {
      const auto snapshots = snapshots_before(name);
      if (!snapshots) wrong_value("--to", "before-K of 1 or more", name);
      options.before.push_back(*snapshots);
    } else if (!is_reserved(name) && (name != "none" || names.size() > 1)) {
      wrong_value("--to", "start, final and before-K, or none", name);
    }
  }
}

void add_reference(const std::string& text, livecca::ReplayOptions& options) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    wrong_value("--reference", "NAME=PACK", text);
  }
  options.references.emplace_back(text.substr(0, equals), text.substr(equals + 1));
}

ReplayFormat format_of(const std::string& text) {
  const auto format = enum_named<ReplayFormat>(text);
  if (!format) wrong_value("--format", enum_names<ReplayFormat>(), text);
  return *format;
}

using Texts = std::vector<std::string>;

void add_what(Command& command, ReplayArguments& arguments) {
  command.add({
      {.name = "RUN",
       .help = "A run's folder, or its rows.jsonl",
       .take = into(arguments.run),
       .is_required = true},
      {.name = "--measures",
       .value_name = "A,B",
       .help =
           "What to compute. Default: pwcca,mean_cca,svcca,linear_cka.\nEither all, or some of\n" +
           measure_names_in_lines(),
       .take =
           [&](const Texts& lists) {
             arguments.options.measures = checked_measures(parts_of(lists));
           },
       .values = ValueCount::many},
      {.name = "--to",
       .value_name = "A,B",
       .help = "Compare with the network's own states: start, final, before-K (the\n"
               "kept snapshot K before), or none. Default: start,final",
       .take = [&](const Texts& lists) { read_states(parts_of(lists), arguments.options); },
       .values = ValueCount::many},
      {.name = "--reference",
       .value_name = "NAME=PACK",
       .help = "Compare with another network: a recorded pack, or a snapshot of\n"
               "another run on the same probe. May be given several times",
       .take =
           [&](const Texts& texts) {
             for (const std::string& text : texts) add_reference(text, arguments.options);
           },
       .values = ValueCount::many},
      {.name = "--all-layers",
       .help = "Compare every layer with every layer of those networks, not only with\n"
               "the one of the same name",
       .take = [&](const Texts&) { arguments.options.pairing = Pairing::all(); },
       .values = ValueCount::none},
  });
}

void add_how(Command& command, ReplayArguments& arguments) {
  livecca::ReplayOptions& options = arguments.options;
  command.add({
      {.name = "--standard-errors",
       .value_name = "K",
       .help = "Add standard errors, from K parts of the images: 5 or more, usually\n"
               "10. Takes K times the memory, and 20 more solves",
       .take = one([&](const std::string& text) { options.error_blocks = blocks_of(text); })},
      {.name = "--keep-variance",
       .value_name = "SHARE",
       .help = "SVCCA keeps the fewest principal directions that hold this share of\n"
               "a side's variance, 0.99 by default",
       .take = one([&](const std::string& text) {
         options.keep_variance = share("--keep-variance", text);
       })},
      {.name = "--alpha",
       .value_name = "ALPHA",
       .help = "For partial_whitening, 0.5 by default: 1 is angular, 0 is CCA",
       .take = one([&](const std::string& text) {
         options.partial_whitening_alpha = share_or_none("--alpha", text);
       })},
      {.name = "--precision",
       .value_name = "exact|fast",
       .help =
           "exact (the default), or fast: products in float32, with a higher\ntolerance for ranks",
       .take = one([&](const std::string& text) { options.precision = precision_of(text); })},
      {.name = "--format",
       .value_name = "FORMAT",
       .help = "table (the default), csv as livecca export writes it, or jsonl as in\n"
               "rows.jsonl",
       .take = one([&](const std::string& text) { arguments.format = format_of(text); })},
      {.name = "--output",
       .value_name = "FILE",
       .help = "The file to write; stdout by default",
       .take = into(arguments.output)},
  });
}

}  // namespace

Command replay_command() {
  const auto arguments = std::make_shared<ReplayArguments>();
  Command command{
      .name = "replay",
      .summary = "Compute other measures of a run, or with other references, from its history",
      .details = replay_details};
  add_what(command, *arguments);
  add_how(command, *arguments);
  command.run = [arguments](std::ostream& out, const Note& note) {
    for (const std::string& line : replay_run(*arguments, out)) note(line);
  };
  return command;
}

}  // namespace livecca::tool
