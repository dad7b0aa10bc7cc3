#include "sinks/tensorboard/picture/picture_names.hpp"

#include <algorithm>

namespace livecca {
namespace {

/// How many characters all names have in common, up to a whole part of a name. `at` gives the i-th
/// character counted from one end.
template <typename At>
std::size_t shared_length(const std::vector<std::string>& names, const At& at) {
  std::size_t length = 0;
  std::size_t whole_parts = 0;
  const auto is_alike = [&](const std::string& name) {
    return length < name.size() && at(name, length) == at(names[0], length);
  };
  while (std::ranges::all_of(names, is_alike)) {
    const char character = at(names[0], length++);
    if (character == '/' || character == '.') whole_parts = length;
  }
  return whole_parts;
}

}  // namespace

std::string shortened(const std::string& name, std::size_t longest) {
  if (name.size() <= longest) return name;
  const std::size_t left = (longest - 2) / 2;
  return name.substr(0, left) + ".." + name.substr(name.size() - (longest - 2 - left));
}

std::vector<std::string> picture_names(std::vector<std::string> names, std::size_t longest) {
  const auto is_short = [&](const std::string& name) { return name.size() <= longest; };
  if (names.size() < 2 || std::ranges::all_of(names, is_short)) return names;
  const std::size_t begin =
      shared_length(names, [](const std::string& name, std::size_t i) { return name[i]; });
  if (begin > 2) {
    for (std::string& name : names) name.replace(0, begin, "..");
  }
  if (std::ranges::all_of(names, is_short)) return names;
  const std::size_t end = shared_length(
      names, [](const std::string& name, std::size_t i) { return name[name.size() - 1 - i]; });
  for (std::string& name : names) {
    if (end > 2 && end < name.size()) name.replace(name.size() - end, end, "..");
    name = shortened(name, longest);
  }
  return names;
}

}  // namespace livecca
