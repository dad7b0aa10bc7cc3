#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>

namespace livecca {

/// Notes how many features a layer has now. Returns what to say if it had others at the snapshot
/// before, otherwise nothing.
template <typename Key>
std::string changed_width(std::map<Key, std::size_t>& known, const Key& layer,
                          std::size_t features) {
  const auto place = known.try_emplace(layer, features).first;
  const std::size_t before = std::exchange(place->second, features);
  if (before == features) return {};
  return "expected " + std::to_string(before) + " features as in the snapshot before, got " +
         std::to_string(features) + "; its numbers do not go on with the earlier ones";
}

}  // namespace livecca
