#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace livecca_tests {

/// What came of reading a damaged file.
enum class Outcome : std::uint8_t {
  same,    ///< everything that was read is as in the file before it was damaged
  told,    ///< the reader refused it or said that something is missing
  silent,  ///< something is missing or another, and nobody said so
  crashed,
  hung,
};
inline constexpr std::size_t outcomes = 5;

/// Valid files of one kind, and how one of them is read after it was damaged.
class FileKind {
 public:
  using Files = std::vector<std::pair<std::string, std::string>>;  ///< names and bytes

  explicit FileKind(Files files) : files_(std::move(files)) {}
  virtual ~FileKind() = default;
  FileKind(const FileKind&) = delete;
  FileKind& operator=(const FileKind&) = delete;

  const Files& files() const { return files_; }
  /// Reads other bytes in place of a file, and compares with what the file gives. `why` gets a line
  /// on what is another.
  virtual Outcome read(std::size_t file, const std::string& bytes, std::string& why) = 0;

 private:
  Files files_;
};

// Each reads the valid files that write_valid_files() put into a folder, and writes damaged ones
// into a folder of its own.

std::unique_ptr<FileKind> moments_files(const std::filesystem::path& valid);
std::unique_ptr<FileKind> checkpoints(const std::filesystem::path& valid);
std::unique_ptr<FileKind> histories(const std::filesystem::path& valid);
std::unique_ptr<FileKind> packs(const std::filesystem::path& valid);
std::unique_ptr<FileKind> rows_files(const std::filesystem::path& valid);

struct NamedKind {
  const char* name;
  std::unique_ptr<FileKind> (*open)(const std::filesystem::path& valid);
};
const std::vector<NamedKind>& file_kinds();

/// Writes valid files of all kinds into a folder.
void write_valid_files(const std::filesystem::path& folder);

/// All files of a folder, in the order of their names.
FileKind::Files files_of(const std::filesystem::path& folder);

}  // namespace livecca_tests
