#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json_mutation.hpp"

// Changes lines of JSON at the level where it means something, and their order. A checkpoint is one
// such line.

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

using livecca_fuzz::below;
using livecca_fuzz::Random;

std::vector<std::string> lines_in(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

void change_line(std::string& line, Random& random) {
  const bool has_end = line.ends_with('\n');
  std::string text = line.substr(0, line.size() - (has_end ? 1 : 0));
  auto json = livecca_fuzz::parsed(text);
  if (json.is_discarded() || below(6, random) == 0) {
    line = livecca_fuzz::mutated(line, 64);
    return;
  }
  livecca_fuzz::change_value(json, random);
  line = livecca_fuzz::dumped(json) + (has_end ? "\n" : "");
}

void change_order(std::vector<std::string>& lines, Random& random) {
  const std::size_t one = below(lines.size(), random);
  const std::size_t other = below(lines.size(), random);
  const auto place = lines.begin() + static_cast<std::ptrdiff_t>(one);
  switch (below(3, random)) {
    case 0:
      lines.erase(place);
      break;
    case 1: {
      const std::string copy = lines[other];
      lines.insert(place, copy);
      break;
    }
    default:
      std::swap(lines[one], lines[other]);
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  Random random(seed);
  auto lines = lines_in({reinterpret_cast<const char*>(data), size});
  if (lines.empty() || below(8, random) == 0) return LLVMFuzzerMutate(data, size, max_size);
  for (std::size_t change = below(3, random) + 1; change-- > 0 && !lines.empty();) {
    if (lines.size() > 1 && below(4, random) == 0) {
      change_order(lines, random);
    } else {
      change_line(lines[below(lines.size(), random)], random);
    }
  }
  std::string bytes;
  for (const std::string& line : lines) bytes += line;
  if (bytes.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::ranges::copy(bytes, data);
  return bytes.size();
}
