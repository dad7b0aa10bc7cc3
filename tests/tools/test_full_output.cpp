#include "program.hpp"
#include "run_file.hpp"

using namespace livecca_tests;

// A stdout that is full, as a disk is: what was printed is lost, so the exit status has to say it.

TEST_CASE_FIXTURE(ProgramFixture, "every command that prints notices that stdout is full") {
  write("x.npy", small_integers({120, 4}, 1));
  write("y.npy", small_integers({120, 4}, 2));
  write("a.safetensors",
        {{"fc", small_integers({120, 4}, 1)}, {"out", small_integers({120, 3}, 2)}});
  RunFile run_file;
  run_file.begin();
  run_file.add(measure_row(0, "conv1", 0.5));
  run_file.add_event(0, "finished");
  const std::string run = run_file.folder();
  REQUIRE(this->run({"compare", "@x.npy", "@y.npy", "--save-moments", "@kept"}).exit_code == 0);
  const std::vector<std::vector<std::string>> commands{
      {"compare", "@x.npy", "@y.npy"},
      {"compare", "@x.npy", "@y.npy", "--format", "json"},
      {"compare", "@a.safetensors", "@a.safetensors"},
      {"compare", "@a.safetensors", "@a.safetensors", "--all-layers"},
      {"compare", "@x.npy", "@y.npy", "@x.npy"},
      {"solve", "@kept"},
      {"show", run},
      {"show", run, "--follow"},
      {"export", run},
      {"--help"},
      {"compare", "--help"},
      {"--version"}};
  for (const auto& command : commands) {
    CAPTURE(command);
    CHECK(this->run(command).exit_code == 0);
    const Outcome outcome = run_into("/dev/full", command);
    CHECK(outcome.exit_code == 2);
    CHECK(std::ranges::count(outcome.err, '\n') == 1);
    CHECK(outcome.err.find("expected to write the result to stdout") != std::string::npos);
  }
}
