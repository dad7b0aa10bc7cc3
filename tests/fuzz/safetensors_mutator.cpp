#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

#include "json_mutation.hpp"
#include "safetensors_bytes.hpp"

// Bytes changed at random seldom leave a file whose parts agree. This mutator takes a safetensors
// file apart, changes one thing at the level where it means something, and makes length and offsets
// agree again most of the time.

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

using livecca_fuzz::below;
using livecca_fuzz::dumped;
using livecca_fuzz::FileParts;
using livecca_fuzz::Json;
using livecca_fuzz::mutated;
using livecca_fuzz::parsed;
using livecca_fuzz::Random;

std::uint64_t bytes_of_element(const Json& tensor) {
  const Json dtype = tensor.contains("dtype") ? tensor["dtype"] : Json();
  if (dtype == "U8") return 1;
  if (dtype == "F16") return 2;
  return dtype == "F32" ? 4 : 8;
}

/// Lays the tensors out one after the other as their shapes ask, if that is within bounds.
void lay_out(Json& header, std::string& data, std::size_t most_bytes) {
  std::uint64_t end = 0;
  for (auto& [name, tensor] : header.items()) {
    if (name == "__metadata__" || !tensor.is_object() || !tensor.contains("shape")) continue;
    std::uint64_t bytes = bytes_of_element(tensor);
    for (const Json& extent : tensor["shape"]) {
      if (!extent.is_number_unsigned() || extent.get<std::uint64_t>() > most_bytes) return;
      bytes *= extent.get<std::uint64_t>();
      if (bytes > most_bytes) return;
    }
    tensor["data_offsets"] = {end, end + bytes};
    end += bytes;
    if (end > most_bytes) return;
  }
  data.resize(end, '\x3F');
}

/// Changes the JSON in one of the file's own texts, mostly in the longest: that has the facts.
void change_facts(Json& header, Random& random) {
  if (!header.contains("__metadata__") || !header["__metadata__"].is_object()) return;
  Json& metadata = header["__metadata__"];
  if (metadata.empty()) return;
  const auto length = [](const Json& text) {
    return text.is_string() ? text.get_ref<const std::string&>().size() : 0;
  };
  auto chosen =
      std::max_element(metadata.begin(), metadata.end(),
                       [&](const Json& a, const Json& b) { return length(a) < length(b); });
  if (below(8, random) == 0) {
    chosen = metadata.begin();
    std::advance(chosen, static_cast<std::ptrdiff_t>(below(metadata.size(), random)));
  }
  if (!chosen->is_string()) return;
  const auto text = chosen->get<std::string>();
  Json facts = parsed(text);
  if (facts.is_discarded() || below(3, random) == 0) {
    *chosen = mutated(text, 64);
    return;
  }
  livecca_fuzz::change_value(facts, random);
  *chosen = dumped(facts);
}

void change_header(FileParts& parts, std::size_t most_bytes, Random& random) {
  Json header = parsed(parts.header);
  if (!header.is_object() || below(4, random) == 0) {
    parts.header = mutated(parts.header, 64);
    return;
  }
  if (below(3, random) == 0) {
    livecca_fuzz::change_value(header, random);
  } else {
    change_facts(header, random);
  }
  if (header.is_object() && below(4, random) != 0) lay_out(header, parts.data, most_bytes);
  parts.header = dumped(header);
}

template <typename Number>
void put_numbers(std::string& data, Number value, Random& random) {
  const std::size_t count = data.size() / sizeof(Number);
  if (count == 0) return;
  const std::size_t first = below(count, random);
  const std::size_t run = below(4, random) == 0 ? below(count - first, random) + 1 : 1;
  for (std::size_t i = first; i < first + run; ++i) {
    std::memcpy(data.data() + i * sizeof(Number), &value, sizeof(Number));
  }
}

void change_number(std::string& data, Random& random) {
  using Limits = std::numeric_limits<double>;
  static constexpr std::array values{0.0,
                                     -0.0,
                                     1.0,
                                     -1.0,
                                     1e-300,
                                     1e150,
                                     -1e150,
                                     Limits::max(),
                                     Limits::lowest(),
                                     Limits::denorm_min(),
                                     Limits::infinity(),
                                     -Limits::infinity(),
                                     Limits::quiet_NaN()};
  // Zero, the least, one, the largest, infinity and NaN in half precision.
  static constexpr std::array<std::uint16_t, 6> halves{0, 1, 0x3C00, 0x7BFF, 0x7C00, 0x7E00};
  const double value = values[below(values.size(), random)];
  switch (below(6, random)) {
    case 0: {
      const bool is_wide = std::isfinite(value) && std::abs(value) > 1e38;
      put_numbers(data, is_wide ? std::numeric_limits<float>::max() : static_cast<float>(value),
                  random);
      break;
    }
    case 1:
      put_numbers(data, halves[below(halves.size(), random)], random);
      break;
    case 2:
      put_numbers(data, static_cast<std::uint8_t>(below(3, random)), random);
      break;
    default:
      put_numbers(data, value, random);
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  Random random(seed);
  auto parts = livecca_fuzz::take_apart({reinterpret_cast<const char*>(data), size});
  if (!parts || below(8, random) == 0) return LLVMFuzzerMutate(data, size, max_size);
  for (std::size_t change = below(3, random) + 1; change-- > 0;) {
    if (!parts->data.empty() && below(4, random) == 0) {
      change_number(parts->data, random);
    } else {
      change_header(*parts, max_size, random);
    }
  }
  const std::string bytes = livecca_fuzz::put_together(*parts);
  if (bytes.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::ranges::copy(bytes, data);
  return bytes.size();
}
