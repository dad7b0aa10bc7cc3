#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace livecca_fuzz {

/// A file in the two parts that follow its length.
struct FileParts {
  std::string header;
  std::string data;
};

/// Nothing if the length is beyond the bytes.
std::optional<FileParts> take_apart(std::string_view bytes);
/// With the right length in front.
std::string put_together(const FileParts& parts);

/// The file with the checksum that its contents have: what a stranger who means harm would give.
/// Nothing if it has no place for one.
std::optional<std::string> with_right_checksum(std::string_view bytes);

}  // namespace livecca_fuzz
