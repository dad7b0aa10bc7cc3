#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "moments_file_bytes.hpp"

// Bytes changed at random seldom leave a file whose parts agree. This mutator takes a file apart,
// changes one thing at the level where it means something, and makes length and offsets agree again
// most of the time.

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

using Json = nlohmann::ordered_json;
using Random = std::minstd_rand;
using livecca_fuzz::FileParts;

std::size_t below(std::size_t bound, Random& random) {
  return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
}

/// The fuzzer's own change to a text.
std::string mutated(std::string text, std::size_t room) {
  const std::size_t size = text.size();
  text.resize(std::max(size + room, std::size_t{1}));
  auto* bytes = reinterpret_cast<std::uint8_t*>(text.data());
  text.resize(LLVMFuzzerMutate(bytes, size, text.size()));
  return text;
}

/// Copies and prints of deeper JSON would run out of stack, here and not in the library.
bool is_shallow(const std::string& text) {
  constexpr int deepest = 64;
  int depth = 0;
  for (const char character : text) {
    if (character == '[' || character == '{') ++depth;
    if (character == ']' || character == '}') --depth;
    if (depth > deepest) return false;
  }
  return true;
}

Json parsed(const std::string& text) {
  return is_shallow(text) ? Json::parse(text, nullptr, false) : Json(Json::value_t::discarded);
}

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void collect(Json& json, std::vector<Json*>& all) {
  all.push_back(&json);
  if (!json.is_structured()) return;
  for (Json& value : json) collect(value, all);
}

Json interesting(Random& random) {
  static const std::array<Json, 21> values{nullptr,
                                           true,
                                           false,
                                           0,
                                           1,
                                           2,
                                           3,
                                           -1,
                                           0.5,
                                           1e-320,
                                           1e308,
                                           4294967296U,
                                           std::uint64_t{1} << 53U,
                                           std::numeric_limits<std::uint64_t>::max(),
                                           "",
                                           "fast",
                                           "exact",
                                           "\n\x7F",
                                           "\xC2\x9B",
                                           Json::array(),
                                           Json::object()};
  return values[below(values.size(), random)];
}

/// Adds, repeats or drops something within an array or object.
void change_members(Json& json, Random& random) {
  if (json.empty()) return;
  auto place = json.begin();
  std::advance(place, static_cast<std::ptrdiff_t>(below(json.size(), random)));
  if (json.is_array() && below(2, random) == 0) {
    const Json copy = *place;
    json.push_back(copy);
  } else {
    json.erase(place);
  }
}

void change_value(Json& root, Random& random) {
  std::vector<Json*> all;
  collect(root, all);
  Json& chosen = *all[below(all.size(), random)];
  const std::size_t kind = below(4, random);
  if (kind == 0 && chosen.is_structured()) {
    change_members(chosen, random);
  } else if (kind == 1) {
    const Json copy = *all[below(all.size(), random)];
    chosen = copy;
  } else if (kind == 2 && chosen.is_number_unsigned()) {
    chosen = chosen.get<std::uint64_t>() + (below(2, random) == 0 ? 1 : ~std::uint64_t{0});
  } else {
    chosen = interesting(random);
  }
}

/// Lays the tensors out one after the other as their shapes ask, if that is within bounds.
void lay_out(Json& header, std::string& data, std::size_t most_bytes) {
  std::uint64_t end = 0;
  for (auto& [name, tensor] : header.items()) {
    if (name == "__metadata__" || !tensor.is_object() || !tensor.contains("shape")) continue;
    std::uint64_t bytes = sizeof(double);
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

void change_facts(Json& header, Random& random) {
  if (!header.contains("__metadata__") || !header["__metadata__"].is_object()) return;
  Json& metadata = header["__metadata__"];
  const char* name = below(8, random) == 0 ? "notes" : "moments";
  if (!metadata.contains(name) || !metadata[name].is_string()) return;
  const auto text = metadata[name].get<std::string>();
  Json facts = parsed(text);
  if (facts.is_discarded() || below(3, random) == 0) {
    metadata[name] = mutated(text, 64);
    return;
  }
  change_value(facts, random);
  metadata[name] = dumped(facts);
}

void change_header(FileParts& parts, std::size_t most_bytes, Random& random) {
  Json header = parsed(parts.header);
  if (!header.is_object() || below(4, random) == 0) {
    parts.header = mutated(parts.header, 64);
    return;
  }
  if (below(3, random) == 0) {
    change_value(header, random);
  } else {
    change_facts(header, random);
  }
  if (header.is_object() && below(4, random) != 0) lay_out(header, parts.data, most_bytes);
  parts.header = dumped(header);
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
  const std::size_t count = data.size() / sizeof(double);
  const std::size_t first = below(count, random);
  const std::size_t run = below(4, random) == 0 ? below(count - first, random) + 1 : 1;
  const double value = values[below(values.size(), random)];
  for (std::size_t i = first; i < first + run; ++i) {
    std::memcpy(data.data() + i * sizeof(double), &value, sizeof(double));
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  Random random(seed);
  auto parts = livecca_fuzz::take_apart({reinterpret_cast<const char*>(data), size});
  if (!parts || below(8, random) == 0) return LLVMFuzzerMutate(data, size, max_size);
  for (std::size_t change = below(3, random) + 1; change-- > 0;) {
    if (parts->data.size() >= sizeof(double) && below(4, random) == 0) {
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
