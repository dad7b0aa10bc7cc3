#include <ATen/Parallel.h>
#include <livecca/common/error.hpp>
#include <livecca/sinks/prometheus.hpp>
#include <livecca/sinks/tensorboard.hpp>

#include <cstdlib>
#include <ctime>
#include <iostream>
#include <memory>
#include <thread>
#include <utility>

#include "cifar10.hpp"
#include "command_line.hpp"
#include "quiet_waiting.hpp"
#include "text_table.hpp"
#include "watched_training.hpp"

namespace {

using namespace live_training;

std::filesystem::path default_run_directory() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char name[32];
  std::strftime(name, sizeof name, "%Y-%m-%d_%H-%M-%S", &local);
  return std::filesystem::path("runs") / name;
}

livecca::MonitorOptions monitor_options(const Settings& settings) {
  livecca::MonitorOptions options;
  options.run_directory = settings.run.empty() ? default_run_directory() : settings.run;
  options.network = trained_name;
  options.notes = {{"data", settings.data.empty() ? "made images" : settings.data.string()},
                   {"epochs", std::to_string(settings.epochs)},
                   {"learning_rate", std::to_string(settings.learning_rate)},
                   {"seed", std::to_string(settings.seed)},
                   {"width", std::to_string(settings.width)}};
  // Where the budget chooses, it chooses among all steps.
  if (settings.budget > 0) options.train_schedule = livecca::Schedule::every_steps(1);
  options.overhead_budget = settings.budget;
  if (settings.tensorboard) options.sinks.push_back(livecca::tensorboard_sink());
  if (settings.metrics_port > 0) {
    livecca::PrometheusOptions prometheus;
    prometheus.port = settings.metrics_port;
    options.sinks.push_back(std::make_shared<livecca::PrometheusSink>(prometheus));
    std::cout << "For Prometheus: http://" << prometheus.address << ':' << prometheus.port
              << "/metrics\n";
  }
  options.on_event = [](const livecca::Event& event) {
    std::cerr << "livecca: epoch " << event.epoch << ": " << event.what << ": " << event.subject
              << ": " << event.message << '\n';
  };
  return options;
}

/// Returns the exit code.
int run(const Settings& settings) {
  const Session session = make_session(settings);
  Network reference = nullptr;
  if (settings.has_reference()) reference = loaded_reference(session);
  // Before the long work: a run folder or a pack that cannot be used should not cost a training.
  livecca::Monitor monitor(monitor_options(settings));
  if (!settings.pack.empty() && !monitor.add_reference(pack_name, settings.pack)) return 2;
  if (settings.has_reference()) reference = reference_of(session, std::move(reference));
  WatchedTraining watched(session, monitor, std::move(reference));
  const double test_accuracy = watched.run();
  watched.print_curves();
  std::cout << "\nTest accuracy: " << percent(test_accuracy) << '\n';
  const bool is_recorded = watched.record();
  if (settings.tensorboard) {
    std::cout << "TensorBoard: tensorboard --logdir "
              << (monitor.run_directory() / "tensorboard").string() << '\n';
  }
  std::cout << "Run folder: " << monitor.run_directory().string() << '\n';
  return is_recorded ? 0 : 2;
}

}  // namespace

int main(int argument_count, char** arguments) {
  start_again_without_spinning(arguments);
  Settings settings;
  if (const auto code = read_command_line(argument_count, arguments, settings)) return *code;
  // LibTorch counts some virtual cores as one; a choice of the user's comes first.
  if (std::getenv("OMP_NUM_THREADS") == nullptr) {
    at::set_num_threads(static_cast<int>(std::thread::hardware_concurrency()));
  }
  try {
    return run(settings);
  } catch (const DataError& problem) {
    std::cerr << "live_training: " << problem.what() << '\n';
  } catch (const NetworkFileError& problem) {
    std::cerr << "live_training: " << problem.what() << '\n';
  } catch (const livecca::Error& problem) {
    std::cerr << "live_training: " << problem.what() << '\n';
  } catch (const std::exception& problem) {
    std::cerr << "live_training: " << problem.what() << '\n';
    return 1;
  }
  return 2;
}
