#pragma once

#include <livecca/monitor/monitor.hpp>

#include <deque>
#include <string>
#include <vector>

#include "probe.hpp"
#include "report.hpp"
#include "session.hpp"
#include "train_stream.hpp"

namespace live_training {

/// Trains the network and shows the tables of its snapshots as they get ready.
class WatchedTraining {
 public:
  /// The reference may be null. Session and monitor are borrowed.
  WatchedTraining(const Session& session, livecca::Monitor& monitor, Network reference);

  /// Returns the test accuracy.
  double run();
  void print_curves();
  /// Records the trained network where the settings say so, and says it. False if that failed.
  bool record();

 private:
  struct Pending {
    EpochFacts facts;
    livecca::SnapshotTicket ticket;
  };

  double train_epoch(std::int64_t epoch);
  void snapshot(EpochFacts facts);
  void print_oldest();

  const Session& session_;
  livecca::Monitor& monitor_;
  Network reference_;
  Trainer trainer_;
  TrainStream stream_;
  Probe probe_;
  std::vector<std::string> layers_;
  std::deque<Pending> pending_;
};

}  // namespace live_training
