#include "monitor/recorded_rows.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

namespace livecca {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors holds little-endian data");

using Json = nlohmann::ordered_json;

// The header's room is fixed, so rows can be written before their number is known; and the rows
// begin on a page.
constexpr std::size_t length_bytes = 8;
constexpr std::size_t header_bytes = 4096 - length_bytes;
constexpr std::size_t data_begin = length_bytes + header_bytes;

constexpr std::size_t rows_at_once = 1024;

bool write_all(int descriptor, const void* data, std::size_t size, std::uint64_t at) {
  const auto* bytes = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t count = ::pwrite(descriptor, bytes, size, static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      if (count == 0) errno = ENOSPC;
      return false;
    }
    bytes += count;
    size -= static_cast<std::size_t>(count);
    at += static_cast<std::uint64_t>(count);
  }
  return true;
}

bool read_all(int descriptor, void* data, std::size_t size, std::uint64_t at) {
  auto* bytes = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t count = ::pread(descriptor, bytes, size, static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes += count;
    size -= static_cast<std::size_t>(count);
    at += static_cast<std::uint64_t>(count);
  }
  return true;
}

bool fail(std::string& why, const std::filesystem::path& path) {
  why = path.string() + ": expected to write, got: " + std::strerror(errno);
  return false;
}

/// A non-negative integer held as a string, as safetensors metadata wants it; 0 if it is none.
std::size_t number_in(const Json& metadata, const char* name) {
  const auto found = metadata.find(name);
  if (found == metadata.end() || !found->is_string()) return 0;
  return std::strtoull(found->get_ref<const std::string&>().c_str(), nullptr, 10);
}

}  // namespace

RecordedRowsWriter::RecordedRowsWriter(std::filesystem::path path)
    : path_(std::move(path)), temporary_(path_.string() + ".tmp") {}

RecordedRowsWriter::~RecordedRowsWriter() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

bool RecordedRowsWriter::open(const PackedRows& rows, std::string& why) {
  std::error_code ignored;  // if the folder is not there, open() says so
  std::filesystem::create_directories(path_.parent_path(), ignored);
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor_ < 0) return fail(why, temporary_);
  features_ = rows.features();
  rows_per_image_ = rows.rows_per_image();
  grid_ = rows.grid();
  dtype_ = rows.dtype() == DType::float64 ? DType::float64 : DType::float32;
  bytes_ = data_begin;
  return true;
}

bool RecordedRowsWriter::append(const PackedRows& rows, std::string& why) {
  if (descriptor_ < 0 && !open(rows, why)) return false;
  const bool is_wide = rows.dtype() == DType::float64;
  if (rows.features() != features_ || rows.grid() != grid_ ||
      is_wide != (dtype_ == DType::float64)) {
    why = path_.string() + ": expected " + std::to_string(features_) + " features of " +
          name_of(dtype_) + ", got " + std::to_string(rows.features()) + " of " +
          name_of(rows.dtype());
    return false;
  }
  const std::size_t row_bytes = features_ * size_of(dtype_);
  for (std::size_t first = 0; first < rows.rows(); first += rows_at_once) {
    const std::size_t count = std::min(rows_at_once, rows.rows() - first);
    buffer_.resize(count * row_bytes);
    if (dtype_ == DType::float64) {
      rows.read(first, count, {reinterpret_cast<double*>(buffer_.data()), count * features_});
    } else {
      rows.read(first, count, {reinterpret_cast<float*>(buffer_.data()), count * features_});
    }
    if (!write_all(descriptor_, buffer_.data(), buffer_.size(), bytes_)) return fail(why, temporary_);
    bytes_ += buffer_.size();
  }
  rows_ += rows.rows();
  return true;
}

bool RecordedRowsWriter::finish(std::string& why) {
  if (rows_ == 0) {
    why = path_.string() + ": expected rows, got none";
    return false;
  }
  Json header;
  header["__metadata__"] = {{"format", "livecca.recorded_rows"},
                            {"version", "1"},
                            {"rows_per_image", std::to_string(rows_per_image_)},
                            {"grid_height", std::to_string(grid_.height)},
                            {"grid_width", std::to_string(grid_.width)}};
  header["rows"] = {{"dtype", dtype_ == DType::float64 ? "F64" : "F32"},
                    {"shape", {rows_, features_}},
                    {"data_offsets", {0, bytes_ - data_begin}}};
  std::string text = header.dump();
  text.resize(header_bytes, ' ');
  const std::uint64_t length = header_bytes;
  if (!write_all(descriptor_, &length, length_bytes, 0) ||
      !write_all(descriptor_, text.data(), text.size(), length_bytes)) {
    return fail(why, temporary_);
  }
  // No fsync: on a training thread it costs more than the file, which its reader checks for size.
  const int closed = ::close(descriptor_);
  descriptor_ = -1;
  if (closed != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    fail(why, path_);
    ::unlink(temporary_.c_str());
    return false;
  }
  return true;
}

std::shared_ptr<RecordedRows> RecordedRows::open(const std::filesystem::path& path,
                                                 std::string& why) {
  std::shared_ptr<RecordedRows> result(new RecordedRows);
  result->path_ = path;
  result->descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat facts {};
  if (result->descriptor_ < 0 || ::fstat(result->descriptor_, &facts) != 0) {
    why = path.string() + ": expected a file of recorded rows, got: " + std::strerror(errno);
    return nullptr;
  }
  if (!result->read_header(static_cast<std::uint64_t>(facts.st_size), why)) {
    why = path.string() + ": " + why;
    return nullptr;
  }
  return result;
}

bool RecordedRows::read_header(std::uint64_t file_bytes, std::string& why) {
  std::uint64_t length = 0;
  why = "expected the header of recorded rows, version 1";
  std::string text(header_bytes, ' ');
  if (file_bytes <= data_begin || !read_all(descriptor_, &length, length_bytes, 0) ||
      length != header_bytes || !read_all(descriptor_, text.data(), header_bytes, length_bytes)) {
    return false;
  }
  const Json header = Json::parse(text, nullptr, false);
  if (!header.is_object() || !header.contains("rows") || !header.contains("__metadata__")) {
    return false;
  }
  const Json& metadata = header["__metadata__"];
  const Json& tensor = header["rows"];
  const auto is = [](const Json& object, const char* name, const char* value) {
    return object.is_object() && object.contains(name) && object[name] == value;
  };
  if (!is(metadata, "version", "1") ||
      !(is(tensor, "dtype", "F32") || is(tensor, "dtype", "F64")) || !tensor.contains("shape") ||
      !tensor["shape"].is_array() || tensor["shape"].size() != 2 ||
      !tensor["shape"][0].is_number_unsigned() || !tensor["shape"][1].is_number_unsigned()) {
    return false;
  }
  rows_ = tensor["shape"][0].get<std::uint64_t>();
  features_ = tensor["shape"][1].get<std::size_t>();
  rows_per_image_ = number_in(metadata, "rows_per_image");
  grid_ = {number_in(metadata, "grid_height"), number_in(metadata, "grid_width")};
  dtype_ = is(tensor, "dtype", "F64") ? DType::float64 : DType::float32;
  const std::size_t values = (file_bytes - data_begin) / size_of(dtype_);
  why = "expected as many rows as the header says";
  if (features_ == 0 || rows_ > values / features_) return false;
  return rows_ * features_ * size_of(dtype_) == file_bytes - data_begin && rows_per_image_ > 0 &&
         rows_ % rows_per_image_ == 0;
}

RecordedRows::~RecordedRows() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::optional<ActivationView> RecordedRows::read(std::uint64_t first, std::uint64_t count,
                                                 std::string& why) {
  const std::uint64_t row_bytes = features_ * size_of(dtype_);
  buffer_.resize(count * row_bytes);
  if (!read_all(descriptor_, buffer_.data(), buffer_.size(), data_begin + first * row_bytes)) {
    why = path_.string() + ": expected " + std::to_string(rows_) +
          " rows as when it was opened, got fewer";
    return std::nullopt;
  }
  const std::array<std::int64_t, 2> shape{static_cast<std::int64_t>(count),
                                          static_cast<std::int64_t>(features_)};
  return ActivationView(buffer_.data(), dtype_, shape);
}

}  // namespace livecca
