#include "commands/replay_arguments.hpp"

#include <algorithm>

#include "commands/argument_values.hpp"
#include "common/enum_names.hpp"
#include "livecca/measures/measure.hpp"
#include "livecca/sinks/reference.hpp"

namespace livecca::tool {
namespace {

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

using Lists = std::vector<std::string>;

void add_what(CLI::App& command, ReplayArguments& arguments) {
  command.add_option("RUN", arguments.run, "A run's folder, or its rows.jsonl")
      ->required()
      ->type_name("");
  command
      .add_option_function<Lists>(
          "--measures",
          [&](const Lists& lists) {
            Lists names;
            for (const std::string& list : lists) split(list, names);
            arguments.options.measures = checked_measures(names);
          },
          "What to compute. Default: pwcca,mean_cca,svcca,linear_cka.\nEither all, or some of\n" +
              measure_names_in_lines())
      ->expected(1)
      ->take_all()
      ->type_name("A,B");
  command
      .add_option_function<Lists>(
          "--to",
          [&](const Lists& lists) {
            Lists names;
            for (const std::string& list : lists) split(list, names);
            read_states(names, arguments.options);
          },
          "Compare with the network's own states: start, final, before-K (the\n"
          "kept snapshot K before), or none. Default: start,final")
      ->expected(1)
      ->take_all()
      ->type_name("A,B");
  command
      .add_option_function<Lists>(
          "--reference",
          [&](const Lists& texts) {
            for (const std::string& text : texts) add_reference(text, arguments.options);
          },
          "Compare with another network: a recorded pack, or a snapshot of\n"
          "another run on the same probe. May be given several times")
      ->expected(1)
      ->take_all()
      ->type_name("NAME=PACK");
  command.add_flag_callback(
      "--all-layers", [&] { arguments.options.pairing = Pairing::all(); },
      "Compare every layer with every layer of those networks, not only with\nthe one of the same "
      "name");
}

void add_how(CLI::App& command, ReplayArguments& arguments) {
  const auto add = [&](const char* name, const char* type, const std::string& text,
                       const std::function<void(const std::string&)>& take) {
    command.add_option_function<std::string>(name, take, text)->type_name(type);
  };
  ReplayArguments* const to = &arguments;
  add("--standard-errors", "K",
      "Add standard errors, from K parts of the images: 5 or more, usually\n"
      "10. Takes K times the memory, and 20 more solves",
      [to](const std::string& text) { to->options.error_blocks = blocks_of(text); });
  add("--keep-variance", "SHARE",
      "SVCCA keeps the fewest principal directions that hold this share of\n"
      "a side's variance, 0.99 by default",
      [to](const std::string& text) {
        to->options.keep_variance = share("--keep-variance", text);
      });
  add("--alpha", "ALPHA", "For partial_whitening, 0.5 by default: 1 is angular, 0 is CCA",
      [to](const std::string& text) {
        to->options.partial_whitening_alpha = share_or_none("--alpha", text);
      });
  add("--precision", "exact|fast",
      "exact (the default), or fast: products in float32, with a higher\ntolerance for ranks",
      [to](const std::string& text) { to->options.precision = precision_of(text); });
  add("--format", "FORMAT",
      "table (the default), csv as livecca export writes it, or jsonl as in\n"
      "rows.jsonl",
      [to](const std::string& text) { to->format = format_of(text); });
  add("--output", "FILE", "The file to write; stdout by default",
      [to](const std::string& path) { to->output = path; });
}

}  // namespace

CLI::App* add_replay(CLI::App& program, ReplayArguments& arguments) {
  CLI::App* command = program.add_subcommand(
      "replay", "Compute other measures of a run, or with other references, from its history");
  command->footer(
      "Compares the activations in RUN/history with each other and with recorded packs. The\n"
      "run may have measured something else, and may still go on. Prints a table for each\n"
      "measure and reference, like livecca show. \"start\" is a layer's first kept snapshot\n"
      "without NaN or infinity; \"final\" is its last one. A history in half precision is\n"
      "rounded: a mean correlation may be lower by 1e-4 for each side. Whatever cannot be\n"
      "compared is a line on stderr. FILE is written whole or not at all, and replaced if it\n"
      "exists.\n"
      "\n"
      "Examples:\n"
      "  livecca replay runs/first --measures linear_cka_debiased,procrustes\n"
      "  livecca replay runs/first --measures all --to none --reference seed7=seed7.safetensors\n"
      "  livecca replay runs/first --to before-1 --standard-errors 10 --format csv --output b.csv\n"
      "\n"
      "Exit status: 0, or 2 with one line if there is nothing to compare or an option is\n"
      "wrong.");
  add_what(*command, arguments);
  add_how(*command, arguments);
  return command;
}

}  // namespace livecca::tool
