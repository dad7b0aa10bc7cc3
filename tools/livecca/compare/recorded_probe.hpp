#pragma once

#include <string>
#include <vector>

#include "compare/file_tap.hpp"

namespace livecca::tool {

/// Whether the rows of packs are of the same images and positions, as far as the packs say: throws
/// InputError if not, because they would not pair. Files that are no packs say nothing.
void expect_same_probe(const std::vector<FileTap>& taps);

/// A line where two of these inputs are packs that were recorded on different probes; otherwise
/// empty. Only of files: a folder's are not looked at.
std::string probes_that_differ(const std::vector<std::string>& paths);

}  // namespace livecca::tool
