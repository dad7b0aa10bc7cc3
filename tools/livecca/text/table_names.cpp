#include "text/table_names.hpp"

#include <algorithm>

#include "text/output_text.hpp"

namespace livecca::tool {

TableNames::TableNames(const std::vector<std::string>& names, std::size_t room) : room_(room) {
  const auto fits = [&](const std::string& name) { return width_of(name) <= room; };
  if (names.size() < 2 || std::ranges::all_of(names, fits)) return;
  std::size_t common = names.front().size();
  for (const std::string& name : names) {
    const auto differ = std::ranges::mismatch(names.front(), name);
    common = std::min(common, static_cast<std::size_t>(differ.in1 - names.front().begin()));
  }
  const std::size_t dot = names.front().substr(0, common).find_last_of("./");
  if (dot != std::string::npos) left_out_ = dot + 1;
}

std::string TableNames::of(const std::string& name) const {
  const bool is_cut = left_out_ > 0 && left_out_ <= name.size();
  return cut_begin(is_cut ? "…" + shown_name(name.substr(left_out_)) : shown_name(name), room_);
}

}  // namespace livecca::tool
