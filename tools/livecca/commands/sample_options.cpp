#include "commands/sample_options.hpp"

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

void add_options_of_samples(Command& command, CompareOptions& options) {
  command.add({
      {.name = "--layout",
       .value_name = "LAYOUT",
       .help = "What the axes mean: nc (the default); " + enum_names<Layout>(has_positions) +
               " of\nimages; " + enum_names<Layout>(is_sequence) +
               " of sequences. Of inputs with named layers those\n"
               "of 2 axes are always nc",
       .take = one([&](const std::string& text) { options.reading.layout = layout_of(text); })},
      {.name = "--samples",
       .value_name = "KIND",
       .help = "What a sample is:\n"
               "  positions  every position or step (the default)\n"
               "  pooled     an image or sequence, as the mean over its positions\n"
               "  flattened  an image or sequence, with all its values\n"
               "  fourier    an image; compares frequency by frequency. Sizes may\n"
               "             differ: frequencies that both have are compared\n"
               "  last       a sequence, at its last valid step\n"
               "  step:T     a sequence, at step T\n"
               "  each_step  a sequence; compares every step with the same step, or\n"
               "             with --all-layers every step with every step",
       .take = one([&](const std::string& text) { read_samples(text, options); })},
      {.name = "--mask",
       .value_name = "MASK.npy",
       .help = "Which steps are valid: a .npy of 1 and 0 over the layout's first two\n"
               "axes, or of one length for each sequence. Other steps are not read",
       .take = into(options.mask)},
      {.name = "--positions",
       .value_name = "all|K",
       .help = "Positions of each image that are samples: all (the default), or a\n"
               "seeded choice of K, the same in all files",
       .take = one([&](const std::string& text) { options.positions = positions_of(text); })},
  });
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
  if (!reading) throw UsageError("--samples: " + reading.why());
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
    throw UsageError(std::string(with) + ": expected other --samples with it, got 'fourier'");
  }
  if (options.inputs.size() != 2) {
    wrong_value("--samples fourier", "two inputs with it", std::to_string(options.inputs.size()));
  }
}

}  // namespace livecca::tool
