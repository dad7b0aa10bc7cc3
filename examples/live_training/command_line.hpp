#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace live_training {

struct Settings {
  std::filesystem::path data;  ///< CIFAR-10's folder; empty: made images
  std::filesystem::path
      reference;                 ///< load the reference from here, or save it here; empty: neither
  std::filesystem::path pack;    ///< compare with this recorded network; empty: with none
  std::filesystem::path record;  ///< record the trained network here; empty: not at all
  std::filesystem::path run;     ///< empty: runs/ and the time
  std::int64_t epochs = 8;
  std::int64_t images = 0;  ///< at most this many training images; 0: all
  std::int64_t probe = 2000;
  std::int64_t width = 32;
  double learning_rate = 0.01;
  std::uint64_t seed = 1;
  bool softmax = false;
  bool train_stream = false;    ///< watch minibatches of training too
  bool lockstep_train = false;  ///< and the reference on them
  double budget = 0;            ///< share of training time for that; 0: no limit
  bool tensorboard = true;      ///< write event files into the run folder
  int metrics_port = 0;         ///< where Prometheus finds the newest numbers; 0: nowhere

  /// Whether a reference network runs beside the trained one.
  bool has_reference() const { return pack.empty() || !reference.empty(); }
};

/// Reads the command line into `settings`. If the program should end at once (help was asked for,
/// or the line is wrong: the message is printed), returns the exit code.
std::optional<int> read_command_line(int argument_count, char** arguments, Settings& settings);

}  // namespace live_training
