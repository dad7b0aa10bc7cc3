#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"
#include "livecca/moments/panel_moments.hpp"

namespace livecca {

/// The caller's own facts, by name. They are stored in the file with the moments.
using MomentsNotes = std::map<std::string, std::string>;

/// Writes a window's moments as a safetensors file. The file is written to a temporary file, synced
/// to the disk and then renamed, so it is complete or absent. Any safetensors reader can read the
/// tensors. This is version 1 of the format; I is the index of a tap or pair, K of a block:
///
///     metadata   format        "livecca.moments"
///                version       "1"
///                checksum      "crc32c:" and 8 hexadecimal digits, of the header's text with these
///                              digits as zeros, followed by the data
///                moments       JSON: names, grids, weights, counts, faults. A grid is [height,
///                              width], or [depth, height, width] if the depth is not 1. Only taps
///                              of a frequency have a frequency and its multiplicity. Pairs of
///                              equal widths have a squared_difference, which older files lack
///                notes         JSON object of strings: the caller's
///     tensors    taps.I.scatter                                F64, features × features
///                taps.I.mean_origin, taps.I.mean_offset        F64, features; the mean is
///                                                              their sum
///                taps.I.norm_sums                              F64, 2 + features: Σp, Σp², Σp·x
///                pairs.I.product                               F64, features x × features y
///                pairs.I.mean_x_origin, …_offset, mean_y_…     F64, features
///                pairs.I.norm_sums                             F64, 3 + both features:
///                                                              Σp, Σq, Σpq, Σq·x, Σp·y
///                blocks.K.taps.…, blocks.K.pairs.…             the same, if the window has blocks
///
/// The JSON of the facts may have up to 8 MiB, and the JSON of the notes up to 1 MiB.
///
/// Fails if the file cannot be written, if a name or a note is not UTF-8, or if facts or notes are
/// larger than that. An earlier file of that name is then unchanged. If a limit
/// on file sizes (RLIMIT_FSIZE) is exceeded, the system sends SIGXFSZ first. This signal ends a
/// process that does not ignore it. A host that may run under such a limit should ignore it,
/// because the library never changes signals.
LIVECCA_EXPORT Result<void> save_moments(const std::filesystem::path& path,
                                         const PanelMoments& moments, const MomentsNotes& notes);

/// The content of a moments file.
struct StoredMoments {
  PanelMoments moments;
  MomentsNotes notes;
};

/// Reads a file of save_moments(), of this version or an earlier one. Fails if the file is
/// incomplete, was changed, or is another kind of file. The reason begins with the path. Memory: a
/// few times the file's size, and at most 300 MB for the JSON of facts and notes, whatever the file
/// claims.
LIVECCA_EXPORT Result<StoredMoments> load_moments(const std::filesystem::path& path);

}  // namespace livecca
