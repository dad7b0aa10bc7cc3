#include "runs/layer_order.hpp"

#include "common/natural_order.hpp"

namespace livecca::tool {

LayerOrder::LayerOrder(const RunRows& rows) {
  if (rows.facts) {
    for (const RunRow::Tap& tap : rows.facts->taps) {
      if (tap.network == rows.facts->network) add(tap.layer);
    }
  }
  if (!place_of_.empty()) return;
  for (const std::string& layer : rows.layers_seen) add(layer);
}

bool LayerOrder::operator()(const std::string& a, const std::string& b) const {
  const auto place_of_a = place_of_.find(a);
  const auto place_of_b = place_of_.find(b);
  const bool is_a_known = place_of_a != place_of_.end();
  const bool is_b_known = place_of_b != place_of_.end();
  if (is_a_known && is_b_known) return place_of_a->second < place_of_b->second;
  if (is_a_known || is_b_known) return is_a_known;
  return comes_before_naturally(a, b);
}

}  // namespace livecca::tool
