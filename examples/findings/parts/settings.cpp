#include "settings.hpp"

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>

namespace findings {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void add_options(CLI::App& app, bool takes_data, Settings& settings) {
  app.add_option("--run", settings.run,
                 "folder for the results: a new one, or one of a run that was interrupted")
      ->required();
  app.add_option("--scale", settings.scale,
                 "tiny: seconds, for tests; small: minutes; more: small with one change, of some "
                 "findings; paper: the sizes of the paper")
      ->check(CLI::IsMember({"tiny", "small", "more", "paper"}))
      ->capture_default_str();
  app.add_option("--seed", settings.seed)->capture_default_str();
  if (takes_data) {
    app.add_option("--data", settings.data,
                   "folder with CIFAR-10's binary files, or for language models with the texts of "
                   "WikiText-2 or Penn Treebank; without it the program makes its data");
  }
}

}  // namespace

int run_program(int argument_count, char** arguments, const Finding& finding) {
  Settings settings;
  CLI::App app{finding.about};
  add_options(app, finding.takes_data, settings);
  try {
    app.parse(argument_count, arguments);
    finding.run(settings);
    return 0;
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem);
  } catch (const std::exception& problem) {
    std::cerr << finding.name << ": " << problem.what() << '\n';
    return 2;
  }
}

Notes notes_of(const Settings& settings, const std::string& finding, const std::string& data,
               std::uint64_t seed) {
  return {{"finding", finding},
          {"data", data},
          {"scale", settings.scale},
          {"seed", std::to_string(seed)}};
}

Progress::Progress(double steps) : steps_(steps), begin_(now()) {}

Progress::~Progress() { std::fprintf(stderr, "\n"); }

void Progress::done(const std::string& what, double steps) {
  const double left = seconds() / steps * (steps_ - steps);
  std::fprintf(stderr, "\r%-50s %3.0f %%, %5.0f s left ", what.c_str(), 100 * steps / steps_, left);
}

double Progress::seconds() const { return now() - begin_; }

}  // namespace findings
