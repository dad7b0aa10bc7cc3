#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "common/files/descriptor.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

/// Writes a file that appears under its name only when it is whole: until then, and after any
/// failure, what lay there before is untouched. The bytes go to a temporary file in the same
/// folder, created by the first write, whose name no other writer has, even one of the same path.
/// The folder has to be there. A symbolic link under the name is replaced, not followed.
///
/// Errors: a failure reads "PATH: expected to write, got: …". The first one ends the file: the
/// temporary is gone, and every later call fails with the same words. Nothing is thrown but
/// std::bad_alloc. Beyond a limit on the size of files (RLIMIT_FSIZE) the system sends SIGXFSZ
/// before the write fails, which ends a process that does not ignore it; that is the program's to
/// do, the library leaves signals alone.
///
/// Thread safety: none; one object per thread.
class AtomicFile {
 public:
  /// What commit() waits for. `disk`: even a loss of power leaves the old file or the whole new
  /// one. `none`: the end of the process does, but a loss of power may leave a file that is cut
  /// short, so its reader has to check.
  enum class Sync { none, disk };

  explicit AtomicFile(std::filesystem::path path);
  /// Removes what was not committed.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends to the furthest byte written so far.
  Result<void> write(std::span<const std::byte> bytes);
  /// Writes from `offset` on; bytes that are skipped read as zeros.
  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes);
  /// Gives the file its name, in place of what had it; an empty file if nothing was written. Ends
  /// the file. If the folder cannot be synced, which comes last, the new file is there already.
  Result<void> commit(Sync sync);

  const std::filesystem::path& path() const { return path_; }

 private:
  Result<void> open();
  Result<void> flush_and_rename(Sync sync);
  /// Ends the file.
  Failure fail(const std::string& got);
  Failure fail_with_errno();
  void discard();

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  Descriptor descriptor_;
  std::uint64_t size_ = 0;
  std::string ended_;  // why nothing more can be written, once that is so
};

}  // namespace livecca
