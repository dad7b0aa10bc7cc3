#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace livecca {

/// A message in protobuf's wire format (protobuf.dev, "Encoding"): fields are written in the order
/// of the calls. Whether a field that has its default value is written is the caller's choice.
class ProtobufWriter {
 public:
  /// int32, int64, uint64, bool and enum fields.
  void integer(unsigned field, std::int64_t value);
  void float32(unsigned field, float value);
  void float64(unsigned field, double value);
  /// bytes and string fields; a string must be UTF-8.
  void text(unsigned field, std::string_view value);
  void message(unsigned field, const ProtobufWriter& value) { text(field, value.bytes_); }
  /// A repeated double field, packed.
  void float64s(unsigned field, std::span<const double> values);

  const std::string& bytes() const { return bytes_; }

 private:
  void variable_length(std::uint64_t value);
  void little_endian(std::uint64_t value, unsigned count);

  std::string bytes_;
};

}  // namespace livecca
