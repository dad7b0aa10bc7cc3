#include "cifar10.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

namespace live_training {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t record_bytes = 1 + image_bytes;

std::vector<fs::path> training_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with("data_batch_") && name.ends_with(".bin")) files.push_back(entry->path());
  }
  if (error) {
    throw DataError("cannot read the folder " + folder.string() + ": " + error.message());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void append(ImageSet& set, const ImageSet& more) {
  set.pixels.insert(set.pixels.end(), more.pixels.begin(), more.pixels.end());
  set.labels.insert(set.labels.end(), more.labels.begin(), more.labels.end());
}

std::size_t count_records(const fs::path& file) {
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(file, error);
  if (error) throw DataError("cannot read " + file.string() + ": " + error.message());
  if (bytes == 0 || bytes % record_bytes != 0) {
    throw DataError(file.string() +
                    " is not in CIFAR-10's binary format, or cut short: " + std::to_string(bytes) +
                    " bytes, not a multiple of " + std::to_string(record_bytes));
  }
  return static_cast<std::size_t>(bytes) / record_bytes;
}

}  // namespace

ImageSet read_cifar10_file(const fs::path& file) {
  const std::size_t count = count_records(file);
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw DataError("cannot open " + file.string() + ": " + std::strerror(errno));
  ImageSet set;
  set.labels.resize(count);
  set.pixels.resize(count * image_bytes);
  for (std::size_t image = 0; image < count; ++image) {
    char* pixels = reinterpret_cast<char*>(set.pixels.data() + image * image_bytes);
    char label = 0;
    if (!stream.get(label) || !stream.read(pixels, static_cast<std::streamsize>(image_bytes))) {
      throw DataError(file.string() + ": byte " + std::to_string(image * record_bytes) +
                      ": expected image " + std::to_string(image) + ", cannot read it");
    }
    set.labels[image] = static_cast<std::uint8_t>(label);
    if (set.labels[image] >= class_count) {
      throw DataError(file.string() + ": byte " + std::to_string(image * record_bytes) +
                      ": expected a label from 0 to 9 for image " + std::to_string(image) +
                      ", got " + std::to_string(set.labels[image]));
    }
  }
  return set;
}

Dataset read_cifar10(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    throw DataError("no folder " + folder.string() +
                    " (--data takes the folder with data_batch_1.bin and test_batch.bin)");
  }
  const std::vector<fs::path> files = training_files(folder);
  if (files.empty()) throw DataError("no data_batch_*.bin in " + folder.string());
  Dataset data;
  for (const fs::path& file : files) append(data.train, read_cifar10_file(file));
  data.test = read_cifar10_file(folder / "test_batch.bin");
  data.mirror_symmetric = true;
  return data;
}

}  // namespace live_training
