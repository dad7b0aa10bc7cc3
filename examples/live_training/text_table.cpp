#include "text_table.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <utility>

namespace live_training {
namespace {

/// Characters of a UTF-8 text: all bytes but continuation bytes.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

/// One character per status; a space for ok.
char mark_of(livecca::Status status) {
  switch (status) {
    case livecca::Status::ok:
      return ' ';
    case livecca::Status::rank_deficient:
      return 'r';
    case livecca::Status::undersampled:
      return 'u';
    case livecca::Status::nonfinite_rows:
      return 'n';
    case livecca::Status::too_few_samples:
      return 'f';
    case livecca::Status::constant:
      return 'c';
    case livecca::Status::not_converged:
      return 'x';
    case livecca::Status::missing:
      return 'm';
  }
  return '?';
}

}  // namespace

std::string decimals(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string percent(double share) { return decimals(100.0 * share, 1) + " %"; }

TextTable::TextTable(std::vector<std::string> header) { rows_.push_back(std::move(header)); }

void TextTable::add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

void TextTable::print(std::ostream& out) const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (const auto& row : rows_) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - width_of(row[i]), ' ');
      line += i == 0 ? ' ' + row[i] + padding : "  " + padding + row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  }
}

std::string MarkedCells::cell(std::optional<double> value, livecca::Status status,
                              bool is_like_unrelated) {
  const char mark = mark_of(status);
  if (status != livecca::Status::ok) used_.emplace(mark, status);
  has_like_unrelated_ |= is_like_unrelated;
  // Rounding must not show a distance of -0.000.
  return (value ? decimals(std::max(*value, 0.0), 3) : "–") + (is_like_unrelated ? '~' : ' ') +
         mark;
}

void MarkedCells::print_legend(std::ostream& out) const {
  for (const auto& [mark, status] : used_) {
    out << "  " << mark << " = " << livecca::name_of(status) << ": " << livecca::explain(status)
        << '\n';
  }
  if (has_like_unrelated_) out << "  ~ = no nearer than unrelated data of this size\n";
}

}  // namespace live_training
