#include "common/utf8.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace livecca {

std::string valid_utf8(std::string_view text) {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (std::ranges::all_of(text, is_ascii)) return std::string(text);
  using Json = nlohmann::json;
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace))
      .get<std::string>();
}

bool is_utf8(std::string_view text) { return valid_utf8(text) == text; }

}  // namespace livecca
