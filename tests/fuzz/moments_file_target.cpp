#include "moments_file_target.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "livecca/measures/measure.hpp"
#include "livecca/measures/standard_error.hpp"
#include "livecca/moments/moments_file.hpp"
#include "livecca/snapshot/solve.hpp"
#include "moments_file_bytes.hpp"
#include "support/file_text.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;

namespace {

/// Wider moments are loaded and saved, but not solved: that would be time spent in Eigen.
constexpr std::size_t most_features_to_solve = 64;

livecca_fuzz::Verdicts counted;

void expect(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "moments file: expected %s\n", what.c_str());
  std::abort();
}

/// One file in memory that every input is written into, as the reader wants a path.
class FileInMemory {
 public:
  FileInMemory() : descriptor_(::memfd_create("moments", MFD_CLOEXEC)) {
    expect(descriptor_ >= 0, "a file in memory");
    path_ = "/proc/self/fd/" + std::to_string(descriptor_);
  }
  ~FileInMemory() { ::close(descriptor_); }
  FileInMemory(const FileInMemory&) = delete;
  FileInMemory& operator=(const FileInMemory&) = delete;

  const std::string& path() const { return path_; }

  void hold(std::string_view bytes) const {
    const auto size = static_cast<ssize_t>(bytes.size());
    expect(::ftruncate(descriptor_, 0) == 0 &&
               ::pwrite(descriptor_, bytes.data(), bytes.size(), 0) == size,
           "room for a file in memory");
  }

 private:
  int descriptor_;
  std::string path_;
};

/// UTF-8 without characters that a terminal acts on.
bool is_one_line(const std::string& text) {
  const bool has_control = std::ranges::any_of(text, [](char character) {
    return static_cast<unsigned char>(character) < ' ' || character == '\x7F';
  });
  try {
    return !has_control && !nlohmann::json(text).dump().empty();
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

void check_refusal(const std::string& path, const std::string& why) {
  expect(is_one_line(why), "a reason in one line, got '" + why + "'");
  expect(why.starts_with(path + ": ") && why.size() > path.size() + 2,
         "a reason behind the path, got '" + why + "'");
}

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
  static const FileInMemory file;
  file.hold(bytes);
  const auto loaded = load_moments(file.path());
  if (!loaded) {
    ++counted.refused;
    check_refusal(file.path(), loaded.why());
    return;
  }
  ++counted.loaded;
  check_round_trip(*loaded);
  check_use(loaded->moments);
}

}  // namespace

const livecca_fuzz::Verdicts& livecca_fuzz::verdicts() { return counted; }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(data, data + size);
  try_file(bytes);
  const auto corrected = livecca_fuzz::with_right_checksum(bytes);
  if (corrected && *corrected != bytes) try_file(*corrected);
  return 0;
}
