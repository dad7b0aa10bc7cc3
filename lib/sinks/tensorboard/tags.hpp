#pragma once

#include <string>
#include <string_view>

#include "livecca/sinks/row.hpp"

namespace livecca {

/// A name as a part of a tag: UTF-8, as in rows.jsonl, where control characters, '%', '~' and '/'
/// are written %0A and so on, so that two names never make the same tag. Of no characters: %empty.
std::string tag_part(const std::string& name);
/// The same as a tag's last part, where '/' stays: networks name layers by it.
std::string last_tag_part(const std::string& name);

/// livecca/<stream>/<what>/<reference>/<layer>, with ~<reference_layer> if it is another.
std::string pair_tag(Stream stream, const std::string& what, const std::string& reference,
                     const std::string& layer, const std::string& reference_layer);
/// livecca/<stream>/<what>/<network>/<layer>.
std::string layer_tag(const LayerRow& row, const std::string& what);

/// One line of Markdown that looks like the text.
std::string markdown_of(const std::string& text);
/// A regular expression that matches just the text.
std::string expression_of(std::string_view text);

}  // namespace livecca
