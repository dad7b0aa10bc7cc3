#include "livecca/moments/moments_file.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>

#include "fuzz/safetensors_bytes.hpp"
#include "livecca/measures/measure.hpp"
#include "livecca/measures/standard_error.hpp"
#include "livecca/snapshot/solve.hpp"
#include "matrices.hpp"
#include "support/file_text.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::same_bits;
using livecca_tests::shared_latents;
using livecca_tests::stream;
using livecca_tests::TemporaryFolder;
using livecca_tests::text_of;

namespace {

constexpr std::uint64_t moments_file_seed = 616;

PanelMoments window_with_everything(Executor& executor) {
  PanelOptions options;
  options.norm_sums = true;
  options.error_blocks = 5;
  options.max_features = 5;
  options.feature_seed = 12;
  const auto views = shared_latents(120, 6, 4, moments_file_seed);
  PanelMoments moments = stream(views.x, views.y, 15, executor, options);
  moments.faults.push_back({FaultKind::nonfinite, "net/other \"ü\"", "expected this, got that"});
  moments.steps_discarded = 3;
  return moments;
}

struct Saved {
  TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "moments.safetensors";
  Executor executor{2};
  PanelMoments moments = window_with_everything(executor);
  std::string bytes;

  Saved() {
    REQUIRE(save_moments(path, moments, {{"made by", "a test"}}));
    bytes = text_of(path);
  }

  /// Loads a file of these bytes, which must be refused.
  std::string refusal(const std::string& changed) {
    const auto other = folder.path() / "changed.safetensors";
    livecca_tests::write_text(other, changed);
    const std::string why = load_moments(other).why();
    CHECK(why.starts_with(other.string() + ": expected "));
    CHECK(why.find('\n') == std::string::npos);
    return why.substr(other.string().size() + 2);
  }
};

}  // namespace

TEST_CASE("moments come back as they were, bit for bit, with all their facts") {
  Saved saved;
  const auto [loaded, notes] = *load_moments(saved.path);
  CHECK(notes == MomentsNotes{{"made by", "a test"}});
  CHECK(same_bits(loaded, saved.moments));
  CHECK(loaded.images == 120);
  CHECK(loaded.steps_committed == 8);
  CHECK(loaded.steps_discarded == 3);
  REQUIRE(loaded.faults.size() == 1);
  CHECK(loaded.faults[0].kind == FaultKind::nonfinite);
  CHECK(loaded.faults[0].subject == "net/other \"ü\"");
  CHECK(loaded.taps[0].name == TapName{"net", "layer"});
  CHECK(loaded.taps[0].features_of_tap == 6);
  CHECK(loaded.taps[0].feature_seed == 12);
  CHECK(loaded.taps[0].dtype == DType::float64);
  REQUIRE(loaded.blocks.size() == 5);
  for (std::size_t b = 0; b < 5; ++b) CHECK(same_bits(loaded.blocks[b], saved.moments.blocks[b]));
  // What is solved from it is the same, standard errors too.
  const auto solved = [&](const PanelMoments& moments) {
    const PanelSolution solution = solve(moments, {}, saved.executor);
    std::vector<const MeasureInfo*> all;
    for (const MeasureInfo& info : measures()) all.push_back(&info);
    const auto errors = standard_errors(moments, solution, {}, all, saved.executor);
    return std::pair(solution.pairs[0].canonical_correlations, errors);
  };
  CHECK(solved(loaded) == solved(saved.moments));
  // Saved again, it is the same file.
  const auto again = saved.folder.path() / "again.safetensors";
  REQUIRE(save_moments(again, loaded, notes));
  CHECK(text_of(again) == saved.bytes);
}

TEST_CASE("a window goes on from a file as if it had never left memory") {
  const TemporaryFolder folder;
  Executor executor(1);
  const auto views = shared_latents(200, 6, 4, moments_file_seed);
  for (const double half_life : {0.0, 25.0}) {
    PanelOptions options;
    if (half_life > 0) options.window = Window::exponential(half_life);
    PanelMoments first = stream(views.x.topRows(90), views.y.topRows(90), 30, executor, options);
    const PanelMoments second =
        stream(views.x.bottomRows(110), views.y.bottomRows(110), 30, executor, options);
    REQUIRE(save_moments(folder.path() / "m", first, {}));
    PanelMoments loaded = load_moments(folder.path() / "m")->moments;
    merge(first, second);
    merge(loaded, second);
    CHECK(same_bits(first, loaded));
  }
}

TEST_CASE("taps that were lost, and windows without rows, come back as such") {
  const TemporaryFolder folder;
  Executor executor(1);
  PanelMoments moments = stream(normal_matrix(20, 3, moments_file_seed),
                                normal_matrix(20, 2, moments_file_seed), 10, executor);
  moments.taps[0].moments.reset();
  moments.pairs[0].moments.reset();
  REQUIRE(save_moments(folder.path() / "m", moments, {}));
  const PanelMoments loaded = load_moments(folder.path() / "m")->moments;
  CHECK_FALSE(loaded.taps[0].moments);
  CHECK(same_bits(loaded, moments));
  const PanelMoments nothing;
  REQUIRE(save_moments(folder.path() / "n", nothing, {}));
  CHECK(load_moments(folder.path() / "n")->moments.taps.empty());
}

TEST_CASE("a ring comes back as a ring, whose oldest block is forgotten first") {
  MESSAGE("seed " << moments_file_seed);
  const TemporaryFolder folder;
  Executor executor(1);
  PanelOptions options;
  options.window = Window::last_blocks(2, 30);
  const auto views = shared_latents(90, 6, 4, moments_file_seed);
  const PanelMoments moments = stream(views.x, views.y, 30, executor, options);
  REQUIRE(save_moments(folder.path() / "m", moments, {}));
  PanelMoments loaded = load_moments(folder.path() / "m")->moments;
  CHECK(loaded.blocks_by_age);
  for (std::size_t b = 0; b < 2; ++b) CHECK(same_bits(loaded.blocks[b], moments.blocks[b]));
  merge(loaded, loaded);
  CHECK(loaded.blocks_by_age);
  merge(loaded, stream(views.x, views.y, 30, executor));
  CHECK_FALSE(loaded.blocks_by_age);
}

TEST_CASE("every truncation is refused") {
  Saved saved;
  for (std::size_t size = 0; size < saved.bytes.size(); size += size < 4096 ? 37 : 509) {
    CAPTURE(size);
    saved.refusal(saved.bytes.substr(0, size));
  }
  saved.refusal(saved.bytes + "x");
}

TEST_CASE("every flipped bit is refused") {
  MESSAGE("seed " << moments_file_seed);
  Saved saved;
  std::mt19937_64 engine(moments_file_seed);
  for (int i = 0; i < 2000; ++i) {
    const std::size_t byte = engine() % saved.bytes.size();
    const auto bit = static_cast<unsigned>(engine() % 8);
    CAPTURE(byte);
    CAPTURE(bit);
    std::string changed = saved.bytes;
    changed[byte] = static_cast<char>(static_cast<unsigned char>(changed[byte]) ^ (1U << bit));
    saved.refusal(changed);
  }
}

TEST_CASE("files of another kind, version or program say what they are") {
  Saved saved;
  const auto replaced = [&](const std::string& from, const std::string& to) {
    REQUIRE(from.size() == to.size());
    std::string changed = saved.bytes;
    changed.replace(changed.find(from), from.size(), to);
    return changed;
  };
  CHECK(saved.refusal(replaced("\"version\":\"1\"", "\"version\":\"2\"")) ==
        "expected moments of version 1, got version \"2\"");
  CHECK(saved.refusal(replaced("livecca.moments", "livecca.somemts")) ==
        "expected a file of format livecca.moments, got format \"livecca.somemts\"");
  CHECK(saved.refusal(replaced("\"format\"", "\"farmer\"")) ==
        "expected a file of format livecca.moments, got a safetensors file of another program");
  CHECK(saved.refusal(replaced("\"checksum\"", "\"checkers\"")) ==
        "expected a checksum in the header, got none");
  std::string number = saved.bytes;
  number.back() = static_cast<char>(number.back() + 1);
  CHECK(saved.refusal(number).ends_with("the file was changed or damaged"));
  std::string header = saved.bytes;
  header[6] = 1;  // a header of 2^48 bytes
  saved.refusal(header);
  saved.refusal("PK\x03\x04 this is no tensor file at all");
  CHECK_FALSE(load_moments(saved.folder.path()));
  CHECK(load_moments(saved.folder.path() / "missing").why().find("missing") != std::string::npos);
}

TEST_CASE("facts and notes that would take the memory of many files are refused, and not written") {
  Saved saved;
  const auto with_facts = [&](const std::string& facts) {
    auto parts = livecca_fuzz::take_apart(saved.bytes);
    REQUIRE(parts);
    const std::size_t begin = parts->header.find("\"moments\":\"") + 11;
    const std::size_t end = parts->header.find("\",\"notes\":", begin);
    parts->header.replace(begin, end - begin, facts);
    const auto bytes = livecca_fuzz::with_right_checksum(livecca_fuzz::put_together(*parts));
    REQUIRE(bytes);
    return *bytes;
  };
  std::string lists = "[[0]";
  while (lists.size() < (std::size_t{20} << 20U)) lists += ",[0]";
  CHECK(saved.refusal(with_facts(lists + "]")) ==
        "expected facts of at most 8388608 bytes, got " + std::to_string(lists.size() + 1));
  CHECK(saved.refusal(with_facts(std::string(1000, '['))) ==
        "expected facts, got JSON that nests deeper than they do");
  const MomentsNotes notes{{"note", std::string(std::size_t{1} << 20U, 'x')}};
  CHECK(save_moments(saved.path, saved.moments, notes)
            .why()
            .ends_with("expected notes of at most 1048576 bytes, got 1048587"));
  saved.moments.faults.back().message.assign(std::size_t{8} << 20U, 'x');
  CHECK(save_moments(saved.path, saved.moments, {})
            .why()
            .find("expected facts of at most 8388608 bytes, got") != std::string::npos);
  CHECK(text_of(saved.path) == saved.bytes);
}

TEST_CASE("a file that cannot be written leaves the old one") {
  Saved saved;
  CHECK(save_moments(saved.folder.path() / "no folder" / "m", saved.moments, {})
            .why()
            .find("expected to write") != std::string::npos);
  CHECK(save_moments(saved.path, saved.moments, {{"note", "\xff"}}).why().find("UTF-8") !=
        std::string::npos);
  CHECK(text_of(saved.path) == saved.bytes);
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(saved.folder.path())) {
    ++files;
  }
  CHECK(files == 1);
}

TEST_CASE("the file of version 1 that is kept for ever loads, with the numbers it was made of") {
  const auto path =
      std::filesystem::path(LIVECCA_SOURCE_DIR) / "tests/moments/files/version_1.safetensors";
  if (const char* folder = std::getenv("LIVECCA_WRITE_VERSION_1")) {
    // How the file was made; never again.
    Executor executor(1);
    REQUIRE(save_moments(folder, window_with_everything(executor), {{"made by", "a test"}}));
  }
  const auto [loaded, notes] = *load_moments(path);
  CHECK(notes == MomentsNotes{{"made by", "a test"}});
  Executor executor(1);
  const PanelMoments expected = window_with_everything(executor);
  CHECK(loaded.taps[0].moments->weights() == expected.taps[0].moments->weights());
  CHECK(loaded.blocks.size() == 5);
  CHECK(loaded.taps[0].moments->norm_sums()->pp ==
        doctest::Approx(expected.taps[0].moments->norm_sums()->pp).epsilon(1e-12));
  const auto product = livecca_tests::product_of(*expected.pairs[0].moments);
  CHECK((livecca_tests::product_of(*loaded.pairs[0].moments) - product).norm() <
        1e-12 * product.norm());
  CHECK(loaded.faults.at(0).message == "expected this, got that");
}
