#include "index/writer.hpp"

#include <fcntl.h>

#include "common/files/descriptor.hpp"

namespace livecca::tool {

Writer writer_of(const std::filesystem::path& rows_file) {
  const Descriptor file(::open(rows_file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return Writer::unknown;
  struct flock asked {};
  asked.l_type = F_WRLCK;
  asked.l_whence = SEEK_SET;
  if (::fcntl(file.number(), F_OFD_GETLK, &asked) != 0) return Writer::unknown;
  return asked.l_type == F_UNLCK ? Writer::gone : Writer::there;
}

}  // namespace livecca::tool
