#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runs/run_rows.hpp"

namespace livecca::tool {

/// What a part of the sentence tells.
enum class SentenceKind : std::uint8_t { settled, moving, alarm, chance, note };

/// "settled", "moving", "alarm", "chance" or "note"; nullptr past the last one.
const char* name_of(SentenceKind kind);

struct SentencePart {
  std::string text;
  SentenceKind kind = SentenceKind::note;
  std::vector<std::string> layers{};  ///< all that it is about, also those that it does not name
};

/// The answer to "which layers have converged, and can I believe it?" in one sentence. Alarms come
/// first: "fc has been dead since epoch 12; 4 of 7 layers have settled; conv4 still moves (0.02 an
/// epoch)."
struct Sentence {
  std::vector<SentencePart> parts;  ///< at least one

  /// All parts: they have their semicolons and the full stop.
  std::string text() const;
};

Sentence sentence_of(const RunRows& rows);

}  // namespace livecca::tool
