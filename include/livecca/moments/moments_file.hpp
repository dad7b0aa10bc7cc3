#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"
#include "livecca/moments/panel_moments.hpp"

namespace livecca {

/// Facts of the caller's own that go with moments into a file, by name.
using MomentsNotes = std::map<std::string, std::string>;

/// Writes a window's moments as a safetensors file, whole or not at all: into a temporary file,
/// synced to the disk, then renamed. Any safetensors reader can read the tensors. Layout of version
/// 1, I a tap's or pair's index, K a block's:
///
///     metadata   format        "livecca.moments"
///                version       "1"
///                checksum      "crc32c:" and 8 hexadecimal digits, of the header's text with these
///                              digits as zeros, followed by the data
///                moments       JSON: names, grids, weights, counts, faults. A grid is [height,
///                              width], or [depth, height, width] where the depth is not 1; a
///                              frequency and its multiplicity are there only of taps that have one
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
/// The JSON of the facts may have 8 MiB, that of the notes 1 MiB.
///
/// Fails if the file cannot be written. What lay under that name before is then untouched. Under a
/// limit on the size of files (RLIMIT_FSIZE) the system first sends SIGXFSZ, which ends a process
/// that does not ignore it: a host that may run under one should. The library leaves signals alone.
LIVECCA_EXPORT Result<void> save_moments(const std::filesystem::path& path,
                                         const PanelMoments& moments, const MomentsNotes& notes);

/// What a moments file holds.
struct StoredMoments {
  PanelMoments moments;
  MomentsNotes notes;
};

/// Reads what save_moments() wrote, of this version or an earlier one. Fails if the file is not
/// whole, was changed, or is not such a file; the reason begins with the path. Takes no more memory
/// than a few times the file's size, and at most 300 MB for the JSON of facts and notes, whatever
/// the file says.
LIVECCA_EXPORT Result<StoredMoments> load_moments(const std::filesystem::path& path);

}  // namespace livecca
