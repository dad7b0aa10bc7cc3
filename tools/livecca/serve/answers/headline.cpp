#include "serve/answers/headline.hpp"

#include <algorithm>
#include <tuple>

#include "runs/pair_curves.hpp"

namespace livecca::tool {
namespace {

/// References in the order of what they tell.
int place_of(ReferenceKind kind) {
  switch (kind) {
    case ReferenceKind::network:
    case ReferenceKind::pack:
      return 0;
    case ReferenceKind::start:
      return 1;
    case ReferenceKind::before:
      return 2;
    case ReferenceKind::final:
      break;
  }
  return 3;
}

}  // namespace

std::optional<Headline> headline_of(const RunRows& rows) {
  const std::string measure = shown_measure(rows, "");
  const Curve* best = nullptr;
  const auto rank_of = [](const Curve& curve) {
    return std::tuple(curve.key.stream != Stream::probe, place_of(curve.reference_kind));
  };
  for (const Curve& curve : rows.curves) {
    if (curve.key.measure != measure) continue;
    if (best == nullptr || rank_of(curve) < rank_of(*best)) best = &curve;
  }
  if (best == nullptr) return std::nullopt;
  return Headline{best->key.stream, best->key.reference, best->key.measure};
}

std::vector<Reference> references_of(const RunRows& rows) {
  std::vector<Reference> references;
  for (const Curve& curve : rows.curves) {
    if (std::ranges::find(references, curve.key.reference, &Reference::name) == references.end()) {
      references.push_back({curve.key.reference, curve.reference_kind});
    }
  }
  std::ranges::stable_sort(references, {},
                           [](const Reference& reference) { return place_of(reference.kind); });
  const auto headline = headline_of(rows);
  if (headline) {
    std::stable_partition(references.begin(), references.end(), [&](const Reference& reference) {
      return reference.name == headline->reference;
    });
  }
  return references;
}

std::vector<std::string> measures_of(const RunRows& rows) {
  std::vector<std::string> measures;
  if (const auto headline = headline_of(rows)) measures.push_back(headline->measure);
  for (const Curve& curve : rows.curves) {
    if (std::ranges::find(measures, curve.key.measure) == measures.end()) {
      measures.push_back(curve.key.measure);
    }
  }
  return measures;
}

std::vector<Stream> streams_of(const RunRows& rows) {
  std::vector<Stream> streams;
  for (const Stream stream : {Stream::probe, Stream::train}) {
    if (std::ranges::any_of(rows.curves,
                            [&](const Curve& curve) { return curve.key.stream == stream; })) {
      streams.push_back(stream);
    }
  }
  return streams;
}

}  // namespace livecca::tool
