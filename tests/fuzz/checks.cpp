#include "checks.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace livecca_fuzz {

Verdicts& verdicts() {
  static Verdicts counted;
  return counted;
}

void expect(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz target: expected %s\n", what.c_str());
  std::abort();
}

bool is_one_line(const std::string& text) {
  const bool has_control = std::ranges::any_of(text, [](char character) {
    return static_cast<unsigned char>(character) < ' ' || character == '\x7F';
  });
  try {
    return !has_control && !nlohmann::json(text).dump().empty();
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

void check_refusal(const std::string& path, const std::string& why) {
  expect(is_one_line(why), "a reason in one line, got '" + why + "'");
  expect(why.starts_with(path + ": ") && why.size() > path.size() + 2,
         "a reason behind the path, got '" + why + "'");
}

FileInMemory::FileInMemory() : descriptor_(::memfd_create("input", MFD_CLOEXEC)) {
  expect(descriptor_ >= 0, "a file in memory");
  path_ = "/proc/self/fd/" + std::to_string(descriptor_);
}

FileInMemory::~FileInMemory() { ::close(descriptor_); }

void FileInMemory::hold(std::string_view bytes) const {
  const auto size = static_cast<ssize_t>(bytes.size());
  expect(::ftruncate(descriptor_, 0) == 0 &&
             ::pwrite(descriptor_, bytes.data(), bytes.size(), 0) == size,
         "room for a file in memory");
}

}  // namespace livecca_fuzz
