// Stands for a training: feeds a PrometheusSink with rows that are made up, for a while.
// prometheus_feed [--port 9464] [--seconds 60] [--layers 8] [--snapshots 5 (a second)]

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "livecca/common/error.hpp"
#include "livecca/sinks/prometheus.hpp"
#include "made_up_rows.hpp"

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

struct Settings {
  int port = 9464;
  int seconds = 60;
  int layers = 8;
  int snapshots = 5;
};

bool read(int count, char** words, Settings& settings) {
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string name = words[i];
    const int value = std::atoi(words[i + 1]);
    if (name == "--port") {
      settings.port = value;
    } else if (name == "--seconds") {
      settings.seconds = value;
    } else if (name == "--layers") {
      settings.layers = value;
    } else if (name == "--snapshots" && value > 0) {
      settings.snapshots = value;
    } else {
      return false;
    }
  }
  return count % 2 == 1;
}

void feed(livecca::PrometheusSink& sink, const Settings& settings) {
  std::vector<std::string> layers;
  for (int i = 0; i < settings.layers; ++i) layers.push_back("conv" + std::to_string(i + 1));
  for (const std::string& name : livecca_tests::awkward_names()) layers.push_back(name);
  sink.open({.name = "made-up \"run\"", .folder = ""});
  std::cout << "http://127.0.0.1:" << sink.port() << "/metrics" << std::endl;
  sink.run(livecca_tests::run_row("net"), {.wall_time = now()});
  sink.event(livecca_tests::event_of("nonfinite", "net/conv1"), {.wall_time = now()});
  for (int i = 0; i < settings.seconds * settings.snapshots; ++i) {
    const livecca::RowStamp stamp{.wall_time = now(), .step = static_cast<std::uint64_t>(i)};
    sink.snapshot(livecca_tests::snapshot_rows(i, layers), stamp);
    sink.log({.epoch = i, .name = "loss", .value = 1.0 / (i + 1)}, stamp);
    std::this_thread::sleep_for(std::chrono::milliseconds(1000 / settings.snapshots));
  }
  sink.close();
}

}  // namespace

int main(int count, char** words) {
  Settings settings;
  if (!read(count, words, settings)) {
    std::cerr
        << "prometheus_feed: expected --port, --seconds, --layers or --snapshots and a number\n";
    return 2;
  }
  try {
    livecca::PrometheusSink sink({.port = settings.port});
    feed(sink, settings);
  } catch (const livecca::Error& error) {
    std::cerr << "prometheus_feed: " << error.what() << '\n';
    return 1;
  }
}
