#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// The entry of each target: reads the bytes as its kind of file, as they are and once more with
/// their checksum corrected. Ends the process if the reader breaks its word, or if what the reader
/// let pass cannot be used.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace livecca_fuzz {

/// How many files the reader took and refused so far.
struct Verdicts {
  std::uint64_t taken = 0;
  std::uint64_t refused = 0;
};
Verdicts& verdicts();

/// Ends the process with a line if it does not hold.
void expect(bool holds, const std::string& what);

/// UTF-8 without characters that a terminal acts on.
bool is_one_line(const std::string& text);

/// A reason is one line, and begins with the file's path.
void check_refusal(const std::string& path, const std::string& why);

/// One file in memory that every input is written into, because the readers want a path.
class FileInMemory {
 public:
  FileInMemory();
  ~FileInMemory();
  FileInMemory(const FileInMemory&) = delete;
  FileInMemory& operator=(const FileInMemory&) = delete;

  const std::string& path() const { return path_; }
  void hold(std::string_view bytes) const;

 private:
  int descriptor_;
  std::string path_;
};

}  // namespace livecca_fuzz
