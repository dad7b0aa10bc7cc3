#include "session.hpp"

#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <utility>

#include "cifar10.hpp"
#include "probe.hpp"
#include "report.hpp"
#include "synthetic_images.hpp"
#include "text_table.hpp"

namespace live_training {
namespace {

constexpr std::size_t made_train_images = 4000;
constexpr std::size_t made_test_images = 2000;
constexpr std::uint64_t made_images_seed = 2018;

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

}  // namespace

Session make_session(const Settings& settings) {
  const Dataset data = read_data(settings);
  Session session{settings, {}, {}, to_tensors(data.train), to_tensors(data.test)};
  session.network.width = settings.width;
  session.network.tap_softmax = settings.softmax;
  session.training.epochs = settings.epochs;
  session.training.learning_rate = settings.learning_rate;
  session.training.mirror = data.mirror_symmetric;
  session.training.seed = settings.seed;
  return session;
}

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

bool is_terminal() { return isatty(STDOUT_FILENO) != 0; }

std::string epoch_label(const char* network, std::int64_t epoch, std::int64_t epochs) {
  const std::string last = std::to_string(epochs);
  const std::string number = std::to_string(epoch);
  return std::string(network) + " epoch " + std::string(last.size() - number.size(), ' ') + number +
         "/" + last;
}

}  // namespace live_training
