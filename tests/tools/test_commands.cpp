#include <set>

#include "commands/command.hpp"
#include "program.hpp"

// The commands as a front end other than the program's finds them.

using namespace livecca_tests;
using livecca::tool::Command;
using livecca::tool::Option;
using livecca::tool::UsageError;
using livecca::tool::ValueCount;

namespace {

Command command_named(const std::string& name) {
  for (const Command& command : livecca::tool::commands()) {
    if (command.name == name) return command;
  }
  throw std::runtime_error("expected a command, got " + name);
}

void take(const Command& command, const std::string& name, const std::vector<std::string>& values) {
  const auto option = std::ranges::find(command.options, name, &Option::name);
  REQUIRE(option != command.options.end());
  option->take(values);
}

}  // namespace

TEST_CASE("a front end can declare every option to its parser") {
  for (const Command& command : livecca::tool::commands()) {
    CAPTURE(command.name);
    CHECK_FALSE(command.summary.empty());
    CHECK_FALSE(command.details.empty());
    std::set<std::string> earlier;
    bool takes_rest = false;  // a positional that takes what follows leaves nothing to another
    for (const Option& option : command.options) {
      CAPTURE(option.name);
      CHECK_FALSE(option.help.empty());
      CHECK(static_cast<bool>(option.take));
      const bool has_value_name = !option.is_positional() && option.values != ValueCount::none;
      CHECK(has_value_name == !option.value_name.empty());
      CHECK((option.excludes.empty() || earlier.contains(option.excludes)));
      CHECK(earlier.insert(option.name).second);
      if (!option.is_positional()) continue;
      CHECK(option.values != ValueCount::none);
      CHECK_FALSE(takes_rest);
      takes_rest = option.values == ValueCount::many;
    }
  }
}

TEST_CASE_FIXTURE(ProgramFixture, "the program's help has every command and option") {
  const std::string all = run({"--help"}).out;
  for (const Command& command : livecca::tool::commands()) {
    CAPTURE(command.name);
    CHECK(all.find("  " + command.name + " ") != std::string::npos);
    CHECK(all.find(command.summary) != std::string::npos);
    const std::string help = run({command.name, "--help"}).out;
    CHECK(help.find(command.details) != std::string::npos);
    for (const Option& option : command.options) {
      CAPTURE(option.name);
      CHECK(help.find("  " + option.name + " ") != std::string::npos);
    }
  }
}

TEST_CASE_FIXTURE(ProgramFixture, "a command that is run without a process prints the same") {
  write("x.npy", small_integers({60, 3}, 1));
  write("y.npy", small_integers({60, 4}, 2));
  const Command command = command_named("compare");
  take(command, "INPUT", {path("x.npy"), path("y.npy")});
  take(command, "--measures", {"svcca", "pwcca,mean_cca"});
  take(command, "--keep-directions", {"2"});
  command.check();
  std::ostringstream out;
  std::ostringstream err;
  CHECK(livecca::tool::run_command(command, out, err) == 0);
  CHECK(err.str().empty());
  const Outcome outcome = run({"compare", "@x.npy", "@y.npy", "--measures", "svcca,pwcca",
                               "--measures", "mean_cca", "--keep-directions", "2"});
  CHECK(outcome.exit_code == 0);
  CHECK(out.str() == outcome.out);
  // What one command took, another of the same name knows nothing of.
  CHECK_THROWS_AS(command_named("compare").check(), UsageError);
}

TEST_CASE_FIXTURE(ProgramFixture, "without a process, what is wrong is the program's line too") {
  const Command command = command_named("compare");
  std::ostringstream refused;
  try {
    take(command, "--layout", {"hwc\n"});
    FAIL("expected an error");
  } catch (const UsageError& error) {
    CHECK(livecca::tool::refuse(called(command), error.what(), refused) == 2);
  }
  CHECK(refused.str() == run({"compare", "a", "b", "--layout", "hwc\n"}).err);

  take(command, "INPUT", {"not\x1b there.npy", "b.npy"});
  command.check();
  std::ostringstream out;
  std::ostringstream failed;
  CHECK(livecca::tool::run_command(command, out, failed) == 2);
  CHECK(out.str().empty());
  CHECK(failed.str() == run({"compare", "not\x1b there.npy", "b.npy"}).err);
}
