#include "runs/layer_matches.hpp"

#include <algorithm>
#include <cstdio>
#include <sstream>

#include "livecca/measures/measure.hpp"
#include "text/ink.hpp"
#include "text/output_text.hpp"
#include "text/sparkline.hpp"
#include "text/table_names.hpp"

namespace livecca::tool {
namespace {

/// What of the group has a value of one layer, the nearest first.
std::vector<const Curve*> nearest_first(const CurveGroup& group, const std::string& layer) {
  std::vector<const Curve*> curves;
  for (const Curve* curve : group.all) {
    if (curve->key.layer == layer && curve->latest()) curves.push_back(curve);
  }
  std::ranges::stable_sort(curves, [&](const Curve* a, const Curve* b) {
    return is_nearer(group.direction, a->latest(), b->latest());
  });
  return curves;
}

std::vector<std::string> reference_layers(const CurveGroup& group) {
  std::vector<std::string> layers;
  for (const Curve* curve : group.all) {
    const std::string& layer = curve->key.reference_layer;
    if (std::ranges::find(layers, layer) == layers.end()) layers.push_back(layer);
  }
  return layers;
}

std::string bars_of(const CurveGroup& group, const std::string& layer,
                    const std::vector<std::string>& reference_layers, double highest) {
  std::string bars;
  for (const std::string& reference_layer : reference_layers) {
    const auto place = std::ranges::find_if(group.all, [&](const Curve* curve) {
      return curve->key.layer == layer && curve->key.reference_layer == reference_layer;
    });
    bars += place == group.all.end() ? " " : bar((*place)->latest(), 0, highest);
  }
  return bars;
}

std::string nearest_text(const std::vector<const Curve*>& nearest, const TableNames& names,
                         std::size_t most) {
  const auto text = [&](const Curve& curve) {
    return names.of(curve.key.reference_layer) + " " +
           marked_number(curve.latest(), curve.is_at_floor());
  };
  if (nearest.empty()) return "-";
  return text(*nearest[0]) +
         (std::min(most, nearest.size()) > 1 ? ", then " + text(*nearest[1]) : "");
}

/// Whether the best of as many unrelated layers may be as near as the nearest one.
bool is_chance(const std::vector<const Curve*>& nearest) {
  return !nearest.empty() && nearest.front()->is_at_floor(nearest.size());
}

/// Where the layer of its own name is there but another is nearer.
bool is_elsewhere(const std::vector<const Curve*>& nearest, const Curve& own) {
  return own.key.reference_layer == own.key.layer && !nearest.empty() && nearest.front() != &own &&
         !is_chance(nearest);
}

std::vector<std::string> all_layers(const CurveGroup& group) {
  std::vector<std::string> layers = reference_layers(group);
  for (const Curve* own : group.own) layers.push_back(own->key.layer);
  return layers;
}

class Matches {
 public:
  Matches(const CurveGroup& group, const Canvas& canvas)
      : group_(group),
        canvas_(canvas),
        columns_(reference_layers(group)),
        names_(all_layers(group), std::max<std::size_t>(10, canvas.width / 4)) {
    for (const Curve* curve : group.all) {
      highest_ = std::max(highest_, curve->latest().value_or(0));
    }
    highest_ = full_bar(highest_);
  }

  std::string title() const {
    char scale[64];
    std::snprintf(scale, sizeof(scale), "; █ is %.4g, %s is near", highest_,
                  group_.direction == Direction::distance ? "low" : "high");
    const std::string name =
        group_.measure + " now, " + reference_text(group_) + ", layer by layer";
    const std::size_t room = canvas_.width - std::min(canvas_.width / 2, width_of(scale));
    return inked(cut_end(name, room), Ink::title, canvas_.colours) + scale + "\n";
  }

  /// With the next nearest where there is room.
  std::string table() const {
    std::string text = table(2, false);
    std::size_t widest = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) widest = std::max(widest, width_of(line));
    return table(widest <= canvas_.width ? 2 : 1, canvas_.colours);
  }

 private:
  std::string table(std::size_t most_nearest, bool colours) const {
    // Bars of a very deep reference are left out: cut, they would not say which layer is which.
    const bool has_bars = columns_.size() <= canvas_.width / 3;
    TextTable text(true);
    text.add({"  layer", has_bars ? "to each" : "", "nearest"});
    for (const Curve* own : group_.own) {
      const std::string& layer = own->key.layer;
      const auto nearest = nearest_first(group_, layer);
      const std::string words = nearest_text(nearest, names_, most_nearest) +
                                (is_chance(nearest) ? ", as unrelated layers may be" : "");
      text.add({"  " + names_.of(layer), has_bars ? bars_of(group_, layer, columns_, highest_) : "",
                is_elsewhere(nearest, *own) ? inked(words, Ink::alarm, colours) : words});
    }
    return text.text();
  }

  const CurveGroup& group_;
  Canvas canvas_;
  std::vector<std::string> columns_;  // the reference's layers
  TableNames names_;
  double highest_ = 0;  // of a full bar
};

}  // namespace

std::string layer_matches_text(const CurveGroup& group, const Canvas& canvas) {
  const Matches matches(group, canvas);
  return matches.title() + matches.table();
}

}  // namespace livecca::tool
