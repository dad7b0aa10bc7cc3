#include "json_mutation.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace livecca_fuzz {
namespace {

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

void collect(Json& json, std::vector<Json*>& all) {
  all.push_back(&json);
  if (!json.is_structured()) return;
  for (Json& value : json) collect(value, all);
}

Json interesting(Random& random) {
  static const std::array<Json, 24> values{nullptr,
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
                                           std::numeric_limits<std::int64_t>::min(),
                                           std::uint64_t{1} << 63U,
                                           std::numeric_limits<std::uint64_t>::max(),
                                           "",
                                           "fast",
                                           "exact",
                                           "train",
                                           "\n\x7F",
                                           "\xC2\x9B",
                                           Json::array(),
                                           Json::object()};
  return values[below(values.size(), random)];
}

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

/// Changes the JSON that a text holds; other texts become another.
void change_text(Json& text, Random& random) {
  Json within = parsed(text.get<std::string>());
  if (within.is_structured()) {
    change_value(within, random);
    text = dumped(within);
  } else {
    text = mutated(text.get<std::string>(), 16);
  }
}

}  // namespace

std::size_t below(std::size_t bound, Random& random) {
  return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
}

std::string mutated(std::string text, std::size_t room) {
  const std::size_t size = text.size();
  text.resize(std::max(size + room, std::size_t{1}));
  auto* bytes = reinterpret_cast<std::uint8_t*>(text.data());
  text.resize(LLVMFuzzerMutate(bytes, size, text.size()));
  return text;
}

Json parsed(const std::string& text) {
  return is_shallow(text) ? Json::parse(text, nullptr, false) : Json(Json::value_t::discarded);
}

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
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
  } else if (kind != 3 && chosen.is_string()) {
    change_text(chosen, random);
  } else {
    chosen = interesting(random);
  }
}

}  // namespace livecca_fuzz
