#include <doctest/doctest.h>

#include <fstream>
#include <string>

#include "cifar10.hpp"
#include "support/temporary_folder.hpp"

using live_training::DataError;
using live_training::image_bytes;
using live_training::read_cifar10;
using live_training::read_cifar10_file;

namespace {

/// A record whose pixels all have one value.
std::string record(char label, char pixel) { return label + std::string(image_bytes, pixel); }

void write(const std::filesystem::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary) << content;
}

/// What the reader complains of; empty if it does not.
std::string complaint(const std::filesystem::path& folder) {
  try {
    read_cifar10(folder);
    return "";
  } catch (const DataError& problem) {
    return problem.what();
  }
}

bool has_text(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos && text.find('\n') == std::string::npos;
}

}  // namespace

TEST_CASE("all training batches are read in the order of their names") {
  const livecca_tests::TemporaryFolder folder;
  write(folder.path() / "data_batch_2.bin", record(9, '\xC8'));
  write(folder.path() / "data_batch_1.bin", record(3, 1) + record(0, 2));
  write(folder.path() / "test_batch.bin", record(7, 5));
  write(folder.path() / "readme.html", "not a batch");
  const live_training::Dataset data = read_cifar10(folder.path());
  REQUIRE(data.train.size() == 3);
  CHECK(data.train.labels == std::vector<std::uint8_t>{3, 0, 9});
  CHECK(data.train.pixels.size() == 3 * image_bytes);
  CHECK(data.train.pixels[image_bytes - 1] == 1);
  CHECK(data.train.pixels[image_bytes] == 2);
  CHECK(data.train.pixels.back() == 200);
  CHECK(data.test.labels == std::vector<std::uint8_t>{7});
}

TEST_CASE("wrong data gives one line that names the place") {
  const livecca_tests::TemporaryFolder folder;
  const auto batch = folder.path() / "data_batch_1.bin";
  CHECK(has_text(complaint(folder.path() / "nowhere"), "nowhere"));
  CHECK(has_text(complaint(folder.path()), "data_batch"));
  write(batch, record(3, 1));
  CHECK(has_text(complaint(folder.path()), "test_batch.bin"));
  write(folder.path() / "test_batch.bin", record(1, 1));
  CHECK(complaint(folder.path()).empty());
  CHECK(has_text(complaint(batch), "data_batch_1.bin"));

  write(batch, record(3, 1) + "cut short");
  CHECK(has_text(complaint(folder.path()), "data_batch_1.bin"));
  write(batch, "");
  CHECK(has_text(complaint(folder.path()), "0 bytes"));
  write(batch, record(3, 1) + record(10, 1));
  CHECK(has_text(complaint(folder.path()),
                 ": byte 3073: expected a label from 0 to 9 for image 1, got 10"));
}
