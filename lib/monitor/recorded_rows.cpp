#include "monitor/recorded_rows.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>

#include "common/safetensors.hpp"

namespace livecca {
namespace {

// The header's room is fixed, so rows can be written before their number is known; and the rows
// begin on a page.
constexpr std::size_t data_begin = 4096;
// Rows converted at a time.
constexpr std::size_t rows_at_once = 1024;

/// A non-negative integer held as a string, as safetensors metadata wants it; 0 if it is none.
std::size_t number_in(const SafetensorsHeader& header, const char* name) {
  const auto found = header.metadata.find(name);
  return found == header.metadata.end() ? 0 : std::strtoull(found->second.c_str(), nullptr, 10);
}

}  // namespace

RecordedRowsWriter::RecordedRowsWriter(std::filesystem::path path) : file_(std::move(path)) {}

void RecordedRowsWriter::begin(const PackedRows& rows) {
  std::error_code ignored;  // if the folder is not there, the first write says so
  std::filesystem::create_directories(file_.path().parent_path(), ignored);
  features_ = rows.features();
  rows_per_image_ = rows.rows_per_image();
  grid_ = rows.grid();
  dtype_ = rows.dtype() == DType::float64 ? DType::float64 : DType::float32;
  bytes_ = data_begin;
}

bool RecordedRowsWriter::fits(const PackedRows& rows, std::string& why) const {
  if (!rows.is_even()) {
    why = file_.path().string() +
          ": expected no masked steps where every step is a sample, got some; they are not kept";
    return false;
  }
  const bool is_wide = rows.dtype() == DType::float64;
  if (rows.features() == features_ && rows.grid() == grid_ &&
      is_wide == (dtype_ == DType::float64)) {
    return true;
  }
  why = file_.path().string() + ": expected " + std::to_string(features_) + " features of " +
        name_of(dtype_) + " on " + grid_.text() + " positions, got " +
        std::to_string(rows.features()) + " of " + name_of(rows.dtype()) + " on " +
        rows.grid().text();
  return false;
}

bool RecordedRowsWriter::append(const PackedRows& rows, std::string& why) {
  if (bytes_ == 0) begin(rows);
  if (!fits(rows, why)) return false;
  for (std::size_t first = 0; first < rows.rows(); first += rows_at_once) {
    const std::size_t count = std::min(rows_at_once, rows.rows() - first);
    buffer_.resize(count * features_ * size_of(dtype_));
    if (dtype_ == DType::float64) {
      rows.read(first, count, {reinterpret_cast<double*>(buffer_.data()), count * features_});
    } else {
      rows.read(first, count, {reinterpret_cast<float*>(buffer_.data()), count * features_});
    }
    if (!file_.write_at(bytes_, buffer_, why)) return false;
    bytes_ += buffer_.size();
  }
  const auto valid = rows.valid();
  if (!valid_.empty() || std::ranges::find(valid, std::uint8_t{0}) != valid.end()) {
    valid_.resize(rows_, 1);
    valid_.insert(valid_.end(), valid.begin(), valid.end());
    valid_.resize(rows_ + rows.rows(), 1);
  }
  rows_ += rows.rows();
  return true;
}

bool RecordedRowsWriter::finish(std::string& why) {
  if (rows_ == 0) {
    why = file_.path().string() + ": expected rows, got none";
    return false;
  }
  const std::uint64_t end = bytes_ - data_begin;
  std::vector<SafetensorsTensor> tensors{{.name = "rows",
                                          .dtype = dtype_ == DType::float64 ? "F64" : "F32",
                                          .shape = {rows_, features_},
                                          .begin = 0,
                                          .end = end}};
  if (!valid_.empty()) {
    tensors.push_back(
        {.name = "valid", .dtype = "U8", .shape = {rows_}, .begin = end, .end = end + rows_});
    if (!file_.write_at(bytes_, std::as_bytes(std::span(valid_)), why)) return false;
    bytes_ += rows_;
  }
  SafetensorsMetadata metadata{{"format", "livecca.recorded_rows"},
                               {"version", "1"},
                               {"rows_per_image", std::to_string(rows_per_image_)},
                               {"grid_height", std::to_string(grid_.height)},
                               {"grid_width", std::to_string(grid_.width)}};
  if (grid_.depth != 1) metadata.emplace_back("grid_depth", std::to_string(grid_.depth));
  const auto header = write_safetensors_header(metadata, tensors, why, data_begin);
  if (!header) {
    why = file_.path().string() + ": " + why;
    return false;
  }
  // No sync: on a training thread it costs more than the file, which its reader checks for size.
  return file_.write_at(0, std::as_bytes(std::span(*header)), why) &&
         file_.commit(AtomicFile::Sync::none, why);
}

std::shared_ptr<RecordedRows> RecordedRows::open(const std::filesystem::path& path,
                                                 std::string& why) {
  auto file = InputFile::open(path, why);
  if (!file) return nullptr;
  std::shared_ptr<RecordedRows> result(new RecordedRows(std::move(*file)));
  if (!result->read_header(why)) return nullptr;
  return result;
}

bool RecordedRows::read_header(std::string& why) {
  const auto fail = [&](const char* reason) {
    why = file_.path().string() + ": " + reason;
    return false;
  };
  SafetensorsHeader header;
  std::string text;
  if (!read_safetensors_header(file_, header, text, why)) return false;
  const SafetensorsTensor* rows = header.find("rows");
  const SafetensorsTensor* valid = header.find("valid");
  if (header.metadata["version"] != "1" || header.data_begin != data_begin ||
      header.tensors.size() != (valid == nullptr ? 1 : 2) || rows == nullptr || rows->begin != 0 ||
      rows->shape.size() != 2 || (rows->dtype != "F32" && rows->dtype != "F64")) {
    return fail("expected the header of recorded rows, version 1");
  }
  rows_ = rows->shape[0];
  features_ = rows->shape[1];
  rows_per_image_ = number_in(header, "rows_per_image");
  grid_ = {.height = number_in(header, "grid_height"), .width = number_in(header, "grid_width")};
  if (header.metadata.contains("grid_depth")) grid_.depth = number_in(header, "grid_depth");
  dtype_ = rows->dtype == "F64" ? DType::float64 : DType::float32;
  if (rows_ == 0 || features_ == 0 || rows_per_image_ == 0 || rows_ % rows_per_image_ != 0) {
    return fail("expected rows of whole images, got a part of one or none");
  }
  if (valid == nullptr) return true;
  if (valid->dtype != "U8" || valid->shape != std::vector<std::uint64_t>{rows_}) {
    return fail("expected one byte a row that says whether it is valid");
  }
  valid_.resize(rows_);
  return file_.read(data_begin + valid->begin, std::as_writable_bytes(std::span(valid_)), why);
}

std::span<const std::uint8_t> RecordedRows::valid(std::uint64_t first, std::uint64_t count) {
  if (valid_.empty()) return {};
  return std::span(valid_).subspan(first, count);
}

std::optional<ActivationView> RecordedRows::read(std::uint64_t first, std::uint64_t count,
                                                 std::string& why) {
  const std::uint64_t row_bytes = features_ * size_of(dtype_);
  buffer_.resize(count * row_bytes);
  if (!file_.read(data_begin + first * row_bytes, buffer_, why)) return std::nullopt;
  const std::array<std::int64_t, 2> shape{static_cast<std::int64_t>(count),
                                          static_cast<std::int64_t>(features_)};
  return ActivationView(buffer_.data(), dtype_, shape);
}

}  // namespace livecca
