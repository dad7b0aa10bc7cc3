#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "livecca/packs/recorded_pack.hpp"

namespace livecca {

/// The pack of each layer, by name; null if it is there and cannot be read now. Iterates in the
/// order in which layers were first set, because rows and tables show layers in the order of
/// watching. Finding is linear in the layers.
class LayerPacks {
 public:
  using Pack = std::shared_ptr<const RecordedPack>;
  using Entry = std::pair<std::string, Pack>;

  LayerPacks() = default;
  LayerPacks(const std::string& layer, Pack pack) { set(layer, std::move(pack)); }

  void set(const std::string& layer, Pack pack) {
    const auto found = std::ranges::find(entries_, layer, &Entry::first);
    if (found == entries_.end()) {
      entries_.emplace_back(layer, std::move(pack));
    } else {
      found->second = std::move(pack);
    }
  }
  /// Null if there is no such layer.
  Pack find(const std::string& layer) const {
    const auto found = std::ranges::find(entries_, layer, &Entry::first);
    return found == entries_.end() ? nullptr : found->second;
  }
  bool contains(const std::string& layer) const { return find(layer) != nullptr; }
  template <typename Predicate>
  void erase_if(const Predicate& predicate) {
    std::erase_if(entries_, predicate);
  }
  void clear() { entries_.clear(); }
  bool empty() const { return entries_.empty(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  std::vector<Entry> entries_;
};

}  // namespace livecca
