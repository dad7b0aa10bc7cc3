#include "compare/stored_moments.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "compare/compare_output.hpp"
#include "compare/layer_table.hpp"
#include "compare/measure_values.hpp"
#include "inputs/input_error.hpp"
#include "livecca/common/error.hpp"
#include "livecca/common/executor.hpp"

namespace livecca::tool {
namespace {

StoredMoments load(const std::string& path) {
  auto stored = load_moments(path);
  if (!stored) throw InputError(stored.why());
  return *std::move(stored);
}

std::size_t live_pairs(const PanelMoments& moments) {
  return static_cast<std::size_t>(std::ranges::count_if(
      moments.pairs, [](const PairMoments& pair) { return pair.moments.has_value(); }));
}

bool same_contents(const std::string& a, const std::string& b) {
  namespace fs = std::filesystem;
  std::error_code failure;
  if (fs::file_size(a, failure) != fs::file_size(b, failure)) return false;
  // Other moments differ in the checksum, which stands at the beginning: this is soon over.
  std::ifstream file_a(a, std::ios::binary);
  std::ifstream file_b(b, std::ios::binary);
  using Bytes = std::istreambuf_iterator<char>;
  return std::equal(Bytes(file_a), Bytes(), Bytes(file_b), Bytes());
}

/// Throws InputError if an input before number `index` has the same contents.
void expect_other_contents(const std::vector<std::string>& in, std::size_t index) {
  for (std::size_t i = 0; i < index; ++i) {
    if (!same_contents(in[i], in[index])) continue;
    throw InputError(in[index] + ": expected other samples than in " + in[i] +
                     ", got a file of the same contents");
  }
}

/// Throws InputError if the inputs are too few, or if OUT would replace something else.
void expect_inputs(const std::string& out, const std::vector<std::string>& in) {
  expect_writable(out, {});
  if (in.size() < 2) {
    throw InputError("expected OUT and two or more inputs, got " + out + " and " + in.front());
  }
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (!fs::exists(out, ignored)) return;
  const bool is_input = std::ranges::any_of(
      in, [&](const std::string& path) { return fs::equivalent(out, path, ignored); });
  if (is_input) return;
  throw InputError(out + ": expected a new file or one of the inputs as OUT, got another file");
}

/// Both sides' file names without their folders, from the notes that compare makes; empty if there
/// are none.
std::string file_names(const MomentsNotes& notes) {
  const auto name_of_side = [&](const char* side) {
    const auto note = notes.find(side);
    if (note == notes.end()) return std::string();
    const std::string path = note->second.substr(0, note->second.rfind("  ("));
    return std::filesystem::path(path).filename().string();
  };
  const std::string x = name_of_side("x");
  const std::string y = name_of_side("y");
  return x.empty() || y.empty() ? "" : x + " and " + y;
}

/// Adds the moments of one file to those of another; what is lost on the way becomes a remark.
void add(PanelMoments& all, const std::string& first, const PanelMoments& next,
         const std::string& path, std::vector<std::string>& remarks) {
  const std::size_t faults = all.faults.size() + next.faults.size();
  const std::size_t blocks = all.blocks.size();
  try {
    merge(all, next);
  } catch (const Error&) {
    throw InputError(path + ": expected the same taps and pairs as in " + first + ", got others");
  }
  for (std::size_t f = faults; f < all.faults.size(); ++f) {
    remarks.push_back(path + ": " + all.faults[f].subject + ": " + all.faults[f].message);
  }
  if (all.blocks.size() != blocks) {
    remarks.push_back(path + ": expected " + std::to_string(blocks) + " blocks, got " +
                      std::to_string(next.blocks.size()) + ": no standard errors");
  }
  if (live_pairs(all) == 0) {
    throw InputError(path + ": expected moments that fit those of " + first +
                     (remarks.empty() ? ", got none" : "; " + remarks.back()));
  }
}

}  // namespace

void expect_writable(const std::string& path, const std::vector<std::string>& inputs) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::path folder = fs::absolute(path, ignored).parent_path();
  if (!fs::is_directory(folder, ignored)) {
    throw InputError(path + ": expected a folder that is there to write in, got none at " +
                     folder.string());
  }
  if (fs::is_directory(path, ignored)) {
    throw InputError(path + ": expected a file name to write under, got a folder");
  }
  for (const std::string& input : inputs) {
    if (fs::equivalent(path, input, ignored)) {
      throw InputError(path + ": expected another file than the input to write to");
    }
    // They would be taken for a layer, or replace one.
    if (fs::equivalent(folder, input, ignored)) {
      throw InputError(path + ": expected another folder than the input to write in");
    }
  }
}

void append(PanelMoments& all, PanelMoments layer) {
  const std::size_t before = all.taps.size();
  std::ranges::move(layer.taps, std::back_inserter(all.taps));
  for (PairMoments& pair : layer.pairs) {
    pair.x += before;
    pair.y += before;
    all.pairs.push_back(std::move(pair));
  }
  std::ranges::move(layer.faults, std::back_inserter(all.faults));
  all.images = std::max(all.images, layer.images);
  all.different.merge(layer.different);
  all.steps_committed = std::max(all.steps_committed, layer.steps_committed);
  all.blocks.resize(layer.blocks.size());
  for (std::size_t b = 0; b < all.blocks.size(); ++b) {
    append(all.blocks[b], std::move(layer.blocks[b]));
  }
}

void save(const std::string& path, const PanelMoments& moments, const MomentsNotes& notes) {
  const auto saved = save_moments(path, moments, notes);
  if (!saved) throw InputError(saved.why());
}

void solve_file(const std::string& path, const ResultOptions& options, bool json,
                std::ostream& out) {
  const StoredMoments stored = load(path);
  if (stored.moments.pairs.empty()) {
    throw InputError(path + ": expected moments of at least one pair, got " +
                     std::to_string(stored.moments.taps.size()) + " taps without any");
  }
  Executor executor;
  ResultOptions chosen = options;
  const bool as_rows = !json && has_layers(stored.moments) && stored.moments.pairs.size() > 1;
  if (as_rows && options.first_asked == nullptr) chosen.measures = measures_of_rows();
  const auto comparisons = compare_moments(stored.moments, stored.notes, chosen, executor);
  if (as_rows) {
    out << to_layer_table(comparisons, comparisons.front().x, comparisons.front().y) << std::flush;
    return;
  }
  for (const Comparison& comparison : comparisons) {
    if (&comparison != &comparisons.front() && !json) out << '\n';
    out << (json ? json_line(to_json(comparison)) : to_table(comparison)) << std::flush;
  }
}

std::vector<std::string> merge_files(const std::string& out, const std::vector<std::string>& in) {
  expect_inputs(out, in);
  StoredMoments all = load(in.front());
  std::size_t files = merged_files(all.notes);
  const std::string first_names = file_names(all.notes);
  std::vector<std::string> remarks;
  bool names_differ = false;
  for (std::size_t i = 1; i < in.size(); ++i) {
    const StoredMoments next = load(in[i]);
    if (next.moments.steps_committed > 0) expect_other_contents(in, i);
    const std::string names = file_names(next.notes);
    if (!names_differ && !names.empty() && !first_names.empty() && names != first_names) {
      names_differ = true;
      std::string& remark = remarks.emplace_back(in[i]);
      remark.append(": expected moments of ").append(first_names).append(" as in ");
      remark.append(in.front()).append(", got ").append(names).append("; merged all the same");
    }
    add(all.moments, in.front(), next.moments, in[i], remarks);
    files += merged_files(next.notes);
  }
  set_merged_files(all.notes, files);
  save(out, all.moments, all.notes);
  return remarks;
}

}  // namespace livecca::tool
