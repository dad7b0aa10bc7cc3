#include "commands/sample_arguments.hpp"

#include <string>
#include <string_view>

#include "commands/argument_values.hpp"
#include "common/enum_names.hpp"

namespace livecca::tool {
namespace {

Layout layout_of(const std::string& text) {
  const auto layout = enum_named<Layout>(text);
  if (!layout) wrong_value("--layout", enum_names<Layout>(), text);
  return *layout;
}

void read_samples(const std::string& text, CompareOptions& options) {
  constexpr std::string_view at_step = "step:";
  options.fourier = text == "fourier";
  options.each_step = text == "each_step";
  options.reading.samples = Samples::positions;
  if (options.fourier || options.each_step) return;
  if (const auto samples = enum_named<Samples>(text); samples && *samples != Samples::step) {
    options.reading.samples = *samples;
    return;
  }
  const auto step = text.starts_with(at_step)
                        ? number_of(std::string_view(text).substr(at_step.size()))
                        : std::nullopt;
  if (!step) {
    wrong_value("--samples", "positions, pooled, flattened, fourier, last, step:T or each_step",
                text);
  }
  options.reading.samples = Samples::step;
  options.reading.step = *step;
}

Positions positions_of(const std::string& text) {
  if (text == "all") return Positions::all();
  return Positions::sampled(positive_number("--positions", "all or a number of 1 or more", text));
}

}  // namespace

void add_options_of_samples(CLI::App& command, CompareOptions& options) {
  command
      .add_option_function<std::string>(
          "--layout", [&](const std::string& text) { options.reading.layout = layout_of(text); },
          "What the axes mean: nc (the default); " + enum_names<Layout>(has_positions) +
              " of\nimages; " + enum_names<Layout>(is_sequence) +
              " of sequences. Of inputs with named layers those\n"
              "of 2 axes are always nc")
      ->type_name("LAYOUT");
  command
      .add_option_function<std::string>(
          "--samples", [&](const std::string& text) { read_samples(text, options); },
          "What is a sample: every position or step (positions, the default);\n"
          "an image, as the mean over its positions (pooled), all its values\n"
          "(flattened), or its Fourier coefficients, compared frequency by\n"
          "frequency (fourier: also images of unequal sizes, on the frequencies\n"
          "of both); a sequence, at its last valid step (last), step:T, or each\n"
          "step against the same one (each_step; with --all-layers every step\n"
          "against every step)")
      ->type_name("KIND");
  command
      .add_option("--mask", options.mask,
                  "Which steps are valid: a .npy of 1 and 0 over the layout's two leading\n"
                  "axes, or of a length for each sequence. Others are not looked at")
      ->type_name("MASK.npy");
  command
      .add_option_function<std::string>(
          "--positions", [&](const std::string& text) { options.positions = positions_of(text); },
          "Positions of each image that become samples: all (the default),\n"
          "or K seeded ones, the same in both files")
      ->type_name("all|K");
}

void check_samples(const CompareOptions& options) {
  const std::string layout = std::string("--layout ") + name_of(options.reading.layout);
  const std::string of_sequences = "--layout " + enum_names<Layout>(is_sequence) + " with it";
  const bool sequences = is_sequence(options.reading.layout);
  const bool positions =
      options.reading.samples == Samples::positions && !options.fourier && !options.each_step;
  if (options.positions != Positions::all() &&
      ((!sequences && !has_positions(options.reading.layout)) || !positions)) {
    wrong_value("--positions " + std::to_string(options.positions.per_image),
                "a layout with positions, as samples, with it",
                positions ? layout : "other --samples");
  }
  const auto reading = options.reading.check();
  if (!reading) throw CLI::ValidationError("--samples", reading.why());
  if (options.each_step && !sequences) {
    wrong_value("--samples each_step", of_sequences, layout);
  }
  if (!options.mask.empty() && !sequences) {
    wrong_value("--mask", of_sequences, layout);
  }
  if (!options.fourier) return;
  if (!has_positions(options.reading.layout)) {
    wrong_value("--samples fourier", "--layout " + enum_names<Layout>(has_positions) + " with it",
                layout);
  }
  const char* with = options.all_layers          ? "--all-layers"
                     : !options.groups.empty()   ? "--groups"
                     : options.error_blocks != 0 ? "--standard-errors"
                                                 : nullptr;
  if (with != nullptr) {
    throw CLI::ValidationError(with, "expected other --samples with it, got 'fourier'");
  }
  if (options.inputs.size() != 2) {
    wrong_value("--samples fourier", "two inputs with it", std::to_string(options.inputs.size()));
  }
}

}  // namespace livecca::tool
