#pragma once

#include <string>
#include <vector>

namespace livecca::tool {

/// Writes the page with all data of the runs into one file that a browser opens without a server:
/// see docs/serve.md. The file is written whole or not at all. Throws InputError.
void export_page(const std::vector<std::string>& runs, const std::string& file);

}  // namespace livecca::tool
