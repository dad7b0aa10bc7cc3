#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "support/file_text.hpp"
#include "support/temporary_folder.hpp"

namespace livecca_tests {

/// What `promtool check metrics` says against a page; nothing if it is content.
inline std::string complaints_of_promtool(const std::string& page) {
  const TemporaryFolder folder;
  write_text(folder.path() / "page", page);
  const std::string command =
      "'" LIVECCA_PROMETHEUS_PACKAGE "/usr/bin/promtool' check metrics < '" +
      (folder.path() / "page").string() + "' > '" + (folder.path() / "said").string() + "' 2>&1";
  const int result = std::system(command.c_str());  // NOLINT(cert-env33-c): a test's own command
  const std::string said = text_of(folder.path() / "said");
  return result == 0 ? said : "exit status " + std::to_string(result) + ": " + said;
}

}  // namespace livecca_tests
