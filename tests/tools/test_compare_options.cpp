#include "program.hpp"

using livecca_tests::ProgramFixture;
using livecca_tests::small_integers;

namespace {

class OptionsFixture : public ProgramFixture {
 public:
  OptionsFixture() { write("x.npy", small_integers({30, 2}, 1)); }

  void refuses_options(const std::vector<std::string>& options,
                       const std::vector<std::string>& words) const {
    std::vector<std::string> arguments{"compare", "@x.npy", "@x.npy"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    refuses(arguments, words);
  }
};

}  // namespace

TEST_CASE_FIXTURE(OptionsFixture, "wrong values are refused with what was expected and what came") {
  refuses_options({"--measures", "mean_cca,svca"}, {"--measures", "pwcca_y", "'svca'"});
  refuses_options({"--measures", ""}, {"--measures"});
  for (const char* value : {"0", "1.01", "-0.5", "nan", "inf", "99%", "", "1e-400"}) {
    refuses_options({"--keep-variance", value}, {"--keep-variance"});
  }
  for (const char* option : {"--batch", "--keep-directions", "--positions"}) {
    for (const char* value : {"0", "-1", "1.5", "ten", "99999999999999999999"}) {
      refuses_options({option, value}, {option});
    }
  }
  refuses_options({"--batch", "0"}, {"expected a number of 1 or more", "'0'"});
  refuses_options({"--measures", "pwcca,,svcca"}, {"--measures", "got ''"});
  refuses_options({"--layout", "hwc"},
                  {"--layout", "nc, ncl, nchw, nhwc, ncdhw, ntc or tnc", "'hwc'"});
  refuses_options({"--format", "xml"}, {"--format", "table or json", "'xml'"});
}

TEST_CASE_FIXTURE(OptionsFixture, "options that do not go together are refused") {
  refuses_options({"--keep-variance", "0.9", "--keep-directions", "3"},
                  {"--keep-variance", "--keep-directions"});
  refuses_options({"--positions", "3"}, {"--positions 3", "--layout nc"});
  CHECK(compare({"@x.npy", "@x.npy", "--positions", "all"})["samples"] == 30);
}

TEST_CASE_FIXTURE(OptionsFixture, "command lines that cannot be read are refused in one line") {
  refuses({}, {"subcommand"});
  refuses({"compere"}, {"livecca: "});
  refuses({"compare"}, {"INPUT", "expected two inputs"});
  refuses({"compare", "@x.npy"}, {"INPUT", "expected two inputs"});
  refuses_options({"--frobnicate"}, {"--frobnicate"});
  refuses_options({"--batch"}, {"--batch"});
  refuses_options({"--batch", "1", "--batch", "2"}, {"--batch"});
}

TEST_CASE_FIXTURE(OptionsFixture, "help and version go to stdout and exit 0") {
  const auto help = run({"compare", "--help"});
  CHECK(help.exit_code == 0);
  CHECK(help.err.empty());
  for (const char* word : {"--measures", "--keep-variance", "--keep-directions", "--layout",
                           "--positions", "--batch", "--format", "Examples:", "noise floor"}) {
    CAPTURE(word);
    CHECK(help.out.find(word) != std::string::npos);
  }
  CHECK(run({"--help"}).exit_code == 0);
  CHECK(run({"--version"}).out.starts_with("livecca "));
}
