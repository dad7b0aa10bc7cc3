#include "command_line.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

namespace live_training {

namespace {

void add_training(CLI::App& app, Settings& settings) {
  app.add_option(
      "--data", settings.data,
      "folder with CIFAR-10's binary files; without it the program makes its own images");
  app.add_option("--epochs", settings.epochs, "epochs of training, for both networks")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  app.add_option("--reference", settings.reference,
                 "file of the reference network: loaded if it exists, else written after training");
  app.add_option("--seed", settings.seed,
                 "seed of the trained network; the reference uses seed + 1")
      ->capture_default_str();
  app.add_option("--run", settings.run, "new folder for the run's results [runs/<time>]");
  app.add_option("--width", settings.width,
                 "channels of the first two convolutions; the others have twice as many")
      ->check(CLI::Range(2, 1024))
      ->capture_default_str();
  app.add_option("--learning-rate", settings.learning_rate,
                 "at the start; falls to 0 along a cosine")
      ->check(CLI::Range(1e-9, 1e3))
      ->capture_default_str();
  app.add_option("--probe", settings.probe, "most test images to compare layers on")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  app.add_option("--images", settings.images,
                 "most training images [all; 4000 if the program makes them]")
      ->check(CLI::Range(2, 10000000));
}

void add_watching(CLI::App& app, Settings& settings) {
  app.add_option("--pack", settings.pack,
                 "compare with a recorded network (see --record) on the same probe; no reference "
                 "is then trained, unless --reference is given too")
      ->check(CLI::ExistingFile);
  app.add_option("--record", settings.record,
                 "record the trained network on the probe into this file, for --pack");
  app.add_flag("--train-stream", settings.train_stream,
               "watch the minibatches of training too, every 10th");
  app.add_flag("--lockstep-train", settings.lockstep_train,
               "with --train-stream: run the reference on those minibatches too");
  app.add_option("--budget", settings.budget,
                 "with --train-stream: the share of training time that watching may take; any "
                 "step may then be watched [0: no limit]")
      ->check(CLI::Range(0.0, 1.0));
  app.add_flag("--softmax", settings.softmax, "watch the class probabilities too");
}

void add_dashboards(CLI::App& app, Settings& settings) {
  app.add_flag_callback(
      "--no-tensorboard", [&settings] { settings.tensorboard = false; },
      "write no TensorBoard event files into the run folder");
  app.add_option("--prometheus", settings.metrics_port,
                 "port of 127.0.0.1 where Prometheus finds the newest numbers [none]")
      ->check(CLI::Range(1, 65535));
}

/// What is wrong with options that are right alone; empty if nothing is.
std::string fault_of(const Settings& settings) {
  if (!settings.train_stream && (settings.lockstep_train || settings.budget > 0)) {
    return "expected --train-stream with --lockstep-train and --budget";
  }
  if (settings.lockstep_train && !settings.has_reference()) {
    return "expected a --reference with --lockstep-train, got a --pack alone";
  }
  return {};
}

}  // namespace

std::optional<int> read_command_line(int argument_count, char** arguments, Settings& settings) {
  CLI::App app(
      "Trains a small convolutional network and shows, while it trains, how far each layer is from "
      "a reference network of another seed, from its own start and, at the end, from its final "
      "state.");
  add_training(app, settings);
  add_watching(app, settings);
  add_dashboards(app, settings);
  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::ParseError& end) {
    return app.exit(end) == 0 ? 0 : 2;
  }
  const std::string fault = fault_of(settings);
  if (fault.empty()) return std::nullopt;
  std::cerr << "live_training: " << fault << '\n';
  return 2;
}

}  // namespace live_training
