#include "options.hpp"

#include <algorithm>
#include <stdexcept>

#include "file_kind.hpp"

namespace livecca_tests {
namespace {

std::uint64_t number_of(const std::string& name, const std::string& text) {
  if (text.empty() || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) {
    throw std::runtime_error("expected a number after " + name + ", got '" + text + "'");
  }
  return std::stoull(text);
}

void expect_known(const std::string& kind) {
  if (std::ranges::any_of(file_kinds(), [&](const NamedKind& known) { return known.name == kind; }))
    return;
  throw std::runtime_error("expected a kind of files, got '" + kind + "'");
}

}  // namespace

SweepOptions sweep_options(int argc, char** argv) {
  SweepOptions options;
  if (argc < 2) throw std::runtime_error("expected a folder");
  options.folder = argv[1];
  for (int i = 2; i < argc; ++i) {
    const std::string name = argv[i];
    const std::string value = ++i < argc ? argv[i] : "";
    if (name == "--count") {
      options.count = number_of(name, value);
    } else if (name == "--seed") {
      options.seed = number_of(name, value);
    } else if (name == "--kind") {
      expect_known(options.kind = value);
    } else if (name == "--here") {
      options.index = number_of(name, value);
      options.is_here = true;
    } else {
      throw std::runtime_error("expected --count, --seed, --kind or --here, got " + name);
    }
  }
  if (options.is_here && options.kind.empty()) {
    throw std::runtime_error("expected --kind beside --here");
  }
  return options;
}

}  // namespace livecca_tests
