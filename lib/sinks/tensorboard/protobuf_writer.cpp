#include "sinks/tensorboard/protobuf_writer.hpp"

#include <bit>

namespace livecca {
namespace {

enum WireType : unsigned { varint = 0, eight_bytes = 1, length_delimited = 2, four_bytes = 5 };

std::uint64_t key(unsigned field, WireType type) { return (std::uint64_t{field} << 3U) | type; }

}  // namespace

void ProtobufWriter::variable_length(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) bytes_ += static_cast<char>((value & 0x7FU) | 0x80U);
  bytes_ += static_cast<char>(value);
}

void ProtobufWriter::little_endian(std::uint64_t value, unsigned count) {
  for (unsigned i = 0; i < count; ++i) bytes_ += static_cast<char>((value >> (8 * i)) & 0xFFU);
}

void ProtobufWriter::integer(unsigned field, std::int64_t value) {
  variable_length(key(field, varint));
  variable_length(static_cast<std::uint64_t>(value));
}

void ProtobufWriter::float32(unsigned field, float value) {
  variable_length(key(field, four_bytes));
  little_endian(std::bit_cast<std::uint32_t>(value), 4);
}

void ProtobufWriter::float64(unsigned field, double value) {
  variable_length(key(field, eight_bytes));
  little_endian(std::bit_cast<std::uint64_t>(value), 8);
}

void ProtobufWriter::text(unsigned field, std::string_view value) {
  variable_length(key(field, length_delimited));
  variable_length(value.size());
  bytes_ += value;
}

void ProtobufWriter::float64s(unsigned field, std::span<const double> values) {
  variable_length(key(field, length_delimited));
  variable_length(values.size() * 8);
  for (const double value : values) little_endian(std::bit_cast<std::uint64_t>(value), 8);
}

}  // namespace livecca
