#pragma once

#include <functional>
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

/// Tries a fuzzer's input as it is and, if that is another file, with its right checksum.
void as_it_is_and_corrected(std::string_view bytes,
                            const std::function<void(const std::string&)>& try_file);

}  // namespace livecca_fuzz
