#include <cmath>

#include "program.hpp"

using livecca_tests::check_same;
using livecca_tests::NpyArray;
using livecca_tests::Outcome;
using livecca_tests::ProgramFixture;
using livecca_tests::small_integers;
using livecca_tests::text_of;
using livecca_tests::write_text;
using nlohmann::json;

namespace {

constexpr std::uint64_t seed = 1931;
using Words = std::vector<std::string>;

NpyArray rows_of(const NpyArray& array, std::size_t first, std::size_t count) {
  const std::size_t width = array.shape[1];
  const auto begin = array.values.begin() + static_cast<std::ptrdiff_t>(first * width);
  return {{count, width}, {begin, begin + static_cast<std::ptrdiff_t>(count * width)}};
}

/// Two layers of 400 samples, whole and in two folders of halves, and the moments of each.
class StoredFixture : public ProgramFixture {
 public:
  StoredFixture() {
    MESSAGE("seed " << seed);
    const NpyArray x = small_integers({400, 8}, seed);
    const NpyArray y = small_integers({400, 6}, seed + 1, &x);
    write("x.npy", x);
    write("y.npy", y);
    for (const std::size_t half : {0U, 1U}) {
      const std::string folder = "half" + std::to_string(half);
      std::filesystem::create_directory(path(folder));
      write(folder + "/x.npy", rows_of(x, 200 * half, 200));
      write(folder + "/y.npy", rows_of(y, 200 * half, 200));
      save("@" + folder + "/x.npy", "@" + folder + "/y.npy", "@" + folder + ".moments");
    }
  }

  void save(const std::string& x, const std::string& y, const std::string& to,
            const Words& options = {}) const {
    compare(with({x, y, "--save-moments", to}, options));
  }

  static Words with(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  json solved(const std::string& file) const {
    const auto objects = json_lines({"solve", file});
    REQUIRE(objects.size() == 1);
    return objects.front();
  }

  /// Refused in one line, with the file of that name as it was and no other left behind.
  void refuses_and_keeps(const Words& arguments, const Words& words, const std::string& name,
                         const std::string& before = ":") const {
    const std::string old = text_of(path(name));
    refuses(arguments, words, before);
    CHECK(text_of(path(name)) == old);
    for (const auto& entry : std::filesystem::directory_iterator(path("."))) {
      CHECK(entry.path().extension() != ".tmp");
    }
  }
};

}  // namespace

TEST_CASE_FIXTURE(StoredFixture, "solve prints the bytes that compare printed") {
  const Words all{"--standard-errors", "5", "--precision", "fast", "--max-features", "3"};
  for (const Words& options : {Words{}, Words{"--standard-errors", "5"},
                               Words{"--precision", "fast"}, Words{"--max-features", "3"}, all}) {
    for (const char* format : {"table", "json"}) {
      for (const char* measures : {"mean_cca,pwcca,pwcca_y,svcca,linear_cka", "pwcca"}) {
        CAPTURE(options.size());
        CAPTURE(format);
        const Words result{"--format", format, "--measures", measures};
        const Words saving{"compare", "@x.npy", "@y.npy", "--save-moments", "@m"};
        const Outcome compared = run(with(with(saving, options), result));
        CAPTURE(compared.err);
        CHECK(compared.exit_code == 0);
        CHECK(compared.out.size() > 100);
        CHECK(run(with({"solve", "@m"}, result)).out == compared.out);
      }
    }
  }
}

TEST_CASE_FIXTURE(StoredFixture, "precision, errors and cut features are in the result") {
  const json plain = compare({"@x.npy", "@y.npy"});
  CHECK(plain["precision"] == "exact");
  CHECK_FALSE(plain.contains("standard_error"));
  CHECK_FALSE(plain.contains("features_of_taps"));
  const json fast = compare({"@x.npy", "@y.npy", "--precision", "fast"});
  CHECK(fast["precision"] == "fast");
  check_same(fast["similarity"], plain["similarity"], 1e-5);
  const json errors = compare({"@x.npy", "@y.npy", "--standard-errors", "10"});
  check_same(errors["similarity"], plain["similarity"], 1e-12);
  for (const char* name : {"mean_cca", "pwcca", "svcca", "linear_cka", "linear_cka_debiased"}) {
    CAPTURE(name);
    REQUIRE(errors["standard_error"][name].is_number());
    CHECK(errors["standard_error"][name] > 0);
    CHECK(errors["standard_error"][name] < 0.2);
  }
  const json cut = compare({"@x.npy", "@y.npy", "--max-features", "7"});
  CHECK(cut["features"] == json({7, 6}));
  CHECK(cut["features_of_taps"] == json({8, 6}));
}

TEST_CASE_FIXTURE(StoredFixture, "wrong values of the options of moments are refused") {
  const auto refuses_options = [&](const Words& options, const Words& words) {
    refuses(with({"compare", "@x.npy", "@y.npy"}, options), words);
  };
  refuses_options({"--precision", "rough"}, {"--precision", "exact or fast", "'rough'"});
  for (const char* value : {"0", "4", "-5", "ten", "5.5"}) {
    refuses_options({"--standard-errors", value}, {"--standard-errors", "5 or more"});
  }
  refuses_options({"--standard-errors", "401"}, {"400 images for 401 blocks"});
  for (const char* value : {"0", "-1", "many"}) {
    refuses_options({"--max-features", value}, {"--max-features", "1 or more"});
  }
  refuses_options({"--save-moments", ""}, {"--save-moments", "path"});
  refuses_options({"--save-moments", "@none/m"}, {"none", "folder"});
  refuses_options({"--save-moments", "@half0"}, {"half0", "folder"});
  refuses_options({"--save-moments", "@x.npy"}, {"x.npy", "another file than the input"});
}

TEST_CASE_FIXTURE(StoredFixture, "the moments of two halves merge into those of the whole") {
  const Outcome merged = run({"merge", "@sum", "@half0.moments", "@half1.moments"});
  CHECK(merged.exit_code == 0);
  CHECK(merged.out.empty());
  CHECK(merged.err.empty());
  const json whole = compare({"@x.npy", "@y.npy"});
  check_same(solved("@sum"), whole, 1e-11);
  CHECK(run({"solve", "@sum"}).out.find("and 1 more merged into it") != std::string::npos);
  // Into one of the inputs, as a sum that grows.
  std::filesystem::copy_file(path("half0.moments"), path("all"));
  CHECK(run({"merge", "@all", "@all", "@half1.moments"}).exit_code == 0);
  check_same(solved("@all"), whole, 1e-11);
}

TEST_CASE_FIXTURE(StoredFixture, "merged parts keep their errors, or say that there are none") {
  const Words five{"--standard-errors", "5"};
  save("@half0/x.npy", "@half0/y.npy", "@a", five);
  save("@half1/x.npy", "@half1/y.npy", "@b", five);
  CHECK(run({"merge", "@sum", "@a", "@b"}).err.empty());
  CHECK(solved("@sum")["standard_error"]["pwcca"].is_number());
  const Outcome mixed = run({"merge", "@mixed", "@a", "@half1.moments"});
  CHECK(mixed.exit_code == 0);
  CHECK(mixed.err.find("no standard errors") != std::string::npos);
  CHECK_FALSE(solved("@mixed").contains("standard_error"));
}

TEST_CASE_FIXTURE(StoredFixture, "merge refuses what would count twice or replace a file") {
  std::filesystem::copy_file(path("half0.moments"), path("copy"));
  const std::string old = "half0.moments";
  refuses({"merge", "@sum", "@half0.moments", "@half0.moments"}, {"same contents"});
  refuses({"merge", "@sum", "@half0.moments", "@half1.moments", "@copy"},
          {"copy", "half0.moments", "same contents"});
  refuses_and_keeps({"merge", "@half0.moments", "@half1.moments"}, {"two or more"}, old);
  refuses_and_keeps({"merge", "@half0.moments", "@half1.moments", "@copy"},
                    {"half0.moments", "one of the inputs"}, old);
  CHECK_FALSE(std::filesystem::exists(path("sum")));
}

TEST_CASE_FIXTURE(StoredFixture, "merge says that inputs were made from files of other names") {
  // Sides of one width: swapped, they merge without a fault.
  for (const char* half : {"half0/", "half1/"}) {
    write(half + std::string("z.npy"), small_integers({200, 6}, seed + 3));
  }
  save("@half0/y.npy", "@half0/z.npy", "@yz");
  save("@half1/z.npy", "@half1/y.npy", "@zy");
  save("@half1/z.npy", "@half1/z.npy", "@zz");
  const Outcome outcome = run({"merge", "@sum", "@yz", "@zy", "@zz"});
  CAPTURE(outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK(std::ranges::count(outcome.err, '\n') == 1);
  CHECK(outcome.err.find("zy: expected moments of y.npy and z.npy as in ") != std::string::npos);
  CHECK(outcome.err.find("got z.npy and y.npy; merged all the same") != std::string::npos);
  CHECK(solved("@sum")["samples"] == 600);
}

TEST_CASE_FIXTURE(StoredFixture, "files that are no moments, or damaged, are refused in one line") {
  refuses({"solve", "@missing"}, {"missing", "No such file"});
  refuses({"solve", "@half0"}, {"half0"});
  refuses({"solve", "@x.npy"}, {"x.npy", "expected"});
  const std::string whole = text_of(path("half0.moments"));
  write_text(path("short"), whole.substr(0, whole.size() - 9));
  std::string flipped = whole;
  flipped[flipped.size() - 20] ^= 1;
  write_text(path("flipped"), flipped);
  for (const char* bad : {"@missing", "@x.npy", "@short", "@flipped"}) {
    CAPTURE(bad);
    refuses({"solve", bad}, {std::string(bad).substr(1), "expected"});
    refuses_and_keeps({"merge", "@half0.moments", "@half0.moments", bad},
                      {std::string(bad).substr(1), "expected"}, "half0.moments");
  }
  refuses({"merge", "@none/sum", "@half0.moments", "@half1.moments"}, {"none", "folder"});
  refuses({"solve", "@half0.moments", "--measures", "svca"}, {"livecca solve", "'svca'"});
}

TEST_CASE_FIXTURE(StoredFixture, "moments of other layers do not merge, and OUT stays as it was") {
  write("narrow.npy", small_integers({200, 3}, seed + 2));
  save("@narrow.npy", "@half1/y.npy", "@narrow");
  refuses_and_keeps({"merge", "@half0.moments", "@half0.moments", "@narrow"},
                    {"expected a merge with 8 features", "got 3 features"}, "half0.moments");
}

TEST_CASE_FIXTURE(StoredFixture, "a limit on the size of files is a refusal in one line") {
  // 2,048 bytes, fewer than moments take; the result is printed before they are written.
  const std::string limit = "ulimit -f 4";
  const Outcome compared =
      run({"compare", "@x.npy", "@y.npy", "--save-moments", "@half0.moments"}, limit);
  CHECK(compared.exit_code == 2);
  CHECK(compared.err.find("half0.moments: expected to write, got: File too large") !=
        std::string::npos);
  CHECK(std::ranges::count(compared.err, '\n') == 1);
  refuses_and_keeps({"merge", "@half1.moments", "@half0.moments", "@half1.moments"},
                    {"half1.moments", "File too large"}, "half1.moments", limit);
}
