#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace livecca::tool {

/// Tables are made to be read in a terminal of this many columns, where they can be.
constexpr std::size_t readable_width = 100;

/// Four digits, or "-" where there is no number.
std::string number_text(std::optional<double> value);

/// What stands behind a number that says no more than chance (livecca::is_like_unrelated()), in all
/// tables alike, and what tells the reader so.
inline constexpr const char* unrelated_mark = "~";
inline constexpr const char* unrelated_legend = "~ no nearer than unrelated data of this size";

/// The number, with the mark if it says no more than chance.
std::string marked_number(std::optional<double> value, bool is_like_unrelated);

/// Without a fraction where it has none: it counts images then.
std::string count_text(double value);

/// A count of which only the first two digits are known, rounded up: "3,100".
std::string about_text(double count);

/// The same as count_text() for JSON.
nlohmann::ordered_json count_json(double value);

/// Null where there is no finite number: NaN is never written.
nlohmann::ordered_json number_or_null(std::optional<double> value);

/// A name from a file, so that a terminal acts on none of it.
std::string shown_name(std::string name);

/// Characters, not bytes, of UTF-8.
std::size_t width_of(const std::string& text);

/// A text that is too wide for so many columns without what is too much of its end, or of its
/// beginning, "…" in its place.
std::string cut_end(const std::string& text, std::size_t width);
std::string cut_begin(const std::string& text, std::size_t width);

/// In lines of at most so many columns, broken at spaces, all but the first indented.
std::string wrapped(const std::string& text, std::size_t width);

/// "a, b and 7 more": names in one line that is not too long.
std::string some_of(const std::vector<std::string>& names, std::size_t most);

/// Columns as wide as their widest cell, two spaces apart; the first to the left, the others to the
/// right, the last to the left if asked for.
class TextTable {
 public:
  explicit TextTable(bool last_to_the_left = false) : last_to_the_left_(last_to_the_left) {}

  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// A line a row; all rows need as many cells.
  std::string text() const;

 private:
  bool last_to_the_left_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace livecca::tool
