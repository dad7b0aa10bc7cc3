#include "inputs/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/files/descriptor.hpp"
#include "common/files/uninterrupted.hpp"
#include "inputs/input_error.hpp"

namespace livecca::tool {
namespace {

std::size_t checked_size(int descriptor) {
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0) {
    throw InputError(std::string("expected a readable file, got: ") + std::strerror(errno));
  }
  if (S_ISDIR(facts.st_mode)) throw InputError("expected a file, got a folder");
  if (!S_ISREG(facts.st_mode)) {
    throw InputError("expected a file that can be mapped, got a pipe or device");
  }
  if (facts.st_size == 0) throw InputError("expected a file with content, got an empty file");
  return static_cast<std::size_t>(facts.st_size);
}

}  // namespace

MappedFile::MappedFile(const std::string& path) {
  // Without O_NONBLOCK the opening of a named pipe would wait for a writer.
  // A mapping outlives its descriptor.
  const Descriptor file(
      uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); }));
  if (!file.is_open()) {
    throw InputError(std::string("expected a readable file, got: ") + std::strerror(errno));
  }
  size_ = checked_size(file.number());
  void* mapping = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.number(), 0);
  if (mapping == MAP_FAILED) {
    throw InputError(std::string("expected a file that can be mapped, got: ") +
                     std::strerror(errno));
  }
  data_ = static_cast<std::byte*>(mapping);
}

MappedFile::~MappedFile() { ::munmap(data_, size_); }

void MappedFile::release(const std::byte* from, std::size_t size) const {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = static_cast<std::size_t>(from - data_) / page * page;
  ::madvise(data_ + begin, static_cast<std::size_t>(from - data_) + size - begin, MADV_DONTNEED);
}

}  // namespace livecca::tool
