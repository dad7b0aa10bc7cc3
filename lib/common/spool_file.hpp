#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "common/descriptor.hpp"

namespace livecca {

/// Bytes on disk that nobody else sees and that are gone with the process: a file without a name,
/// in the folder of `beside`, created by the first append.
///
/// Errors: false, with `why` = "BESIDE: expected …, got: …"; what was appended before stays good.
///
/// Thread safety: none while appending.
class SpoolFile {
 public:
  /// What its name begins with while it has one, between two calls of the system: a process that is
  /// killed there leaves it behind.
  static constexpr std::string_view name_prefix = ".livecca-spool-";

  explicit SpoolFile(std::filesystem::path beside);

  /// The bytes lie from size() on, as it was before.
  bool append(std::span<const std::byte> bytes, std::string& why);
  /// Fills `into` from `offset` on.
  bool read(std::uint64_t offset, std::span<std::byte> into, std::string& why) const;

  std::uint64_t size() const { return size_; }
  const std::filesystem::path& beside() const { return beside_; }

 private:
  bool open(std::string& why);
  bool fail(const char* expected, std::string& why) const;

  std::filesystem::path beside_;
  Descriptor descriptor_;
  std::uint64_t size_ = 0;
};

}  // namespace livecca
