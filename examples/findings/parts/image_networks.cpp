#include "image_networks.hpp"

#include "cifar10.hpp"
#include "device.hpp"
#include "synthetic_images.hpp"

namespace findings {
namespace {

std::vector<std::string> class_names(bool is_made) {
  if (!is_made) {
    return {"airplane", "automobile", "bird",  "cat",  "deer",
            "dog",      "frog",       "horse", "ship", "truck"};
  }
  std::vector<std::string> names;
  for (std::size_t label = 0; label < live_training::class_count; ++label) {
    names.push_back("class_" + std::to_string(label));
  }
  return names;
}

live_training::TensorSet on_device(const live_training::TensorSet& set) {
  return {.images = set.images.to(device()), .labels = set.labels.to(device())};
}

}  // namespace

ImageData image_data(const Settings& settings, std::size_t most_images) {
  using namespace live_training;
  constexpr std::size_t made_test_images = 2000;
  constexpr std::uint64_t made_images_seed = 2018;
  const bool is_made = settings.data.empty();
  Dataset data = is_made ? make_synthetic_dataset(most_images, made_test_images, made_images_seed)
                         : read_cifar10(settings.data);
  data.train.keep_first(most_images);
  const std::string count = std::to_string(data.train.size()) + " training and " +
                            std::to_string(data.test.size()) + " test images";
  return {.train = on_device(to_tensors(data.train)),
          .test = on_device(to_tensors(data.test)),
          .mirror = data.mirror_symmetric,
          .text = count + (is_made ? ", made here" : ", CIFAR-10"),
          .classes = class_names(is_made)};
}

}  // namespace findings
