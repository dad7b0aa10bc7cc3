#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "checks.hpp"
#include "livecca/measures/measure.hpp"
#include "livecca/measures/standard_error.hpp"
#include "livecca/moments/moments_file.hpp"
#include "livecca/snapshot/solve.hpp"
#include "safetensors_bytes.hpp"
#include "support/file_text.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_fuzz::expect;

namespace {

/// Wider moments are loaded and saved, but not solved: that would be time spent in Eigen.
constexpr std::size_t most_features_to_solve = 64;

std::string saved(const std::filesystem::path& path, const PanelMoments& moments,
                  const MomentsNotes& notes) {
  const auto done = save_moments(path, moments, notes);
  expect(static_cast<bool>(done), "to save what was loaded, got " + done.why());
  return livecca_tests::text_of(path);
}

/// What was loaded must come through another file unchanged.
void check_round_trip(const StoredMoments& loaded) {
  static const livecca_tests::TemporaryFolder folder;
  const auto path = folder.path() / "saved";
  const std::string first = saved(path, loaded.moments, loaded.notes);
  const auto again = load_moments(path);
  expect(static_cast<bool>(again), "to load what was saved, got " + again.why());
  expect(saved(path, again->moments, again->notes) == first, "the same file from the same moments");
}

/// Every number that is handed out as one is a number.
void check_solution(const PanelMoments& moments, Executor& executor) {
  const PanelSolution solution = solve(moments, {}, executor);
  std::vector<const MeasureInfo*> all;
  for (const MeasureInfo& measure : measures()) all.push_back(&measure);
  for (std::size_t pair = 0; pair < moments.pairs.size(); ++pair) {
    for (const MeasureInfo* measure : all) {
      const auto similarity = evaluate(solution, pair, *measure).value;
      expect(!similarity || std::isfinite(*similarity),
             "a finite " + std::string(measure->name) + " or none");
    }
  }
  const auto errors = standard_errors(moments, solution, {}, all, executor);
  for (const auto& errors_of_pair : errors) {
    for (const auto& error : errors_of_pair) {
      expect(!error || (std::isfinite(*error) && *error >= 0), "a standard error of 0 or more");
    }
  }
}

void check_use(const PanelMoments& moments) {
  std::size_t features = 0;
  for (const TapMoments& tap : moments.taps) features += tap.moments ? tap.moments->features() : 0;
  if (features > most_features_to_solve) return;
  static Executor executor(1);
  check_solution(moments, executor);
  PanelMoments twice = moments;
  merge(twice, moments);
  check_solution(twice, executor);
}

void try_file(std::string_view bytes) {
  static const livecca_fuzz::FileInMemory file;
  file.hold(bytes);
  const auto loaded = load_moments(file.path());
  if (!loaded) {
    ++livecca_fuzz::verdicts().refused;
    livecca_fuzz::check_refusal(file.path(), loaded.why());
    return;
  }
  ++livecca_fuzz::verdicts().taken;
  check_round_trip(*loaded);
  check_use(loaded->moments);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  livecca_fuzz::as_it_is_and_corrected({reinterpret_cast<const char*>(data), size}, try_file);
  return 0;
}
