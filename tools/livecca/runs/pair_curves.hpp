#pragma once

#include <string>
#include <vector>

#include "runs/run_rows.hpp"
#include "runs/show_options.hpp"

namespace livecca::tool {

/// The curves of one stream to one reference by one measure: what stands in one table. The pointers
/// are into the rows.
struct CurveGroup {
  Stream stream = Stream::probe;
  std::string reference;
  ReferenceKind reference_kind = ReferenceKind::network;
  std::string measure;
  Direction direction = Direction::similarity;
  std::vector<const Curve*> all;
  /// One a layer: with the reference's layer of the same name, or else with the one that is nearest
  /// now.
  std::vector<const Curve*> own;

  bool has_several_a_layer() const { return all.size() > own.size(); }
};

/// "to seed7", "to its own start", …
std::string reference_text(const CurveGroup& group);

/// Whether a value is nearer than another; no value is the furthest.
bool is_nearer(Direction direction, std::optional<double> a, std::optional<double> b);

/// The measure that is shown, with its direction: the one asked for, or the run's first that has
/// rows. Empty if there is none.
std::string shown_measure(const RunRows& rows, const std::string& wanted);

/// In order of first appearance, but for the final state's, which come last. Layers are in the
/// network's order: see LayerOrder.
std::vector<CurveGroup> curve_groups(const RunRows& rows, const ShowOptions& options);

/// Throws InputError with what the run has, if it has nothing of what was asked for.
void check_choice(const RunRows& rows, const ShowOptions& options);

}  // namespace livecca::tool
