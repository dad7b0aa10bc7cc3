#pragma once

#include <cstdint>
#include <string>

#include "command_line.hpp"
#include "training.hpp"

namespace live_training {

/// Everything that the two trainings share.
struct Session {
  const Settings& settings;
  NetworkOptions network;
  TrainingOptions training;
  TensorSet train;
  TensorSet test;
};

/// Reads CIFAR-10 or makes images, says which, and throws DataError where they cannot be read.
Session make_session(const Settings& settings);

/// The reference from its file, or null if it has to be trained. Throws NetworkFileError, before
/// any work is done, where it can be neither read nor written later.
Network loaded_reference(const Session& session);

/// The loaded reference or, if that is null, one that is trained now and saved where the settings
/// say so.
Network reference_of(const Session& session, Network loaded);

bool is_terminal();
/// "net epoch  3/12".
std::string epoch_label(const char* network, std::int64_t epoch, std::int64_t epochs);

}  // namespace live_training
