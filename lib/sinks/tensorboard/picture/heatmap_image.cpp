#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "livecca/sinks/reference.hpp"
#include "sinks/tensorboard/picture/canvas.hpp"
#include "sinks/tensorboard/picture/heatmap.hpp"
#include "sinks/tensorboard/picture/mark_lines.hpp"
#include "sinks/tensorboard/picture/picture_names.hpp"

namespace livecca {
namespace {

constexpr Colour paper{255, 255, 255};
constexpr Colour ink{25, 25, 30};
constexpr Colour grey{232, 232, 232};
constexpr Colour grey_lines{165, 165, 165};
constexpr int text_scale = 2;
constexpr int line_height = 20;
constexpr int margin = 8;
constexpr int note_height = 24;
constexpr int note_sample = 34;  // the width of a note's sample, with what is free beside it
constexpr int scale_width = 16;  // of the colour scale
constexpr int scale_room = 82;   // with its numbers
constexpr std::size_t longest_name = 16;
constexpr std::size_t most_rows = 300;
constexpr int least_height = 90;  // of the colour scale

std::string digits_of(double value) {
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 3);
  return {text.data(), end.ptr};
}

std::string reference_text(const std::string& reference) {
  if (reference == final_reference) return "the final state";
  if (reference == start_reference) return "its start";
  const auto snapshots = snapshots_before(reference);
  if (!snapshots) return reference;
  return *snapshots == 1 ? "the snapshot before" : std::to_string(*snapshots) + " snapshots before";
}

/// The next number up that divides well; 0 stays.
double round_number_above(double value) {
  if (value <= 0) return 0;
  const double power = std::pow(10.0, std::floor(std::log10(value)));
  for (const double step : {1.0, 1.2, 1.6, 2.0, 2.4, 3.0, 4.0, 5.0, 6.0, 8.0}) {
    if (value <= step * power * (1 + 1e-9)) return step * power;
  }
  return 10 * power;
}

/// The places in heatmap.layers() of the rows from the top.
std::vector<std::size_t> order_of(const Heatmap& heatmap, const std::vector<std::string>& layers) {
  std::vector<std::size_t> rows;
  const std::vector<std::string>& known = heatmap.layers();
  std::vector<bool> taken(known.size());
  for (const std::string& layer : layers) {
    const auto place = static_cast<std::size_t>(std::ranges::find(known, layer) - known.begin());
    if (place == known.size() || taken[place]) continue;
    taken[place] = true;
    rows.push_back(place);
  }
  for (std::size_t place = 0; place < known.size(); ++place) {
    if (!taken[place]) rows.push_back(place);
  }
  return rows;
}

/// A line of the legend. The sample beside it is as wide as a cell.
struct Note {
  enum Sample : std::uint8_t { none, noise, no_number, settled, alarm };

  std::string text;
  Sample sample = none;
};

class Drawing {
 public:
  Drawing(const Heatmap& heatmap, const HeatmapTitle& title, const std::vector<std::string>& layers)
      : heatmap_(heatmap), title_(title), rows_(order_of(heatmap, layers)) {
    // Beyond this many rows there is less than a line of pixels for each: some are left out.
    every_ = (rows_.size() + most_rows - 1) / most_rows;
    for (std::size_t i = 0; i * every_ < rows_.size(); ++i) rows_[i] = rows_[i * every_];
    if (every_ > 0) rows_.resize((rows_.size() + every_ - 1) / every_);
    for (const std::size_t row : rows_) names_.push_back(heatmap_.layers()[row]);
    names_ = picture_names(std::move(names_), longest_name);
    measure_range();
    place_plot();
  }

  PngImage png() {
    Canvas canvas(width_, height_, paper);
    draw_heading(canvas);
    draw_names(canvas);
    draw_cells(canvas);
    draw_marks(canvas);
    draw_epochs(canvas);
    draw_scale(canvas);
    draw_legend(canvas);
    return canvas.png();
  }

 private:
  void measure_range();
  void place_plot();
  std::vector<Note> notes() const;
  void draw_heading(Canvas& canvas) const;
  void draw_names(Canvas& canvas) const;
  void draw_cells(Canvas& canvas) const;
  void draw_cell(Canvas& canvas, const Box& box, const Heatmap::Cell& cell) const;
  void draw_marks(Canvas& canvas) const;
  void draw_epochs(Canvas& canvas) const;
  void draw_scale(Canvas& canvas) const;
  void draw_sample(Canvas& canvas, const Box& box, Note::Sample sample) const;
  void draw_legend(Canvas& canvas) const;

  Box box_of(std::size_t column, std::size_t row) const;
  Heatmap::Cell cell_of(std::size_t column, std::size_t row) const;
  bool has_mark(bool LayerMark::*which) const;
  Colour colour_of(double value) const { return viridis((value - low_) / (high_ - low_)); }
  bool is_noise(double value, std::optional<double> floor) const {
    return floor && (title_.is_similarity() ? value <= *floor : value >= *floor);
  }

  const Heatmap& heatmap_;
  const HeatmapTitle& title_;
  std::vector<std::size_t> rows_;  // places in heatmap_.layers()
  std::vector<std::string> names_;
  std::size_t every_ = 1;  // how many layers a row stands for
  double low_ = 0;
  double high_ = 1;
  Box plot_;
  int column_width_ = 0;
  int row_height_ = 0;
  int width_ = 0;
  int height_ = 0;
};

void Drawing::measure_range() {
  double least = 0;
  double most = 0;
  for (const Heatmap::Column& column : heatmap_.columns()) {
    for (const Heatmap::Cell& cell : column.cells) {
      if (const auto value = cell.value()) {
        least = std::min(least, *value);
        most = std::max(most, *value);
      }
    }
  }
  // Rounding errors have no colours of their own.
  constexpr double least_range = 0.001;
  low_ = -round_number_above(-least);
  high_ = round_number_above(most);
  if (high_ == low_) high_ = low_ + 1;
  high_ = std::max(high_, low_ + least_range);
}

/// A card of TensorBoard shows a picture at 215 pixels' height and at most 326 pixels' width (or a
/// little more), by leaving pixels out. Of a picture that is twice as large it leaves out every
/// other one, so that letters stay letters. More than 30 layers or 120 columns need more room.
void Drawing::place_plot() {
  constexpr int card_width = 2 * 326;
  constexpr int card_height = 2 * 215;
  constexpr int most_rows_of_card = 30;
  const int columns = std::max<int>(1, static_cast<int>(heatmap_.columns().size()));
  const int rows = std::max<int>(1, static_cast<int>(rows_.size()));
  std::size_t longest = 5;  // "epoch"
  for (const std::string& name : names_) longest = std::max(longest, name.size());
  plot_.left = margin + Canvas::width_of(std::string(longest, 'x'), text_scale) + 10;
  plot_.top = margin + 2 * line_height + 10;
  column_width_ = std::clamp((card_width - plot_.left - scale_room - margin) / columns, 3, 48);
  const auto note_lines = static_cast<int>((notes().size() + 1) / 2);
  const int below = line_height + 24 + note_lines * note_height + margin;
  const int room = rows <= most_rows_of_card ? card_height - plot_.top - below : 600;
  row_height_ = std::clamp(room / rows, 3, 48);
  plot_.width = columns * column_width_;
  plot_.height = rows * row_height_;
  width_ = std::max(card_width, plot_.left + plot_.width + scale_room + margin);
  height_ = std::max(card_height, plot_.top + std::max(plot_.height, least_height) + below);
}

/// Marks are explained if the picture has them.
std::vector<Note> Drawing::notes() const {
  std::vector<Note> lines{{"like unrelated data", Note::noise}, {"no number", Note::no_number}};
  if (has_mark(&LayerMark::is_settled)) lines.push_back({"settled", Note::settled});
  if (has_mark(&LayerMark::has_alarm)) lines.push_back({"alarm: see texts", Note::alarm});
  if (heatmap_.snapshots_a_column() > 1) {
    lines.push_back({"a column: " + std::to_string(heatmap_.snapshots_a_column()) + " snapshots"});
  }
  if (every_ > 1) lines.push_back({"1 of " + std::to_string(every_) + " layers"});
  return lines;
}

void Drawing::draw_heading(Canvas& canvas) const {
  const auto fitting = [&](const std::string& text) {
    return shortened(text, static_cast<std::size_t>((width_ - 2 * margin) / (6 * text_scale)));
  };
  const char* hint = title_.is_similarity() ? ": bright is alike" : ": dark is close";
  canvas.text(margin, margin, text_scale, ink,
              fitting(title_.measure + " to " + reference_text(title_.reference)));
  canvas.text(margin, margin + line_height, text_scale, {100, 100, 105},
              fitting(std::string(name_of(title_.stream)) + " stream of " +
                      shortened(title_.run, 24) + hint));
}

void Drawing::draw_names(Canvas& canvas) const {
  int free_from = 0;  // names of low rows would overlap: some are left out
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    const int middle = plot_.top + static_cast<int>(row) * row_height_ + row_height_ / 2;
    const int top = middle - 7 * text_scale / 2;
    if (top < free_from) continue;
    const std::string& name = names_[row];
    canvas.text(plot_.left - 10 - Canvas::width_of(name, text_scale), top, text_scale, ink, name);
    if (row_height_ < 16) canvas.fill({plot_.left - 7, middle, 5, 1}, ink);
    free_from = top + 18;
  }
}

void Drawing::draw_cell(Canvas& canvas, const Box& box, const Heatmap::Cell& cell) const {
  const auto value = cell.value();
  if (!value) {
    canvas.hatch(box, grey, grey_lines);
    return;
  }
  const Colour colour = colour_of(*value);
  canvas.fill(box, colour);
  if (is_noise(*value, cell.floor())) canvas.dot(box, contrast_to(colour));
}

Box Drawing::box_of(std::size_t column, std::size_t row) const {
  return {plot_.left + static_cast<int>(column) * column_width_,
          plot_.top + static_cast<int>(row) * row_height_, column_width_, row_height_};
}

Heatmap::Cell Drawing::cell_of(std::size_t column, std::size_t row) const {
  const auto& cells = heatmap_.columns()[column].cells;
  return rows_[row] < cells.size() ? cells[rows_[row]] : Heatmap::Cell{};
}

bool Drawing::has_mark(bool LayerMark::*which) const {
  return std::ranges::any_of(heatmap_.columns(), [&](const Heatmap::Column& column) {
    return std::ranges::any_of(rows_, [&](std::size_t row) {
      return row < column.cells.size() && column.cells[row].mark.*which;
    });
  });
}

void Drawing::draw_cells(Canvas& canvas) const {
  canvas.fill({plot_.left - 1, plot_.top - 1, plot_.width + 2, plot_.height + 2}, ink);
  for (std::size_t i = 0; i < heatmap_.columns().size(); ++i) {
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      draw_cell(canvas, box_of(i, row), cell_of(i, row));
    }
  }
}

/// After all cells, and alarms after all lines, because a mark may be larger than its cell.
void Drawing::draw_marks(Canvas& canvas) const {
  const auto draw_all = [&](bool LayerMark::*which, const auto& draw) {
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      bool goes_on = false;
      for (std::size_t i = 0; i < heatmap_.columns().size(); ++i) {
        const Heatmap::Cell cell = cell_of(i, row);
        if (cell.mark.*which) draw(box_of(i, row), cell, !goes_on);
        goes_on = cell.mark.*which;
      }
    }
  };
  draw_all(&LayerMark::is_settled, [&](const Box& box, const Heatmap::Cell& cell, bool begins) {
    const auto value = cell.value();
    draw_settled(canvas, box, value ? colour_of(*value) : grey, begins);
  });
  draw_all(&LayerMark::has_alarm, [&](const Box& box, const Heatmap::Cell&, bool begins) {
    draw_alarm(canvas, box, begins);
  });
}

void Drawing::draw_epochs(Canvas& canvas) const {
  const auto& columns = heatmap_.columns();
  if (columns.empty()) return;
  const int top = plot_.top + plot_.height + 10;
  const auto label = [&](std::size_t i) {
    return std::to_string(i + 1 == columns.size() ? columns[i].last_epoch : columns[i].epoch);
  };
  const auto left_of = [&](std::size_t i) {
    const int middle = plot_.left + static_cast<int>(i) * column_width_ + column_width_ / 2;
    return std::max(plot_.left, middle - Canvas::width_of(label(i), text_scale) / 2);
  };
  const auto draw = [&](std::size_t i) {
    const int middle = plot_.left + static_cast<int>(i) * column_width_ + column_width_ / 2;
    canvas.fill({middle, plot_.top + plot_.height + 1, 2, 6}, ink);
    canvas.text(left_of(i), top, text_scale, ink, label(i));
  };
  // The last is the one that is looked for, so it keeps its place.
  const std::size_t last = columns.size() - 1;
  const int room = 2 * (Canvas::width_of(label(last), text_scale) + 14);
  const auto stride = static_cast<std::size_t>((room + column_width_ - 1) / column_width_);
  for (std::size_t i = 0; i < last; i += stride) {
    const int right = left_of(i) + Canvas::width_of(label(i), text_scale);
    if (right + 14 <= left_of(last)) draw(i);
  }
  draw(last);
  canvas.text(plot_.left - 10 - Canvas::width_of("epoch", text_scale), top, text_scale, ink,
              "epoch");
}

void Drawing::draw_scale(Canvas& canvas) const {
  const Box box{plot_.left + plot_.width + 16, plot_.top, scale_width,
                std::max(plot_.height, least_height)};
  canvas.fill({box.left - 1, box.top - 1, box.width + 2, box.height + 2}, ink);
  for (int y = 0; y < box.height; ++y) {
    const double share = 1.0 - static_cast<double>(y) / (box.height - 1);
    canvas.fill({box.left, box.top + y, box.width, 1}, viridis(share));
  }
  constexpr int ticks = 4;
  for (int i = 0; i <= ticks; ++i) {
    const int y = box.top + (box.height - 1) * i / ticks;
    const double value = high_ + (low_ - high_) * i / ticks;
    canvas.fill({box.left + box.width + 1, y, 4, 1}, ink);
    const int top = std::clamp(y - 7, box.top, box.top + box.height - 14);
    canvas.text(box.left + box.width + 8, top, text_scale, ink, digits_of(value));
  }
}

void Drawing::draw_sample(Canvas& canvas, const Box& box, Note::Sample sample) const {
  const Colour colour =
      sample == Note::noise ? viridis(title_.is_similarity() ? 0.1 : 0.9) : viridis(0.5);
  canvas.fill({box.left - 1, box.top - 1, box.width + 2, box.height + 2}, ink);
  canvas.fill(box, colour);
  switch (sample) {
    case Note::none:
      return;
    case Note::noise:
      return canvas.dot(box, contrast_to(colour));
    case Note::no_number:
      return canvas.hatch(box, grey, grey_lines);
    case Note::settled:
      return draw_settled(canvas, box, colour, true);
    case Note::alarm:
      return draw_alarm(canvas, box, true);
  }
}

/// Two beside each other.
void Drawing::draw_legend(Canvas& canvas) const {
  const std::vector<Note> lines = notes();
  int right = 0;  // where the second ones begin
  for (std::size_t i = 0; i < lines.size(); i += 2) {
    right = std::max(right, Canvas::width_of(lines[i].text, text_scale));
  }
  right += margin + note_sample + 20;
  int top = plot_.top + std::max(plot_.height, least_height) + line_height + 24;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Note& note = lines[i];
    const bool has_sample = note.sample != Note::none;
    const int left = i % 2 == 0 ? margin : right;
    if (has_sample) draw_sample(canvas, {left + 1, top - 2, 24, 18}, note.sample);
    canvas.text(has_sample ? left + note_sample : left, top, text_scale, ink, note.text);
    if (i % 2 == 1) top += note_height;
  }
}

}  // namespace

PngImage draw(const Heatmap& heatmap, const HeatmapTitle& title,
              const std::vector<std::string>& layers) {
  return Drawing(heatmap, title, layers).png();
}

}  // namespace livecca
