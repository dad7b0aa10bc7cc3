#include "sinks/tensorboard/run_names.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "common/fnv1a.hpp"
#include "common/hexadecimal.hpp"
#include "sinks/tensorboard/tags.hpp"

namespace livecca {
namespace {

constexpr std::size_t longest_part = 200;  // file systems take 255 bytes; "~~2" may follow
constexpr std::size_t longest_name = 800;  // whole paths are of at most 4096
constexpr std::size_t kept_of_long = 120;

/// What lies between two '/'.
std::string folder_part(const std::string& part) {
  std::string folder = tag_part(part);
  const bool leads_elsewhere =
      folder.front() == '.' || folder == floor_run || folder.starts_with("events.out.tfevents.");
  if (!leads_elsewhere) return folder;
  return percent_encoded(folder.front()) + folder.substr(1);
}

std::string folder_parts(const std::string& name) {
  std::string folder;
  for (std::size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
    end = name.find('/', begin);
    if (begin > 0) folder += '/';
    folder += folder_part(name.substr(begin, end == std::string::npos ? end : end - begin));
  }
  return folder;
}

bool is_too_long(const std::string& folder) {
  if (folder.size() > longest_name) return true;
  for (std::size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
    end = folder.find('/', begin);
    if ((end == std::string::npos ? folder.size() : end) - begin > longest_part) return true;
  }
  return false;
}

/// Not between two bytes of a character.
std::string beginning_of(const std::string& text, std::size_t size) {
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return text.substr(0, size);
}

}  // namespace

std::string layer_run(const std::string& layer, const std::string& reference_layer) {
  std::string folder = folder_parts(layer);
  if (reference_layer != layer) folder += '~' + folder_parts(reference_layer);
  if (!is_too_long(folder)) return folder;
  const std::string flat = folder_part(layer);
  return beginning_of(flat, std::min(flat.size(), kept_of_long)) + "~~~" +
         hexadecimal(fnv1a(folder));
}

}  // namespace livecca
