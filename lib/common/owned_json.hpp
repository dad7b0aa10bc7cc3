#pragma once

#include <nlohmann/json.hpp>
#include <utility>

namespace livecca {

/// JSON that was parsed, to be read. It is taken apart from its leaves on: the library's destructor
/// takes memory for an array or object that is not empty, and ends the process if there is none.
template <typename Json>
class OwnedJson {
 public:
  explicit OwnedJson(Json json) : json_(std::move(json)) {}
  ~OwnedJson() { take_apart(json_, deepest); }
  OwnedJson(const OwnedJson&) = delete;
  OwnedJson& operator=(const OwnedJson&) = delete;

  const Json& operator*() const { return json_; }

 private:
  /// What lies deeper is left to the library, which does not call itself for it.
  static constexpr int deepest = 64;

  static void take_apart(Json& json, int depth) noexcept {
    if (!json.is_structured() || depth == 0) return;
    for (Json& element : json) take_apart(element, depth - 1);
    json.clear();
  }

  Json json_;
};

}  // namespace livecca
