#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "npy_header.hpp"

namespace livecca::tool {

/// A file mapped into memory, read-only.
class MappedFile {
 public:
  /// Throws InputError if it is not a readable regular file with content.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  /// Gives the pages of a range back: they leave this process's memory and are read again when
  /// touched.
  void release(const std::byte* from, std::size_t size) const;

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// An array in a .npy file, read in pieces along its first axis: memory holds one piece, however
/// large the file.
///
/// Thread safety: none; one object per thread.
class NpyFile {
 public:
  /// Throws InputError, with the path in front, on anything but an array of numbers.
  explicit NpyFile(const std::string& path);

  const std::string& path() const { return path_; }
  const NpyHeader& header() const { return header_; }
  std::span<const std::int64_t> shape() const { return header_.shape; }
  std::size_t images() const { return static_cast<std::size_t>(header_.shape[0]); }

  /// `count` entries of the first axis from `first` on. Valid until the next call of images() or
  /// release(). Native floats in C order are viewed where they lie; everything else is copied, and
  /// integers become float64 (rounded beyond 2^53). Needs 1 to 8 axes.
  ActivationView images(std::size_t first, std::size_t count);
  /// Gives the file's pages back to the system.
  void release() const { file_.release(file_.bytes().data(), file_.bytes().size()); }

 private:
  bool readable_in_place() const;
  DType dtype() const;
  void decode(std::size_t first, std::size_t count);
  void decode_columns(std::size_t first, std::size_t count, std::byte* to) const;
  void decode_run(const std::byte* from, std::size_t count, std::byte* to) const;

  std::string path_;
  MappedFile file_;
  NpyHeader header_;
  const std::byte* data_ = nullptr;
  std::size_t elements_per_image_ = 1;
  std::vector<double> decoded_;  ///< aligned storage of one piece, whatever its element type
};

}  // namespace livecca::tool
