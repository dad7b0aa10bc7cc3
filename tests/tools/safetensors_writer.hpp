#pragma once

#include <bit>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "npy_writer.hpp"

namespace livecca_tests {

/// A tensor to be written: its values in C order, small integers but for F32 and F64.
struct StoredTensor {
  std::string name;
  NpyArray array;
  std::string dtype = "F64";
};

using Metadata = std::vector<std::pair<std::string, std::string>>;

inline std::string element_of_dtype(const std::string& dtype, double value) {
  if (dtype == "F64") return element_bytes("<f8", value);
  if (dtype == "F32") return element_bytes("<f4", value);
  if (dtype == "F16") return element_bytes("<f2", value);
  if (dtype == "BF16") {
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
    return bytes_of(static_cast<std::uint16_t>(bits >> 16U), false);
  }
  if (dtype == "BOOL") return element_bytes("<b1", value);
  if (dtype[0] == 'I' || dtype[0] == 'U') {
    const char* bytes = dtype.ends_with("8")    ? "1"
                        : dtype.ends_with("16") ? "2"
                        : dtype.ends_with("32") ? "4"
                                                : "8";
    return element_bytes((dtype[0] == 'I' ? "<i" : "<u") + std::string(bytes), value);
  }
  return std::string(1, '\0');  // F8_E4M3 and its like
}

/// A header's length, the header and the data.
inline std::string safetensors_of(const std::string& header, const std::string& data) {
  return bytes_of(static_cast<std::uint64_t>(header.size()), false) + header + data;
}

/// `padding` spaces follow the header: the data begin at any byte.
inline std::string safetensors_bytes(const std::vector<StoredTensor>& tensors,
                                     const Metadata& metadata = {}, std::size_t padding = 0) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  for (const auto& [field, text] : metadata) header["__metadata__"][field] = text;
  std::string data;
  for (const StoredTensor& tensor : tensors) {
    const std::size_t begin = data.size();
    for (const double value : tensor.array.values) data += element_of_dtype(tensor.dtype, value);
    header[tensor.name] = {{"dtype", tensor.dtype},
                           {"shape", tensor.array.shape},
                           {"data_offsets", {begin, data.size()}}};
  }
  return safetensors_of(header.dump() + std::string(padding, ' '), data);
}

}  // namespace livecca_tests
