#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runs/run_rows.hpp"

namespace livecca::tool {

/// The curves that a person sees first.
struct Headline {
  Stream stream = Stream::probe;
  std::string reference;
  std::string measure;
};

/// The probe's distances to another network by the run's first measure; where there is no other
/// network, to the start, then to snapshots before. Empty if there are no curves.
std::optional<Headline> headline_of(const RunRows& rows);

struct Reference {
  std::string name;
  ReferenceKind kind = ReferenceKind::network;
};

/// Each once, the headline's first, the final state last.
std::vector<Reference> references_of(const RunRows& rows);
/// Each once, the headline's first.
std::vector<std::string> measures_of(const RunRows& rows);
std::vector<Stream> streams_of(const RunRows& rows);

}  // namespace livecca::tool
