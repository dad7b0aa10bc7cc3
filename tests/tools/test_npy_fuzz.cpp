#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "inputs/input_error.hpp"
#include "inputs/npy_file.hpp"
#include "npy_writer.hpp"
#include "support/temporary_folder.hpp"

using livecca::tool::InputError;
using livecca::tool::NpyFile;
using namespace livecca_tests;

namespace {

constexpr std::uint64_t fuzz_seed = 20240229;

NpyArray counting() {
  NpyArray array{{6, 4}, {}};
  for (int i = 0; i < 24; ++i) array.values.push_back(i);
  return array;
}

std::vector<std::string> seeds(const std::filesystem::path& scratch) {
  std::vector<std::string> files;
  for (const char* descr : {"<f8", ">f4", "<f2", ">i2", "|u1"}) {
    for (const int version : {1, 2, 3}) {
      write_npy(scratch, counting(), {descr, version == 2, version, version == 3 ? 1U : 64U});
      files.push_back(text_of(scratch));
    }
  }
  return files;
}

/// One to four edits, most of them in the header.
std::string mutate(std::string bytes, std::mt19937_64& random) {
  static const std::string pieces[] = {"(",
                                       ")",
                                       "'",
                                       ",",
                                       "0",
                                       "99999999999",
                                       "-",
                                       "<c8",
                                       "True",
                                       "False",
                                       "\x93",
                                       "\n",
                                       "{",
                                       "}",
                                       "L",
                                       "[",
                                       "'shape'",
                                       "descr",
                                       std::string(3, '\0')};
  for (std::uint64_t edit = random() % 4 + 1; edit-- > 0 && !bytes.empty();) {
    const std::size_t reach =
        random() % 8 == 0 ? bytes.size() : std::min<std::size_t>(bytes.size(), 90);
    const std::size_t place = random() % reach;
    const std::string& piece = pieces[random() % std::size(pieces)];
    switch (random() % 5) {
      case 0:
        bytes[place] = static_cast<char>(random() % 256);
        break;
      case 1:
        bytes.erase(place, random() % 5 + 1);
        break;
      case 2:
        bytes.insert(place, piece);
        break;
      case 3:
        bytes.replace(place, std::min(piece.size(), bytes.size() - place), piece);
        break;
      default:
        bytes.resize(random() % 16 == 0 ? place : bytes.size());
        break;
    }
  }
  return bytes;
}

double first_and_last(const livecca::ActivationView& view) {
  std::size_t last = 0;
  for (std::size_t axis = 0; axis < view.rank(); ++axis) {
    last += static_cast<std::size_t>((view.shape()[axis] - 1) * view.strides()[axis]);
  }
  const auto* bytes = static_cast<const unsigned char*>(view.data());
  return bytes[0] + bytes[(last + 1) * livecca::size_of(view.dtype()) - 1];
}

/// Whether the file opened; where it did, all of it can be read.
bool opens(const std::filesystem::path& path) {
  try {
    NpyFile file(path.string());
    if (file.shape().empty() || file.shape().size() > 8) return true;
    const double sum = first_and_last(file.entries(0, 1)) +
                       first_and_last(file.entries(0, file.images())) +
                       first_and_last(file.entries(file.images() - 1, 1));
    CHECK(sum >= 0);
    return true;
  } catch (const InputError& error) {
    const std::string message = error.what();
    CHECK(message.find("expected") != std::string::npos);
    CHECK(message.find(path.string()) == 0);
    return false;
  }
}

}  // namespace

TEST_CASE("mutated .npy files open whole or are refused with a reason") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "mutated.npy";
  const std::vector<std::string> files = seeds(path);
  for (const std::string& file : files) {
    write_text(path, file);
    CHECK(opens(path));
  }
  MESSAGE("seed " << fuzz_seed);
  std::mt19937_64 random(fuzz_seed);
  int opened = 0;
  constexpr int mutations = 3000;
  for (int i = 0; i < mutations; ++i) {
    CAPTURE(i);
    write_text(path, mutate(files[random() % files.size()], random));
    if (opens(path)) ++opened;
  }
  MESSAGE(opened << " of " << mutations << " mutations opened");
  CHECK(opened > 0);
  CHECK(opened < mutations);
}

TEST_CASE("pieces of a file hold the right elements in any order and type") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "x.npy";
  for (const char* descr : {"<f8", ">f8", "<i4", ">u2"}) {
    for (const bool fortran_order : {false, true}) {
      write_npy(path, counting(), {descr, fortran_order});
      NpyFile file(path.string());
      for (const std::size_t first : {0U, 2U, 5U}) {
        const auto view = file.entries(first, 1);
        REQUIRE(view.dtype() == livecca::DType::float64);
        for (std::size_t j = 0; j < 4; ++j) {
          double value = 0;
          std::memcpy(&value,
                      static_cast<const double*>(view.data()) +
                          static_cast<std::int64_t>(j) * view.strides()[1],
                      sizeof(value));
          CHECK(value == static_cast<double>(first * 4 + j));
        }
        file.release();
      }
    }
  }
}
