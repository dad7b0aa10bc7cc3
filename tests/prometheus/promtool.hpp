#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "file_text.hpp"
#include "temporary_folder.hpp"

namespace livecca_tests {

inline const std::filesystem::path& promtool_path() {
  static const std::filesystem::path path =
      std::filesystem::path(LIVECCA_PROMETHEUS_PACKAGE) / "usr/bin/promtool";
  return path;
}

/// Why pages cannot be checked here; empty if they can.
inline std::string why_no_promtool() {
  if (::access(promtool_path().c_str(), X_OK) == 0) return "";
  return "SKIPPED: no " + promtool_path().string() + "; scripts/get_prometheus.sh says why";
}

/// What `promtool check metrics` says against a page; nothing if it is content.
inline std::string complaints_of_promtool(const std::string& page) {
  const TemporaryFolder folder;
  write_text(folder.path() / "page", page);
  const std::string command = "'" + promtool_path().string() + "' check metrics < '" +
                              (folder.path() / "page").string() + "' > '" +
                              (folder.path() / "said").string() + "' 2>&1";
  const int result = std::system(command.c_str());  // NOLINT(cert-env33-c): a test's own command
  const std::string said = text_of(folder.path() / "said");
  return result == 0 ? said : "exit status " + std::to_string(result) + ": " + said;
}

}  // namespace livecca_tests
