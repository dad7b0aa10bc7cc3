#include "commands/compare_arguments.hpp"

#include <algorithm>
#include <tuple>

#include "commands/argument_values.hpp"
#include "commands/sample_arguments.hpp"
#include "livecca/measures/standard_error.hpp"

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
  for (const auto& [name, globs, text] :
       {std::tuple("--layers", &options.layers,
                   "Compare only layers that match, for example 'conv*,fc?'"),
        {"--skip", &options.skip, "Do not compare layers that match, for example '*bias'"}}) {
    command
        .add_option_function<std::vector<std::string>>(
            name,
            [into = globs](const std::vector<std::string>& lists) {
              for (const std::string& list : lists) split(list, *into);
            },
            text)
        ->expected(1)
        ->take_all()
        ->type_name("GLOB,...");
  }
  command.add_flag("--all-layers", options.all_layers,
                   "Compare every layer of the first input with every layer of the\n"
                   "second, by one measure: the first of --measures (pwcca)");
  command
      .add_option("--groups", options.groups,
                  "Add means within and between groups of inputs. FILE.json says\n"
                  "which input is in which: {\"NAME\": [\"PATH\", ...], ...}. Paths are\n"
                  "as given for INPUT, or from FILE's folder. Without INPUT, all files\n"
                  "in FILE.json are compared")
      ->type_name("FILE.json")
      ->excludes("--all-layers");
  add_options_of_samples(command, options);
  command
      .add_option_function<std::string>(
          "--batch",
          [&](const std::string& text) {
            options.batch = positive_number("--batch", "a number of 1 or more", text);
          },
          "Images read at once: 1024 by default, fewer if they are large. It\n"
          "changes results by rounding only. Standard errors change a little\n"
          "more, because their parts then hold other images")
      ->type_name("N");
}

void add_options_of_moments(CLI::App& command, CompareOptions& options) {
  command
      .add_option_function<std::string>(
          "--precision", [&](const std::string& text) { options.precision = precision_of(text); },
          "exact (the default), or fast: products in float32, with a higher\n"
          "tolerance for ranks. Results say which it was")
      ->type_name("exact|fast");
  command
      .add_option_function<std::string>(
          "--standard-errors",
          [&](const std::string& text) { options.error_blocks = blocks_of(text); },
          "Add standard errors, from K parts of the samples: " +
              std::to_string(fewest_error_blocks) +
              " or more,\nusually 10. Takes K times the memory, and 20 more solves")
      ->type_name("K");
  command
      .add_option_function<std::string>(
          "--max-features",
          [&](const std::string& text) {
            options.max_features = positive_number("--max-features", "a number of 1 or more", text);
          },
          "Use a seeded choice of N features of wider layers")
      ->type_name("N");
  command
      .add_option_function<std::string>(
          "--save-moments",
          [&](const std::string& path) {
            if (path.empty()) wrong_value("--save-moments", "a path", path);
            options.save_moments = path;
          },
          "Save the moments. livecca solve FILE then prints the same again (pair\n"
          "by pair after --all-layers), and livecca merge joins several files")
      ->type_name("FILE");
}

void add_options_of_solve(CLI::App& command, SolveOptions& options) {
  CLI::Option* variance = command
                              .add_option_function<std::string>(
                                  "--keep-variance",
                                  [&](const std::string& text) {
                                    options.keep_variance = share("--keep-variance", text);
                                  },
                                  "SVCCA keeps the fewest principal directions that hold this\n"
                                  "share of a side's variance, 0.99 by default")
                              ->type_name("SHARE");
  command
      .add_option_function<std::string>(
          "--keep-directions",
          [&](const std::string& text) {
            options.keep_directions =
                positive_number("--keep-directions", "a number of 1 or more", text);
          },
          "SVCCA keeps exactly K directions, or all if a side has fewer")
      ->type_name("K")
      ->excludes(variance);
  command
      .add_option_function<std::string>(
          "--alpha",
          [&](const std::string& text) {
            options.partial_whitening_alpha = share_or_none("--alpha", text);
          },
          "For partial_whitening, 0.5 by default: 1 is angular, 0 is CCA")
      ->type_name("ALPHA");
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
          "What to compute. Default: all; in a table of layers\n"
          "mean_cca,pwcca,svcca,linear_cka; in matrices pwcca. Some of\n" +
              measure_names_in_lines())
      ->expected(1)
      ->take_all()
      ->type_name("A,B");
  add_options_of_solve(command, options.solve);
  command
      .add_option_function<std::string>(
          "--directions",
          [&](const std::string& text) {
            options.directions = positive_number("--directions", "a number of 1 or more", text);
          },
          "Add to JSON the neurons' coefficients of the first K canonical\n"
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
      "All inputs hold activations for the same images in the same order. They may be larger\n"
      "than memory. Formats: .npy with float16, float32, float64 or integers, in any order;\n"
      ".safetensors with F16, BF16, F32, F64, integers or BOOL; packs that livecca recorded,\n"
      "such as RUN/history/snapshot-NNNN.safetensors. For packs, effective samples count\n"
      "images. Layers are matched by name: the tensor's name, or in a folder the file's name\n"
      "(\"file/tensor\" if a file holds several). If no name is in all inputs, and in parts\n"
      "such as model-00001-of-00002.safetensors, it is the tensor's name alone. Parts of one\n"
      "tensor's rows are not joined. Tensors of other types, without elements, or of one axis\n"
      "are left out, with a note, and so are layers that do not fit the options or each other.\n"
      "\n"
      "With two inputs, livecca prints every number of every layer. With three or more, or\n"
      "with --groups, it prints for each layer the matrix of all pairs; x is the row's\n"
      "input. Below the diagonal is the same number, or the other side's if a measure takes\n"
      "sides (pwcca_y for pwcca). Means over groups take each pair once, from above the\n"
      "diagonal. Their standard errors leave out one network at a time. Matrices show\n"
      "distances if the measure has them; ~ marks a number that is no closer than unrelated\n"
      "data.\n"
      "\n"
      "Examples:\n"
      "  livecca compare conv1_epoch3.npy conv1_final.npy --layout nhwc --positions 16\n"
      "  livecca compare a.npy b.npy --measures pwcca,svcca --keep-directions 20 --format json\n"
      "  livecca compare early.safetensors run/history/snapshot-0008.safetensors\n"
      "  livecca compare a.safetensors b.safetensors --all-layers --measures linear_cka\n"
      "  livecca compare --groups groups.json\n"
      "\n"
      "A similarity of 1 means that both sides are the same. distance = 1 - similarity,\n"
      "except for measures that are distances only. The noise floor is the score of\n"
      "unrelated data of the same size: compare every similarity with it. The measures, and\n"
      "which to choose: docs/measures.md\n"
      "Exit status: 0 with a result and its status, 2 with one line if the input cannot be\n"
      "used.");
  arguments.options.measures = all_measures();
  add_options_of_data(*command, arguments.options);
  add_options_of_moments(*command, arguments.options);
  add_options_of_result(*command, arguments.options, arguments.json);
  return command;
}

CLI::App* add_solve(CLI::App& program, SolveArguments& arguments) {
  CLI::App* command = program.add_subcommand(
      "solve", "Print the result of compare again, from the moments that it saved");
  command->footer(
      "FILE was written by livecca compare --save-moments, by livecca merge, or by a program\n"
      "with livecca::save_moments(). You may ask for other measures than compare computed.\n"
      "\n"
      "Examples:\n"
      "  livecca compare a.npy b.npy --save-moments ab.moments\n"
      "  livecca solve ab.moments --measures svcca --keep-directions 20\n"
      "\n"
      "If FILE holds several layers or pairs, each is printed; as JSON one object a line,\n"
      "with its name.\n"
      "Exit status: 0 with a result and its status, 2 with one line if FILE cannot be used.");
  arguments.options.measures = all_measures();
  command->add_option("FILE", arguments.file, "Saved moments")->required()->type_name("");
  add_options_of_result(*command, arguments.options, arguments.json);
  return command;
}

CLI::App* add_merge(CLI::App& program, MergeArguments& arguments) {
  CLI::App* command = program.add_subcommand(
      "merge", "Join saved moments, as if all their samples had been read at once");
  command->footer(
      "The inputs, two or more, hold moments of the same two layers on different samples,\n"
      "for example from several workers. Their order changes the numbers by rounding only.\n"
      "Two inputs with the same contents are refused, because their samples would count\n"
      "twice. If inputs were made from files of other names, they are merged with a line\n"
      "that says so: they may be parts of one layer. OUT is written whole or not at all. It\n"
      "must not exist yet, unless it is one of the inputs, so that nothing is lost.\n"
      "\n"
      "Example:\n"
      "  livecca merge all.moments worker0.moments worker1.moments && livecca solve all.moments\n"
      "\n"
      "Exit status: 0 if OUT was written, with a line for each tap that was lost; 2 with one\n"
      "line if it was not written.");
  command->add_option("OUT", arguments.out, "The file to write")->required()->type_name("");
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
