#include "stored_moments.hpp"

#include <algorithm>
#include <filesystem>

#include "compare_output.hpp"
#include "input_error.hpp"
#include "layer_table.hpp"
#include "livecca/common/error.hpp"
#include "livecca/common/executor.hpp"
#include "measure_values.hpp"

namespace livecca::tool {
namespace {

struct StoredMoments {
  PanelMoments moments;
  MomentsNotes notes;
};

StoredMoments load(const std::string& path) {
  StoredMoments stored;
  std::string why;
  if (!load_moments(path, stored.moments, stored.notes, why)) throw InputError(why);
  return stored;
}

std::size_t live_pairs(const PanelMoments& moments) {
  return static_cast<std::size_t>(std::ranges::count_if(
      moments.pairs, [](const PairMoments& pair) { return pair.moments.has_value(); }));
}

}  // namespace

void expect_writable(const std::string& path, const std::vector<std::string>& inputs) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::path folder = fs::absolute(path, ignored).parent_path();
  if (!fs::is_directory(folder, ignored)) {
    throw InputError(path + ": expected a folder that is there to save moments in, got none at " +
                     folder.string());
  }
  if (fs::is_directory(path, ignored)) {
    throw InputError(path + ": expected a file name to save moments under, got a folder");
  }
  for (const std::string& input : inputs) {
    if (fs::equivalent(path, input, ignored)) {
      throw InputError(path + ": expected another file than the input to save moments in");
    }
    // They would be taken for a layer, or replace one.
    if (fs::equivalent(folder, input, ignored)) {
      throw InputError(path + ": expected another folder than the input to save moments in");
    }
  }
}

void save(const std::string& path, const PanelMoments& moments, const MomentsNotes& notes) {
  std::string why;
  if (!save_moments(path, moments, notes, why)) throw InputError(why);
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
  expect_writable(out, {});
  StoredMoments all = load(in.front());
  std::size_t files = merged_files(all.notes);
  std::vector<std::string> lost;
  for (std::size_t i = 1; i < in.size(); ++i) {
    const StoredMoments next = load(in[i]);
    const std::size_t faults = all.moments.faults.size() + next.moments.faults.size();
    const std::size_t blocks = all.moments.blocks.size();
    try {
      merge(all.moments, next.moments);
    } catch (const Error&) {
      throw InputError(in[i] + ": expected the same taps and pairs as in " + in.front() +
                       ", got others");
    }
    for (std::size_t f = faults; f < all.moments.faults.size(); ++f) {
      const Fault& fault = all.moments.faults[f];
      lost.push_back(in[i] + ": " + fault.subject + ": " + fault.message);
    }
    if (all.moments.blocks.size() != blocks) {
      lost.push_back(in[i] + ": expected " + std::to_string(blocks) + " blocks, got " +
                     std::to_string(next.moments.blocks.size()) + ": no standard errors");
    }
    if (live_pairs(all.moments) == 0) {
      throw InputError(in[i] + ": expected moments that fit those of " + in.front() +
                       (lost.empty() ? ", got none" : "; " + lost.back()));
    }
    files += merged_files(next.notes);
  }
  set_merged_files(all.notes, files);
  save(out, all.moments, all.notes);
  return lost;
}

}  // namespace livecca::tool
