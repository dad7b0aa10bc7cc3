#include "common/files/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "common/files/uninterrupted.hpp"
#include "common/files/write_bytes.hpp"

namespace livecca {
namespace {

/// A name in the folder of `path` that this process has not used yet. A part of the file's own name
/// says whose it is, and leaves room within the 255 bytes of a name.
std::filesystem::path temporary_beside(const std::filesystem::path& path) {
  static std::atomic<std::uint64_t> count{0};
  const std::string name = path.filename().string().substr(0, 200);
  return path.parent_path() /
         (name + '.' + std::to_string(::getpid()) + '-' + std::to_string(count++) + ".tmp");
}

/// Null with errno set. Processes on other machines may share the folder and the process id, hence
/// the further tries.
Descriptor create_beside(const std::filesystem::path& path, std::filesystem::path& temporary) {
  constexpr int most_tries = 1000;
  for (int i = 0; i < most_tries; ++i) {
    temporary = temporary_beside(path);
    Descriptor descriptor(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (descriptor.is_open() || (errno != EEXIST && errno != EINTR)) return descriptor;
  }
  return {};
}

bool sync(int descriptor) {
  return uninterrupted([&] { return ::fsync(descriptor); }) == 0;
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() {
  if (temporary_.empty()) return;
  descriptor_.close();
  ::unlink(temporary_.c_str());
  temporary_.clear();
}

Failure AtomicFile::fail(const std::string& got) {
  discard();
  ended_ = path_.string() + ": expected to write, got: " + got;
  return Failure{ended_};
}

Failure AtomicFile::fail_with_errno() { return fail(std::strerror(errno)); }

Result<void> AtomicFile::open() {
  if (descriptor_.is_open()) return {};
  if (!ended_.empty()) return Failure{ended_};
  // What rename() would refuse, or replace without asking, is better known before all is written.
  struct stat facts {};
  if (::stat(path_.c_str(), &facts) == 0) {
    if (S_ISDIR(facts.st_mode)) return fail(std::strerror(EISDIR));
    if (!S_ISREG(facts.st_mode)) return fail("Not a regular file");
  } else if (errno != ENOENT) {
    return fail_with_errno();
  }
  std::filesystem::path temporary;
  descriptor_ = create_beside(path_, temporary);
  if (!descriptor_.is_open()) return fail_with_errno();
  temporary_ = std::move(temporary);
  return {};
}

Result<void> AtomicFile::write(std::span<const std::byte> bytes) { return write_at(size_, bytes); }

Result<void> AtomicFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (auto opened = open(); !opened) return opened;
  if (!write_all(descriptor_.number(), bytes, offset)) return fail_with_errno();
  if (!bytes.empty()) size_ = std::max(size_, offset + bytes.size());
  return {};
}

Result<void> AtomicFile::commit(Sync sync_to) {
  if (auto opened = open(); !opened) return opened;
  auto renamed = flush_and_rename(sync_to);
  if (renamed) ended_ = path_.string() + ": expected to write, got: the file was committed before";
  return renamed;
}

Result<void> AtomicFile::flush_and_rename(Sync sync_to) {
  Descriptor folder;
  if (sync_to == Sync::disk) {
    if (!sync(descriptor_.number())) return fail_with_errno();
    // Opened first: a folder that cannot be opened should cost the new file, not the old one.
    const auto parent = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
    folder = Descriptor(
        uninterrupted([&] { return ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (!folder.is_open()) return fail_with_errno();
  }
  if (!descriptor_.close()) return fail_with_errno();
  if (uninterrupted([&] { return ::rename(temporary_.c_str(), path_.c_str()); }) != 0) {
    return fail_with_errno();
  }
  temporary_.clear();
  // EINVAL: the file system has no such thing as a folder to sync.
  if (sync_to == Sync::disk && !sync(folder.number()) && errno != EINVAL) {
    return fail_with_errno();
  }
  return {};
}

}  // namespace livecca
