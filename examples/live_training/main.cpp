#include <unistd.h>

#include <ATen/Parallel.h>
#include <livecca/common/error.hpp>

#include <cstdlib>
#include <ctime>
#include <deque>
#include <iostream>
#include <thread>
#include <utility>

#include "cifar10.hpp"
#include "command_line.hpp"
#include "probe.hpp"
#include "report.hpp"
#include "synthetic_images.hpp"
#include "text_table.hpp"

namespace {

using namespace live_training;

constexpr std::size_t made_train_images = 4000;
constexpr std::size_t made_test_images = 2000;
constexpr std::uint64_t made_images_seed = 2018;

bool is_terminal() { return isatty(STDOUT_FILENO) != 0; }

std::filesystem::path default_run_directory() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char name[32];
  std::strftime(name, sizeof name, "%Y-%m-%d_%H-%M-%S", &local);
  return std::filesystem::path("runs") / name;
}

Dataset read_data(const Settings& settings) {
  Dataset data;
  if (settings.data.empty()) {
    const std::size_t count =
        settings.images > 0 ? static_cast<std::size_t>(settings.images) : made_train_images;
    data = make_synthetic_dataset(count, made_test_images, made_images_seed);
  } else {
    data = read_cifar10(settings.data);
    if (settings.images > 0) data.train.keep_first(static_cast<std::size_t>(settings.images));
  }
  std::cout << "Data: " << data.train.size() << " training and " << data.test.size()
            << " test images, "
            << (settings.data.empty() ? "made here: lines and ripples whose relation is the class, "
                                        "which no linear model can tell"
                                      : "CIFAR-10 from " + settings.data.string())
            << '\n';
  return data;
}

/// Everything that the two trainings share.
struct Session {
  const Settings& settings;
  NetworkOptions network;
  TrainingOptions training;
  TensorSet train;
  TensorSet test;
};

Session make_session(const Settings& settings, const Dataset& data) {
  Session session{settings, {}, {}, to_tensors(data.train), to_tensors(data.test)};
  session.network.width = settings.width;
  session.network.tap_softmax = settings.softmax;
  session.training.epochs = settings.epochs;
  session.training.learning_rate = settings.learning_rate;
  session.training.mirror = data.mirror_symmetric;
  session.training.seed = settings.seed;
  return session;
}

std::string epoch_label(const char* network, std::int64_t epoch, std::int64_t epochs) {
  const std::string last = std::to_string(epochs);
  const std::string number = std::to_string(epoch);
  return std::string(network) + " epoch " + std::string(last.size() - number.size(), ' ') + number +
         "/" + last;
}

Network train_reference(const Session& session) {
  TrainingOptions options = session.training;
  options.seed = session.settings.seed + 1;
  Trainer trainer(session.network, options, session.train);
  for (std::int64_t epoch = 1; epoch <= options.epochs; ++epoch) {
    ProgressBar bar(std::cout, is_terminal(), epoch_label(reference_name, epoch, options.epochs));
    trainer.train_epoch(
        [&](std::size_t done, std::size_t total, double loss) { bar.update(done, total, loss); });
  }
  return trainer.network();
}

/// The reference from its file, or null if it has to be trained. Throws NetworkFileError, before
/// any work is done, where it can be neither read nor written later.
Network loaded_reference(const Session& session) {
  const std::filesystem::path& file = session.settings.reference;
  if (file.empty()) return nullptr;
  if (std::filesystem::exists(file)) return load(file, session.network);
  const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
  if (::access(folder.c_str(), W_OK) != 0) {
    throw NetworkFileError("cannot write " + file.string() + ": expected a folder to write into");
  }
  return nullptr;
}

Network reference_of(const Session& session, Network reference) {
  const std::filesystem::path& file = session.settings.reference;
  const bool exists = !reference.is_empty();
  std::cout << (exists ? "\nReference: loaded from " + file.string() + "\n"
                       : "\nReference: the same network from another seed, trained first\n");
  if (!exists) reference = train_reference(session);
  if (!file.empty() && !exists) {
    save(reference, file);
    std::cout << "Reference saved to " << file.string() << '\n';
  }
  std::cout << "Reference: test accuracy " << percent(accuracy(reference, session.test)) << '\n';
  return reference;
}

/// Trains the network and shows the tables of its snapshots as they get ready.
class WatchedTraining {
 public:
  WatchedTraining(const Session& session, livecca::Monitor& monitor, Network reference)
      : session_(session),
        monitor_(monitor),
        reference_(std::move(reference)),
        trainer_(session.network, session.training, session.train),
        probe_(session.test, session.settings.probe),
        layers_(layer_names(session.network)) {}

  /// Returns the test accuracy.
  double run() {
    std::cout << "\nNetwork: trained from seed " << session_.settings.seed << ", watched\n";
    print_how_to_read(std::cout);
    snapshot(
        {0, session_.training.epochs, std::nullopt, accuracy(trainer_.network(), session_.test)});
    double test_accuracy = 0.0;
    for (std::int64_t epoch = 1; epoch <= session_.training.epochs; ++epoch) {
      const double loss = train_epoch(epoch);
      test_accuracy = accuracy(trainer_.network(), session_.test);
      monitor_.log(epoch, "loss", loss);
      monitor_.log(epoch, "test_accuracy", test_accuracy);
      snapshot({epoch, session_.training.epochs, loss, test_accuracy});
    }
    while (!pending_.empty()) print_oldest();
    return test_accuracy;
  }

  void print_curves() { print_final_curves(std::cout, layers_, monitor_.finish()); }

 private:
  struct Pending {
    EpochFacts facts;
    livecca::SnapshotTicket ticket;
  };

  double train_epoch(std::int64_t epoch) {
    ProgressBar bar(std::cout, is_terminal(),
                    epoch_label(trained_name, epoch, session_.training.epochs));
    return trainer_.train_epoch([&](std::size_t done, std::size_t total, double loss) {
      if (!pending_.empty() && pending_.front().ticket.ready()) {
        bar.clear();
        print_oldest();
        std::cout << '\n';
      }
      bar.update(done, total, loss);
    });
  }

  void snapshot(EpochFacts facts) {
    facts.probe_images = probe_.size();
    facts.probe_seconds = probe_.run(monitor_, facts.epoch, trainer_.network(), reference_);
    pending_.push_back({facts, monitor_.snapshot(facts.epoch)});
  }

  void print_oldest() {
    print_epoch_table(std::cout, layers_, pending_.front().facts, pending_.front().ticket.wait());
    std::cout.flush();
    pending_.pop_front();
  }

  const Session& session_;
  livecca::Monitor& monitor_;
  Network reference_;
  Trainer trainer_;
  Probe probe_;
  std::vector<std::string> layers_;
  std::deque<Pending> pending_;
};

livecca::MonitorOptions monitor_options(const Settings& settings) {
  livecca::MonitorOptions options;
  options.run_directory = settings.run.empty() ? default_run_directory() : settings.run;
  options.network = trained_name;
  options.notes = {{"data", settings.data.empty() ? "made images" : settings.data.string()},
                   {"epochs", std::to_string(settings.epochs)},
                   {"learning_rate", std::to_string(settings.learning_rate)},
                   {"seed", std::to_string(settings.seed)},
                   {"width", std::to_string(settings.width)}};
  options.on_event = [](const livecca::Event& event) {
    std::cerr << "livecca: epoch " << event.epoch << ": " << event.what << ": " << event.subject
              << ": " << event.message << '\n';
  };
  return options;
}

void run(const Settings& settings) {
  const Session session = make_session(settings, read_data(settings));
  Network reference = loaded_reference(session);
  // Before the long work: a run folder that cannot be used should not cost a training.
  livecca::Monitor monitor(monitor_options(settings));
  WatchedTraining watched(session, monitor, reference_of(session, std::move(reference)));
  const double test_accuracy = watched.run();
  watched.print_curves();
  std::cout << "\nTest accuracy: " << percent(test_accuracy) << '\n'
            << "Run folder: " << monitor.run_directory().string() << '\n';
}

/// By default OpenMP's threads spin while they wait for each other. With anything else running on
/// the cores (a compiler, livecca's own solves) that makes training ten times slower. OpenMP reads
/// its policy when it is loaded, so the program starts itself again with the policy set.
void start_again_without_spinning(char** arguments) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  setenv("OMP_WAIT_POLICY", "passive", 1);
  execv("/proc/self/exe", arguments);
  // Still here: where there is no /proc, it only runs slower.
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
    run(settings);
    return 0;
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
