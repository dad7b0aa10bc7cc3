#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "common/files/descriptor.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

/// Bytes on disk that nobody else sees and that are gone with the process: a file without a name,
/// in the folder of `beside`, created by the first append.
///
/// Errors: a failure reads "BESIDE: expected …, got: …". Bytes appended before stay good.
///
/// Thread safety: none while appending.
class SpoolFile {
 public:
  /// What its name begins with while it has one, between two calls of the system: a process that is
  /// killed there leaves it behind.
  static constexpr std::string_view name_prefix = ".livecca-spool-";

  explicit SpoolFile(std::filesystem::path beside);

  /// The bytes lie from size() on, as it was before.
  Result<void> append(std::span<const std::byte> bytes);
  /// Fills `into` from `offset` on.
  Result<void> read(std::uint64_t offset, std::span<std::byte> into) const;

  std::uint64_t size() const { return size_; }
  const std::filesystem::path& beside() const { return beside_; }

 private:
  Result<void> open();
  /// With the reason that errno tells.
  Failure failure(const char* expected) const;

  std::filesystem::path beside_;
  Descriptor descriptor_;
  std::uint64_t size_ = 0;
};

}  // namespace livecca
