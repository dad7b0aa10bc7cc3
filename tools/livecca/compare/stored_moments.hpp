#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "compare/comparison.hpp"

namespace livecca::tool {

/// Refuses a path that moments cannot be saved under, or that would overwrite an input: better
/// before the files are read than after. Throws InputError.
void expect_writable(const std::string& path, const std::vector<std::string>& inputs);

/// Adds another layer's moments to those of the layers before it.
void append(PanelMoments& all, PanelMoments layer);

/// Throws InputError.
void save(const std::string& path, const PanelMoments& moments, const MomentsNotes& notes);

/// Solves every pair in a file of moments and prints what compare printed. Throws InputError if it
/// is none, or has no pairs.
void solve_file(const std::string& path, const ResultOptions& options, bool json,
                std::ostream& out);

/// Merges two or more files of moments, in their order, into one. Throws InputError, and writes
/// nothing, if one cannot be read, if they do not belong together, if two hold the same samples, if
/// no pair is left, or if `out` is there and is none of them. Returns remarks, one line each: on
/// every tap or pair that was lost on the way, and on files made from other files' names.
std::vector<std::string> merge_files(const std::string& out, const std::vector<std::string>& in);

}  // namespace livecca::tool
