#include "commands/compare_commands.hpp"

#include <algorithm>
#include <memory>

#include "commands/argument_values.hpp"
#include "commands/sample_options.hpp"
#include "compare/compare.hpp"
#include "compare/recorded_probe.hpp"
#include "compare/stored_moments.hpp"
#include "livecca/measures/standard_error.hpp"
#include "matrices/layer_matrix.hpp"
#include "matrices/networks.hpp"

namespace livecca::tool {
namespace {

constexpr const char* compare_details =
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
    "  livecca compare --groups groups.json --bands bands.json\n"
    "\n"
    "A similarity of 1 means that both sides are the same. distance = 1 - similarity,\n"
    "except for measures that are distances only. The noise floor is the score of\n"
    "unrelated data of the same size: compare every similarity with it. The measures, and\n"
    "which to choose: docs/measures.md\n"
    "Exit status: 0 with a result and its status, 2 with one line if the input cannot be\n"
    "used.";

constexpr const char* solve_details =
    "FILE was written by livecca compare --save-moments, by livecca merge, or by a program\n"
    "with livecca::save_moments(). You may ask for other measures than compare computed.\n"
    "\n"
    "Examples:\n"
    "  livecca compare a.npy b.npy --save-moments ab.moments\n"
    "  livecca solve ab.moments --measures svcca --keep-directions 20\n"
    "\n"
    "If FILE holds several layers or pairs, each is printed; as JSON one object a line,\n"
    "with its name.\n"
    "Exit status: 0 with a result and its status, 2 with one line if FILE cannot be used.";

constexpr const char* merge_details =
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
    "line if it was not written.";

struct CompareArguments {
  CompareOptions options;
  bool json = false;
};

struct SolveArguments {
  std::string file;
  ResultOptions options;
  bool json = false;
};

struct MergeArguments {
  std::string out;
  std::vector<std::string> in;
};

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

void add_options_of_data(Command& command, CompareOptions& options) {
  const auto globs = [](std::vector<std::string>& to) {
    return [&to](const std::vector<std::string>& lists) { to = parts_of(lists); };
  };
  command.add({
      {.name = "INPUT",
       .help = "Activations of two networks or more: .npy, .safetensors with a\n"
               "tensor a layer, or a folder with a .safetensors a layer",
       .take = into(options.inputs),
       .values = ValueCount::many},
      {.name = "--layers",
       .value_name = "GLOB,...",
       .help = "Compare only layers that match, for example 'conv*,fc?'",
       .take = globs(options.layers),
       .values = ValueCount::many},
      {.name = "--skip",
       .value_name = "GLOB,...",
       .help = "Do not compare layers that match, for example '*bias'",
       .take = globs(options.skip),
       .values = ValueCount::many},
      {.name = "--all-layers",
       .help = "Compare every layer of the first input with every layer of the\n"
               "second, by one measure: the first of --measures (pwcca)",
       .take = into(options.all_layers),
       .values = ValueCount::none},
      {.name = "--groups",
       .value_name = "FILE.json",
       .help = "Add means within and between groups of inputs. FILE.json says\n"
               "which input is in which: {\"NAME\": [\"PATH\", ...], ...}. Paths are\n"
               "as given for INPUT, or from FILE's folder. Without INPUT, all files\n"
               "in FILE.json are compared",
       .take = into(options.groups),
       .excludes = "--all-layers"},
      {.name = "--bands",
       .value_name = "OUT.json",
       .help = "Write the means within and between groups as reference bands, for\n"
               "programs: docs/reference_bands.md. With --groups",
       .take = one([&](const std::string& path) {
         if (path.empty()) wrong_value("--bands", "a path", path);
         options.bands = path;
       })},
  });
  add_options_of_samples(command, options);
  command.add({
      {.name = "--batch",
       .value_name = "N",
       .help = "Images read at once: 1024 by default, fewer if they are large. It\n"
               "changes results by rounding only. Standard errors change a little\n"
               "more, because their parts then hold other images",
       .take = one([&](const std::string& text) {
         options.batch = positive_number("--batch", "a number of 1 or more", text);
       })},
  });
}

void add_options_of_moments(Command& command, CompareOptions& options) {
  command.add({
      {.name = "--precision",
       .value_name = "exact|fast",
       .help = "exact (the default), or fast: products in float32, with a higher\n"
               "tolerance for ranks. Results say which it was",
       .take = one([&](const std::string& text) { options.precision = precision_of(text); })},
      {.name = "--standard-errors",
       .value_name = "K",
       .help = "Add standard errors, from K parts of the samples: " +
               std::to_string(fewest_error_blocks) +
               " or more,\nusually 10. Takes K times the memory, and 20 more solves",
       .take = one([&](const std::string& text) { options.error_blocks = blocks_of(text); })},
      {.name = "--max-features",
       .value_name = "N",
       .help = "Use a seeded choice of N features of wider layers",
       .take = one([&](const std::string& text) {
         options.max_features = positive_number("--max-features", "a number of 1 or more", text);
       })},
      {.name = "--save-moments",
       .value_name = "FILE",
       .help = "Save the moments. livecca solve FILE then prints the same again (pair\n"
               "by pair after --all-layers), and livecca merge joins several files",
       .take = one([&](const std::string& path) {
         if (path.empty()) wrong_value("--save-moments", "a path", path);
         options.save_moments = path;
       })},
  });
}

void add_options_of_solve(Command& command, SolveOptions& options) {
  command.add({
      {.name = "--keep-variance",
       .value_name = "SHARE",
       .help = "SVCCA keeps the fewest principal directions that hold this\n"
               "share of a side's variance, 0.99 by default",
       .take = one([&](const std::string& text) {
         options.keep_variance = share("--keep-variance", text);
       })},
      {.name = "--keep-directions",
       .value_name = "K",
       .help = "SVCCA keeps exactly K directions, or all if a side has fewer",
       .take = one([&](const std::string& text) {
         options.keep_directions =
             positive_number("--keep-directions", "a number of 1 or more", text);
       }),
       .excludes = "--keep-variance"},
      {.name = "--alpha",
       .value_name = "ALPHA",
       .help = "For partial_whitening, 0.5 by default: 1 is angular, 0 is CCA",
       .take = one([&](const std::string& text) {
         options.partial_whitening_alpha = share_or_none("--alpha", text);
       })},
  });
}

void add_options_of_result(Command& command, ResultOptions& options, bool& json) {
  options.measures = all_measures();
  command.add({
      {.name = "--measures",
       .value_name = "A,B",
       .help = "What to compute. Default: all; in a table of layers\n"
               "mean_cca,pwcca,svcca,linear_cka; in matrices pwcca. Some of\n" +
               measure_names_in_lines(),
       .take =
           [&](const std::vector<std::string>& lists) {
             const std::vector<std::string> names = parts_of(lists);
             options.measures = measures_of(names);
             options.first_asked = find_measure(names.front());
           },
       .values = ValueCount::many},
  });
  add_options_of_solve(command, options.solve);
  command.add({
      {.name = "--directions",
       .value_name = "K",
       .help = "Add to JSON the neurons' coefficients of the first K canonical\n"
               "directions of each side",
       .take = one([&](const std::string& text) {
         options.directions = positive_number("--directions", "a number of 1 or more", text);
       })},
      {.name = "--format",
       .value_name = "FORMAT",
       .help = "table (the default), or json: one object, or one a layer",
       .take = one([&](const std::string& text) { json = json_of(text); })},
  });
}

void check_inputs(const CompareOptions& options) {
  const std::size_t inputs = options.inputs.size();
  if (inputs < 2 && (inputs == 1 || options.groups.empty())) {
    wrong_value("INPUT", "two inputs or more", inputs == 0 ? "none" : options.inputs.front());
  }
  if (options.all_layers && inputs != 2) {
    wrong_value("--all-layers", "two inputs with it", std::to_string(inputs));
  }
  if (!options.bands.empty() && options.groups.empty()) {
    wrong_value("--bands", "--groups with it", options.bands);
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

void run_compare(const CompareArguments& arguments, std::ostream& out, const Note& note) {
  const CompareOptions& options = arguments.options;
  const std::string warning = probes_that_differ(options.inputs);
  if (!warning.empty()) note("warning: " + warning);
  if (options.all_layers) {
    compare_all_layers(options, arguments.json, out);
  } else if (options.inputs.size() == 2 && options.groups.empty()) {
    compare_layers(options, arguments.json, out);
  } else {
    compare_networks(options, arguments.json, out);
  }
}

}  // namespace

Command compare_command() {
  const auto arguments = std::make_shared<CompareArguments>();
  Command command{
      .name = "compare",
      .summary = "Compare activations in files, of two networks or more, by CCA and its relatives",
      .details = compare_details};
  add_options_of_data(command, arguments->options);
  add_options_of_moments(command, arguments->options);
  add_options_of_result(command, arguments->options, arguments->json);
  command.check = [arguments] {
    check_inputs(arguments->options);
    check_samples(arguments->options);
  };
  command.run = [arguments](std::ostream& out, const Note& note) {
    run_compare(*arguments, out, note);
  };
  return command;
}

Command solve_command() {
  const auto arguments = std::make_shared<SolveArguments>();
  Command command{.name = "solve",
                  .summary = "Print the result of compare again, from the moments that it saved",
                  .details = solve_details};
  command.add({{.name = "FILE",
                .help = "Saved moments",
                .take = into(arguments->file),
                .is_required = true}});
  add_options_of_result(command, arguments->options, arguments->json);
  command.run = [arguments](std::ostream& out, const Note&) {
    solve_file(arguments->file, arguments->options, arguments->json, out);
  };
  return command;
}

Command merge_command() {
  const auto arguments = std::make_shared<MergeArguments>();
  Command command{.name = "merge",
                  .summary = "Join saved moments, as if all their samples had been read at once",
                  .details = merge_details};
  command.add({
      {.name = "OUT",
       .help = "The file to write",
       .take = into(arguments->out),
       .is_required = true},
      {.name = "IN",
       .help = "Saved moments, two files or more",
       .take = into(arguments->in),
       .values = ValueCount::many,
       .is_required = true},
  });
  command.run = [arguments](std::ostream&, const Note& note) {
    for (const std::string& lost : merge_files(arguments->out, arguments->in)) note(lost);
  };
  return command;
}

}  // namespace livecca::tool
