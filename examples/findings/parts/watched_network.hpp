#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kept_runs.hpp"
#include "settings.hpp"
#include "training.hpp"

namespace findings {

/// The training of one convolutional network, with livecca's monitor watching.
struct WatchedTraining {
  live_training::NetworkOptions network;
  live_training::TrainingOptions training;
  std::int64_t probe = 1000;     ///< test images on which layers are compared
  std::int64_t watch_every = 1;  ///< epochs; the network is watched before the first, too
  /// The training ends as soon as this share of the training images is classified rightly. It is
  /// looked at whenever the network is watched. Above 1: never.
  double enough_accuracy = 2;
  /// Training images on which the last state is recorded too, as last_state_on_training_images().
  std::int64_t training_probe = 0;
  Notes notes;
};

/// Trains. Writes a run folder with a snapshot each time the network is watched, the last of them
/// at the end. Returns epochs, train_loss, train_accuracy and test_accuracy.
Numbers train_watched(const WatchedTraining& options, const live_training::TensorSet& train,
                      const live_training::TensorSet& test, const std::filesystem::path& folder,
                      const StepsDone& done);

/// train_watched() as one of a finding's runs. The images are borrowed.
Run run_of(const std::string& name, const WatchedTraining& options,
           const live_training::TensorSet& train, const live_training::TensorSet& test);

std::filesystem::path last_state_on_training_images(const std::filesystem::path& run_folder);

}  // namespace findings
