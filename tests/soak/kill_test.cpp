#include "kill_test.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "child.hpp"
#include "events_compared.hpp"
#include "rows_compared.hpp"
#include "small_network.hpp"
#include "stage_board.hpp"
#include "support/file_text.hpp"
#include "training.hpp"

namespace livecca_soak {
namespace {

using livecca_tests::files_in;
using livecca_tests::text_of;
using std::chrono::duration;

const std::string board_file = "board";

/// Prints what differs; returns whether two folders hold the same files, byte for byte.
bool are_equal(const std::filesystem::path& expected, const std::filesystem::path& got) {
  const auto names = files_in(expected);
  const auto names_got = files_in(got);
  bool equal = names == names_got;
  if (!equal) {
    std::cout << "  the kept history differs: expected";
    for (const std::string& name : names) std::cout << ' ' << name;
    std::cout << ", got";
    for (const std::string& name : names_got) std::cout << ' ' << name;
    std::cout << '\n';
  }
  for (const std::string& name : names) {
    if (!std::filesystem::exists(got / name) || text_of(expected / name) == text_of(got / name)) {
      continue;
    }
    equal = false;
    std::cout << "  the kept history differs: expected the same bytes in " << name << '\n';
  }
  return equal;
}

/// How often the run says, in its last row of the overhead, that it was taken up again.
std::uint64_t resumes_in(const std::filesystem::path& rows) {
  std::ifstream file(rows);
  std::uint64_t resumes = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.find("\"what\":\"overhead\"") == std::string::npos) continue;
    resumes = nlohmann::json::parse(line).at("resumes").get<std::uint64_t>();
  }
  return resumes;
}

/// A moment to kill at: some time after a stage was entered so many times.
struct Moment {
  Stage stage = Stage::start_up;
  std::uint64_t entries = 0;
  duration<double> after{};
};

/// One way to train, killed and not.
class Variant {
 public:
  Variant(std::filesystem::path folder, const KillOptions& options, int round, int kills)
      : folder_(std::move(folder)),
        options_(options),
        variant_(options.variant.value_or(round % variant_count)),
        kills_(kills),
        random_(options.seed * 100 + static_cast<std::uint64_t>(round)) {}

  /// Fewer than asked for if it came to its end before.
  int times_killed() const { return killed_; }

  bool passes() {
    const auto begin = std::chrono::steady_clock::now();
    if (!run_straight() || !run_with_kills()) return false;
    const bool equal = is_equal();
    std::cout << "variant " << variant_ << ": " << killed_ << " kills (";
    const char* separator = "";
    for (const auto& [stage, count] : kills_in_) {
      std::cout << separator << count << " in " << name_of(stage);
      separator = ", ";
    }
    std::cout << "), " << with_checkpoint_ << " with a checkpoint, " << lines_ << " rows compared, "
              << duration<double>(std::chrono::steady_clock::now() - begin).count()
              << " s: " << (equal ? "equal" : "DIFFERENT") << std::endl;
    return equal;
  }

 private:
  std::filesystem::path straight() const { return folder_ / "straight"; }
  std::filesystem::path killed() const { return folder_ / "killed"; }

  std::vector<std::string> arguments(const std::filesystem::path& folder, bool resume) const {
    std::vector<std::string> words{"run",          folder.string(),
                                   "--steps",      std::to_string(options_.steps),
                                   "--seed",       std::to_string(options_.seed),
                                   "--variant",    std::to_string(variant_),
                                   "--synchronous"};
    if (resume) words.emplace_back("--resume");
    return words;
  }

  bool run_straight() {
    std::filesystem::create_directories(straight());
    std::filesystem::create_directories(killed());
    const StageBoard board(straight() / board_file);
    Child child(arguments(straight(), false));
    if (const int status = child.wait(); status != 0) {
      std::cout << "variant " << variant_ << ": the run that nobody kills ended with " << status
                << '\n';
      return false;
    }
    for (std::size_t i = 0; i < stage_count; ++i) {
      const auto stage = static_cast<Stage>(i);
      entries_[i] = board.entries(stage);
      seconds_[i] = board.mean_seconds(stage);
    }
    return true;
  }

  bool run_with_kills() {
    StageBoard board(killed() / board_file);
    for (;;) {
      board.clear();
      Child child(arguments(killed(), true));
      if (killed_ < kills_ && waits_for(next_moment(), board, child) && child.kill()) {
        ++killed_;
        ++kills_in_[board.stage()];
        if (has_checkpoint()) ++with_checkpoint_;
        continue;
      }
      const int status = child.wait();
      if (status == 0) return true;
      std::cout << "variant " << variant_ << ": after " << killed_ << " kills the run ended with "
                << status << '\n';
      return false;
    }
  }

  Moment next_moment() {
    // The last one at the very end, where nothing but the final curves is left to do.
    if (kills_ > 1 && killed_ == kills_ - 1) return moment_in(Stage::finish, 1);
    // Start-up comes last of these, so that there is something to resume when it is killed.
    constexpr std::array stages{Stage::checkpoint, Stage::snapshot, Stage::training, Stage::probe,
                                Stage::start_up};
    const std::size_t begin = static_cast<std::size_t>(variant_) % (stages.size() - 1);
    const Stage stage = stages[(begin + static_cast<std::size_t>(killed_)) % stages.size()];
    if (stage == Stage::start_up) return moment_in(stage, random_() % 2);
    // Not so late that too few would be left for the other kills.
    const std::uint64_t share =
        entries_[static_cast<std::size_t>(stage)] / static_cast<std::uint64_t>(kills_ + 1);
    return moment_in(stage, 1 + random_() % std::max<std::uint64_t>(1, share));
  }

  Moment moment_in(Stage stage, std::uint64_t entries) {
    const double length = seconds_[static_cast<std::size_t>(stage)];
    // Less than it lasts, as this process wakes up late; and a training that is resumed has no
    // reference to record.
    const double most = stage == Stage::start_up ? 0.1 : 0.7;
    return {stage, entries, duration<double>(most * uniform(random_) * length)};
  }

  bool has_checkpoint() const {
    return std::filesystem::exists(killed() / "checkpoints" / "latest");
  }

  /// Entries count from the first checkpoint on. False if the child ended before.
  bool waits_for(const Moment& moment, const StageBoard& board, Child& child) const {
    const auto comes = [&](const auto& condition) {
      while (!condition()) {
        if (child.has_ended()) return false;
        std::this_thread::sleep_for(std::chrono::microseconds(20));
      }
      return true;
    };
    std::uint64_t entries = moment.entries;
    if (!has_checkpoint()) {
      if (!comes([&] { return has_checkpoint(); })) return false;
      entries += board.entries(moment.stage);
    }
    if (!comes([&] { return board.entries(moment.stage) >= entries; })) return false;
    std::this_thread::sleep_for(moment.after);
    return !child.has_ended();
  }

  bool is_equal() {
    const auto rows = killed() / "run" / "rows.jsonl";
    const std::size_t differences =
        count_differences(straight() / "run" / "rows.jsonl", rows, std::cout, lines_);
    if (differences > 0) std::cout << "  " << differences << " rows differ\n";
    const bool same_weights = text_of(straight() / "weights") == text_of(killed() / "weights");
    if (!same_weights) std::cout << "  the weights differ\n";
    const bool same_history =
        are_equal(straight() / "run" / "history", killed() / "run" / "history");
    const bool same_events = variant_ != variant_with_threads ||
                             shows_the_same(straight() / "run", killed() / "run", std::cout);
    // A training that began anew after every kill would be equal too.
    const bool was_resumed = with_checkpoint_ > 0 && resumes_in(rows) > 0;
    if (!was_resumed) {
      std::cout << "  expected a training that went on from a checkpoint, got " << with_checkpoint_
                << " kills with one and a run that says " << resumes_in(rows) << " resumes\n";
    }
    return differences == 0 && lines_ > 0 && same_weights && same_history && same_events &&
           was_resumed;
  }

  std::filesystem::path folder_;
  KillOptions options_;
  int variant_;
  int kills_;
  Random random_;
  std::array<std::uint64_t, stage_count> entries_{};
  std::array<double, stage_count> seconds_{};
  int killed_ = 0;
  int with_checkpoint_ = 0;  ///< kills after which there was one to go on from
  std::map<Stage, int> kills_in_;
  std::size_t lines_ = 0;
};

}  // namespace

bool survives_kills(const std::filesystem::path& folder, const KillOptions& options) {
  std::filesystem::remove_all(folder);
  bool passed = true;
  int left = options.kills;
  // A training that came to its end too soon leaves its kills to others.
  constexpr int most_rounds = 5 * variant_count;
  for (int round = 0; round < most_rounds && left > 0; ++round) {
    const int variants_left = options.variant ? 1 : std::max(1, variant_count - round);
    const int kills = std::max(1, left / variants_left);
    Variant variant(folder / std::to_string(round), options, round, kills);
    passed &= variant.passes();
    left -= variant.times_killed();
  }
  std::cout << options.kills - left << " kills in all" << std::endl;
  return passed && left == 0;
}

}  // namespace livecca_soak
