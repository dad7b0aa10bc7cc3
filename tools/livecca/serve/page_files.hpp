#pragma once

#include <string_view>

namespace livecca::tool {

// The page that is built into the program, from tools/page/built: see page_files.cmake.

/// A file of the page.
struct PageFile {
  std::string_view path;  ///< that requests have: "/", "/app.js", …
  std::string_view type;
  std::string_view text;
  std::string_view sha256;  ///< hexadecimal
};

/// Null if the page has no file of this path.
const PageFile* page_file(std::string_view path);

}  // namespace livecca::tool
