#include "commands/compare_arguments.hpp"

#include <algorithm>

#include "commands/argument_values.hpp"
#include "livecca/measures/standard_error.hpp"
#include "commands/sample_arguments.hpp"

namespace livecca::tool {
namespace {

bool json_of(const std::string& text) {
  if (text != "json" && text != "table") wrong_value("--format", "table or json", text);
  return text == "json";
}

/// In the registry's order, whatever the order on the command line; each once.
std::vector<const MeasureInfo*> measures_of(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (find_measure(name) == nullptr)
      wrong_value("--measures", "some of " + measure_names(), name);
  }
  std::vector<const MeasureInfo*> chosen = all_measures();
  std::erase_if(chosen, [&](const MeasureInfo* measure) {
    return std::ranges::find(names, measure->name) == names.end();
  });
  return chosen;
}

void add_options_of_data(CLI::App& command, CompareOptions& options) {
  command
      .add_option("INPUT", options.inputs,
                  "Activations of two networks or more: .npy, .safetensors with a\n"
                  "tensor a layer, or a folder with a .safetensors a layer")
      ->type_name("");
  command.add_flag("--all-layers", options.all_layers,
                   "Of two inputs every layer of the first with every layer of the\n"
                   "second, by one measure, the first of --measures (pwcca)");
  command
      .add_option("--groups", options.groups,
                  "Which input is in which group, {\"NAME\": [\"PATH\", ...], ...}: adds\n"
                  "means within groups and between them. Paths as given, or from\n"
                  "FILE's folder; without INPUT they say what is compared")
      ->type_name("FILE.json")
      ->excludes("--all-layers");
  add_options_of_samples(command, options);
  command
      .add_option_function<std::string>(
          "--batch",
          [&](const std::string& text) {
            options.batch = positive_number("--batch", "a number of 1 or more", text);
          },
          "Images read at once, 1024 by default, fewer where they are large;\n"
          "changes results by rounding only, but standard errors also by what\n"
          "their parts hold")
      ->type_name("N");
}

void add_options_of_moments(CLI::App& command, CompareOptions& options) {
  command
      .add_option_function<std::string>(
          "--precision", [&](const std::string& text) { options.precision = precision_of(text); },
          "exact (the default), or fast: products in float32, with a higher\n"
          "tolerance on ranks; results say so")
      ->type_name("exact|fast");
  command
      .add_option_function<std::string>(
          "--standard-errors",
          [&](const std::string& text) { options.error_blocks = blocks_of(text); },
          "Standard errors from K parts of the samples, " + std::to_string(fewest_error_blocks) +
              " or more; 10 are\nusual. Takes K times the memory and 20 more solves")
      ->type_name("K");
  command
      .add_option_function<std::string>(
          "--max-features",
          [&](const std::string& text) {
            options.max_features = positive_number("--max-features", "a number of 1 or more", text);
          },
          "Cut wider sides to a seeded choice of N features")
      ->type_name("N");
  command
      .add_option_function<std::string>(
          "--save-moments",
          [&](const std::string& path) {
            if (path.empty()) wrong_value("--save-moments", "a path", path);
            options.save_moments = path;
          },
          "Keep the moments: livecca solve FILE prints the same again (after\n"
          "--all-layers pair by pair), livecca merge joins several")
      ->type_name("FILE");
}

void add_options_of_result(CLI::App& command, ResultOptions& options, bool& json) {
  command
      .add_option_function<std::vector<std::string>>(
          "--measures",
          [&](const std::vector<std::string>& lists) {
            std::vector<std::string> names;
            for (const std::string& list : lists) split(list, names);
            options.measures = measures_of(names);
            options.first_asked = find_measure(names.front());
          },
          "What to compute; by default all, but in a table of layers\n"
          "mean_cca,pwcca,svcca,linear_cka and in matrices pwcca. One of\n" +
              measure_names_in_lines())
      ->expected(1)
      ->take_all()
      ->type_name("A,B");
  CLI::Option* variance = command
                              .add_option_function<std::string>(
                                  "--keep-variance",
                                  [&](const std::string& text) {
                                    options.solve.keep_variance = share("--keep-variance", text);
                                  },
                                  "SVCCA keeps the fewest principal directions that hold this\n"
                                  "share of a side's variance, 0.99 by default")
                              ->type_name("SHARE");
  command
      .add_option_function<std::string>(
          "--keep-directions",
          [&](const std::string& text) {
            options.solve.keep_directions =
                positive_number("--keep-directions", "a number of 1 or more", text);
          },
          "Or exactly this many, as far as a side has them")
      ->type_name("K")
      ->excludes(variance);
  command
      .add_option_function<std::string>(
          "--alpha",
          [&](const std::string& text) {
            options.solve.partial_whitening_alpha = share_or_none("--alpha", text);
          },
          "Of partial_whitening, 0.5 by default: 1 is angular, 0 is CCA")
      ->type_name("ALPHA");
  command
      .add_option_function<std::string>(
          "--directions",
          [&](const std::string& text) {
            options.directions = positive_number("--directions", "a number of 1 or more", text);
          },
          "In JSON the neurons' coefficients of the K leading canonical\n"
          "directions of each side")
      ->type_name("K");
  command
      .add_option_function<std::string>(
          "--format", [&](const std::string& text) { json = json_of(text); },
          "table (the default), or json: one object, or one a layer")
      ->type_name("FORMAT");
}

}  // namespace

CLI::App* add_compare(CLI::App& program, CompareArguments& arguments) {
  CLI::App* command = program.add_subcommand(
      "compare", "Compare activations in files, of two networks or more, by CCA and its relatives");
  command->footer(
      "All inputs hold activations for the same images in the same order, and may be larger than\n"
      "memory. .npy: float16, float32, float64 or integers, any order. .safetensors: F16, BF16, "
      "F32\n"
      "or F64, or a pack that livecca recorded, as RUN/history/snapshot-NNNN.safetensors, of "
      "which\n"
      "images count. Layers are matched by name: a tensor's, or in a folder a file's "
      "(\"file/tensor\"\n"
      "where it holds several).\n"
      "\n"
      "Two inputs: every number of every layer. Three or more, or --groups: for each layer the\n"
      "matrix of all pairs, in which x is the row's input. Below the diagonal stands the same "
      "number,\n"
      "or that of the other side where a measure takes sides (pwcca_y for pwcca). Means over "
      "groups\n"
      "take each pair once, from above the diagonal; their standard errors leave out one network "
      "at\n"
      "a time. Matrices show distances where a measure has them; ~ marks what is no nearer than\n"
      "unrelated data.\n"
      "\n"
      "Examples:\n"
      "  livecca compare conv1_epoch3.npy conv1_final.npy --layout nhwc --positions 16\n"
      "  livecca compare a.npy b.npy --measures pwcca,svcca --keep-directions 20 --format json\n"
      "  livecca compare early.safetensors run/history/snapshot-0008.safetensors\n"
      "  livecca compare a.safetensors b.safetensors --all-layers --measures linear_cka\n"
      "  livecca compare --groups groups.json\n"
      "\n"
      "Similarities are 1 where the sides are the same; distance = 1 - similarity, but for "
      "measures\n"
      "that are distances only. The noise floor is what unrelated data of the same size would "
      "score:\n"
      "read every similarity against it. What each measure is, and which to choose: "
      "docs/measures.md\n"
      "Exit status: 0 with a result and its status, 2 with one line if the input is unusable.");
  arguments.options.measures = all_measures();
  add_options_of_data(*command, arguments.options);
  add_options_of_moments(*command, arguments.options);
  add_options_of_result(*command, arguments.options, arguments.json);
  return command;
}

CLI::App* add_solve(CLI::App& program, SolveArguments& arguments) {
  CLI::App* command =
      program.add_subcommand("solve", "Print what compare printed, from the moments that it saved");
  command->footer(
      "FILE was written by livecca compare --save-moments, livecca merge, or a program with\n"
      "livecca::save_moments(). Other measures may be asked for than compare was asked for.\n"
      "\n"
      "Examples:\n"
      "  livecca compare a.npy b.npy --save-moments ab.moments\n"
      "  livecca solve ab.moments --measures svcca --keep-directions 20\n"
      "\n"
      "Of several layers or pairs each is printed; as json one object a line, which says which.\n"
      "Exit status: 0 with a result and its status, 2 with one line if the input is unusable.");
  arguments.options.measures = all_measures();
  command->add_option("FILE", arguments.file, "Saved moments")->required()->type_name("");
  add_options_of_result(*command, arguments.options, arguments.json);
  return command;
}

CLI::App* add_merge(CLI::App& program, MergeArguments& arguments) {
  CLI::App* command = program.add_subcommand(
      "merge", "Join saved moments, as if all samples had been read at once");
  command->footer(
      "The inputs, two or more, hold moments of the same two layers on different samples, for\n"
      "example of several workers. Any order gives the same numbers up to rounding. Two inputs of\n"
      "the same contents are refused: their samples would count twice. Inputs made from files of\n"
      "other names are merged with a line that says so, as may be right for parts of one layer.\n"
      "OUT is written whole or not at all, and must not be there already unless it is one of the\n"
      "inputs, so that nothing is lost.\n"
      "\n"
      "Example:\n"
      "  livecca merge all.moments worker0.moments worker1.moments && livecca solve all.moments\n"
      "\n"
      "Exit status: 0 if OUT was written, with a line for each tap that was lost; 2 with one line\n"
      "if it was not.");
  command->add_option("OUT", arguments.out, "Where the sum goes")->required()->type_name("");
  command->add_option("IN", arguments.in, "Saved moments, two files or more")
      ->required()
      ->type_name("");
  return command;
}

namespace {

void check_inputs(const CompareOptions& options) {
  const std::size_t inputs = options.inputs.size();
  if (inputs < 2 && (inputs == 1 || options.groups.empty())) {
    wrong_value("INPUT", "two inputs or more", inputs == 0 ? "none" : options.inputs.front());
  }
  if (options.all_layers && inputs != 2) {
    wrong_value("--all-layers", "two inputs with it", std::to_string(inputs));
  }
  const bool is_matrix = inputs != 2 || !options.groups.empty();
  if (is_matrix && !options.save_moments.empty()) {
    wrong_value("--save-moments", "two inputs without --groups with it", options.save_moments);
  }
  if ((is_matrix || options.all_layers) && options.error_blocks != 0) {
    wrong_value("--standard-errors", "two inputs without --groups or --all-layers with it",
                std::to_string(options.error_blocks));
  }
}

}  // namespace

void check_together(const CompareArguments& arguments) {
  const CompareOptions& options = arguments.options;
  check_inputs(options);
  check_samples(options);
}

}  // namespace livecca::tool
