#include "watched_training.hpp"

#include <iostream>
#include <optional>
#include <utility>

namespace live_training {

WatchedTraining::WatchedTraining(const Session& session, livecca::Monitor& monitor,
                                 Network reference)
    : session_(session),
      monitor_(monitor),
      reference_(std::move(reference)),
      trainer_(session.network, session.training, session.train),
      stream_(monitor, session.settings.lockstep_train ? reference_ : Network(nullptr),
              session.settings.train_stream),
      probe_(session.test, session.settings.probe),
      layers_(layer_names(session.network)) {}

double WatchedTraining::run() {
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

void WatchedTraining::print_curves() { print_final_curves(std::cout, layers_, monitor_.finish()); }

bool WatchedTraining::record() {
  const std::filesystem::path& file = session_.settings.record;
  if (file.empty()) return true;
  const auto recorded = probe_.record(file, session_.training.epochs, trainer_.network());
  if (!recorded) {
    std::cerr << "live_training: the network was not recorded: " << recorded.why() << '\n';
    return false;
  }
  for (const livecca::libtorch::TapProblem& problem : *recorded) {
    std::cerr << "live_training: " << problem.tap << " was not recorded: " << problem.message
              << '\n';
  }
  std::cout << "Recorded over the probe, for --pack: " << file.string() << '\n';
  return true;
}

double WatchedTraining::train_epoch(std::int64_t epoch) {
  ProgressBar bar(std::cout, is_terminal(),
                  epoch_label(trained_name, epoch, session_.training.epochs));
  return trainer_.train_epoch(
      [&](std::size_t done, std::size_t total, double loss) {
        if (!pending_.empty() && pending_.front().ticket.ready()) {
          bar.clear();
          print_oldest();
          std::cout << '\n';
        }
        bar.update(done, total, loss);
      },
      [&](Network& network, const torch::Tensor& images) {
        return stream_.forward(epoch, network, images);
      });
}

void WatchedTraining::snapshot(EpochFacts facts) {
  facts.probe_images = probe_.size();
  facts.references.clear();
  if (reference_) facts.references.emplace_back(reference_name);
  if (!session_.settings.pack.empty()) facts.references.emplace_back(pack_name);
  facts.probe_seconds = probe_.run(monitor_, facts.epoch, trainer_.network(), reference_);
  pending_.push_back({facts, monitor_.snapshot(facts.epoch)});
}

void WatchedTraining::print_oldest() {
  print_epoch_table(std::cout, layers_, pending_.front().facts, pending_.front().ticket.wait());
  std::cout.flush();
  pending_.pop_front();
}

}  // namespace live_training
