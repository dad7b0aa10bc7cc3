#include "image_networks.hpp"

#include "cifar10.hpp"
#include "synthetic_images.hpp"

namespace findings {

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
  return {.train = to_tensors(data.train),
          .test = to_tensors(data.test),
          .mirror = data.mirror_symmetric,
          .text = count + (is_made ? ", made here" : ", CIFAR-10")};
}

}  // namespace findings
