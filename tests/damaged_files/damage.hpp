#pragma once

#include <random>
#include <string>

namespace livecca_tests {

/// A file that was damaged, and how, in a few words.
struct Damage {
  std::string bytes;
  std::string how;
};

/// A copy of a file with one damage: a bit flipped, bytes overwritten, cut off, put in or taken
/// out, a block repeated or two exchanged. Never equal to the file, which must have 2 bytes or more
/// that are not all the same.
Damage damaged(const std::string& bytes, std::mt19937_64& random);

}  // namespace livecca_tests
