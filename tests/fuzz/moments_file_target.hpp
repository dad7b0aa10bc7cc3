#pragma once

#include <cstddef>
#include <cstdint>

/// Loads the bytes as a moments file, as they are and with their checksum corrected. Ends the
/// process if the reader breaks its word, or if what it let pass cannot be solved and merged.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace livecca_fuzz {

/// How many files the reader took and refused so far.
struct Verdicts {
  std::uint64_t loaded = 0;
  std::uint64_t refused = 0;
};

const Verdicts& verdicts();

}  // namespace livecca_fuzz
