#pragma once

#include <string>
#include <string_view>

#include "common/files/atomic_file.hpp"

namespace livecca::tool {

/// A file for --output: under its name once it is whole, in place of what had it. The text goes to
/// the disk in parts of about 1 MiB.
class OutputFile {
 public:
  explicit OutputFile(const std::string& path) : file_(path) {}

  /// Throws InputError if the disk does not take it.
  void write(std::string_view text);
  /// Gives the file its name. Ends it. Throws InputError.
  void commit();

 private:
  void flush();

  AtomicFile file_;
  std::string waiting_;
};

}  // namespace livecca::tool
