#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace livecca {

/// Whether lists and objects of a JSON text lie in each other more than so many levels deep. To be
/// asked before a text from outside is parsed: copying, comparing and printing what nests without
/// end would overflow the stack. Cost: linear.
bool nests_deeper_than(int levels, std::string_view json);

/// All JSON that livecca writes lies less deep.
inline constexpr int deepest_json = 32;

/// A text from outside as JSON; discarded if it is none or nests deeper than that.
template <typename Json = nlohmann::json>
Json parse_json(std::string_view text) {
  if (nests_deeper_than(deepest_json, text)) return Json(nlohmann::detail::value_t::discarded);
  return Json::parse(text, nullptr, false);
}

}  // namespace livecca
