// livecca_soak run FOLDER [--resume] [--synchronous] [--steps N] [--seed N] [--variant N]
//     trains in a folder to the end
// livecca_soak kill FOLDER [--kills N] [--steps N] [--seed N] [--variant N]
//     trains, killed again and again, and compares with a training that was not; in all variants,
//     or in one
// livecca_soak memory FOLDER [--steps N] [--seed N]
//     trains for long, and looks at what memory it takes
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

#include "kill_test.hpp"
#include "memory_test.hpp"
#include "training.hpp"

namespace livecca_soak {
namespace {

/// "--name value" and "--name".
class Arguments {
 public:
  Arguments(int count, char** words) {
    if (count < 3)
      throw std::runtime_error("expected: livecca_soak run|kill|memory FOLDER [options]");
    mode = words[1];
    folder = words[2];
    for (int i = 3; i < count; ++i) {
      const std::string name = words[i];
      const bool is_flag = name == "--resume" || name == "--synchronous";
      if (!is_flag && i + 1 == count)
        throw std::runtime_error(name + ": expected a number after it");
      values_[name] = is_flag ? "1" : words[++i];
    }
  }

  template <typename Number>
  Number take(const std::string& name, Number otherwise) {
    const auto value = values_.extract(name);
    return value.empty() ? otherwise : static_cast<Number>(std::stoull(value.mapped()));
  }
  void expect_none_left() const {
    if (!values_.empty()) throw std::runtime_error(values_.begin()->first + ": not known");
  }

  std::string mode;
  std::filesystem::path folder;

 private:
  std::map<std::string, std::string> values_;
};

int run(const std::filesystem::path& folder, const TrainingOptions& options) {
  std::filesystem::create_directories(folder);
  std::filesystem::current_path(folder);
  StageBoard board("board");
  board.enter(Stage::start_up);
  Training training(options, board);
  while (training.steps() < options.steps) training.step();
  training.finish();
  return EXIT_SUCCESS;
}

int main_of(int count, char** words) {
  Arguments arguments(count, words);
  const auto seed = arguments.take<std::uint64_t>("--seed", 1);
  bool passed = false;
  if (arguments.mode == "run") {
    TrainingOptions options{.seed = seed, .synchronous = false};
    options.steps = arguments.take("--steps", options.steps);
    options.variant = arguments.take("--variant", options.variant);
    options.resume = arguments.take("--resume", false);
    options.synchronous = arguments.take("--synchronous", false);
    arguments.expect_none_left();
    return run(arguments.folder, options);
  }
  if (arguments.mode == "kill") {
    KillOptions options{.seed = seed};
    options.steps = arguments.take("--steps", options.steps);
    options.kills = arguments.take("--kills", options.kills);
    if (const int variant = arguments.take("--variant", -1); variant >= 0)
      options.variant = variant;
    arguments.expect_none_left();
    passed = survives_kills(arguments.folder, options);
  } else if (arguments.mode == "memory") {
    MemoryOptions options{.seed = seed};
    options.steps = arguments.take("--steps", options.steps);
    arguments.expect_none_left();
    passed = keeps_its_memory(arguments.folder, options);
  } else {
    throw std::runtime_error("expected run, kill or memory, got " + arguments.mode);
  }
  return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace livecca_soak

int main(int count, char** words) {
  try {
    return livecca_soak::main_of(count, words);
  } catch (const std::exception& failure) {
    std::cerr << "livecca_soak: " << failure.what() << '\n';
    return 2;
  }
}
