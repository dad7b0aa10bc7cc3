#include "serve/answers/curves_answer.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include "runs/pair_curves.hpp"
#include "serve/answers/answer_json.hpp"
#include "serve/answers/decimation.hpp"
#include "serve/answers/headline.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

constexpr std::size_t usual_width = 1000;
constexpr std::uint64_t most_width = 10'000;
constexpr std::size_t most_points_since = 50'000;
constexpr std::size_t most_points = 200'000;  // of an answer, about
constexpr std::size_t most_points_of_column = 4;

/// What the query says of x and of which points.
struct View {
  std::string x = "epoch";
  bool is_logarithmic = false;
  std::optional<double> from;
  std::optional<double> to;
  std::size_t width = usual_width;
  std::optional<std::uint64_t> since;
};

View view_of(const Query& query) {
  View view;
  if (const auto x = query.text("x")) {
    if (*x != "epoch" && *x != "step" && *x != "time") {
      throw RequestError(
          400, "x: expected epoch, step or time, got '" + shown_name(cut_end(*x, 80)) + "'");
    }
    view.x = *x;
  }
  view.is_logarithmic = query.flag("log");
  view.from = query.number("from");
  view.to = query.number("to");
  if (view.from && view.to && *view.from > *view.to) {
    throw RequestError(400, "from, to: expected a range, got one that ends before it begins");
  }
  if (const auto width = query.count("width")) {
    if (*width == 0 || *width > most_width) {
      throw RequestError(400, "width: expected 1 to " + std::to_string(most_width) + ", got " +
                                  std::to_string(*width));
    }
    view.width = *width;
  }
  view.since = query.count("since");
  return view;
}

/// The points of a curve as they are drawn: x ascends.
struct Drawn {
  const std::vector<Point>* points = nullptr;
  std::vector<std::size_t> order;  ///< of the points that are looked at
  std::vector<double> x;           ///< of these
  std::vector<double> y;

  const Point& at(std::size_t i) const { return (*points)[order[i]]; }
};

double x_of(const Point& point, const std::string& x) {
  if (x == "epoch") return static_cast<double>(point.epoch);
  if (x == "step") return static_cast<double>(point.step);
  return point.wall_time;
}

Drawn drawn_of(const std::vector<Point>& points, const View& view) {
  Drawn drawn{.points = &points, .order = {}, .x = {}, .y = {}};
  std::size_t first = 0;
  if (view.since) {
    const auto is_old = [&](const Point& point) { return point.line <= *view.since; };
    first = static_cast<std::size_t>(std::ranges::partition_point(points, is_old) - points.begin());
  }
  drawn.order.resize(points.size() - first);
  std::iota(drawn.order.begin(), drawn.order.end(), first);
  const auto x_at = [&](std::size_t i) { return x_of(points[i], view.x); };
  if (!std::ranges::is_sorted(drawn.order, {}, x_at)) {  // an epoch may step back
    std::ranges::stable_sort(drawn.order, {}, x_at);
  }
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  for (const std::size_t i : drawn.order) {
    drawn.x.push_back(x_at(i));
    drawn.y.push_back(points[i].value.value_or(none));
  }
  return drawn;
}

/// The same columns for all curves, so that a cursor finds the same snapshots in all.
PixelColumns columns_of_all(const std::vector<Drawn>& curves, const View& view) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  double above_zero = low;
  for (const Drawn& curve : curves) {
    if (curve.x.empty()) continue;
    low = std::min(low, curve.x.front());
    high = std::max(high, curve.x.back());
    const auto first = std::ranges::upper_bound(curve.x, 0.0);
    if (first != curve.x.end()) above_zero = std::min(above_zero, *first);
  }
  PixelColumns columns{.from = view.from.value_or(low),
                       .to = view.to.value_or(high),
                       .width = view.width,
                       .is_logarithmic = view.is_logarithmic};
  if (view.is_logarithmic && columns.from <= 0) columns.from = above_zero;
  return columns;
}

void append_all(std::string& text, const char* name, const std::vector<std::size_t>& kept,
                const std::function<void(std::size_t)>& append) {
  text += ",\"";
  text += name;
  text += "\":[";
  bool is_first = true;
  for (const std::size_t i : kept) {
    if (!is_first) text += ',';
    is_first = false;
    append(i);
  }
  text += ']';
}

/// The arrays of a curve; what stands before them is in `text`.
void append_curve(std::string& text, const Drawn& curve, const std::vector<std::size_t>& kept) {
  append_all(text, "x", kept, [&](std::size_t i) { append_number(text, curve.x[i]); });
  append_all(text, "value", kept, [&](std::size_t i) { append_number(text, curve.y[i]); });
  append_all(text, "floor", kept,
             [&](std::size_t i) { append_number(text, curve.at(i).noise_floor); });
  append_all(text, "error", kept,
             [&](std::size_t i) { append_number(text, curve.at(i).standard_error); });
  append_all(text, "line", kept,
             [&](std::size_t i) { append_number(text, std::uint64_t{curve.at(i).line}); });
  append_all(text, "unlike", kept,
             [&](std::size_t i) { text += curve.at(i).is_like_unrelated ? '1' : '0'; });
  // A trend may begin at a point that is left out: then at the next one that is kept.
  std::vector<std::size_t> anew;
  std::size_t next = kept.empty() ? 0 : kept.front();
  for (std::size_t place = 0; place < kept.size(); ++place) {
    bool begins = false;
    for (; next <= kept[place]; ++next) begins = begins || curve.at(next).begins_anew;
    if (begins) anew.push_back(place);
  }
  append_all(text, "anew", anew,
             [&](std::size_t place) { append_number(text, std::uint64_t{place}); });
}

/// All curves of an answer, with how many points there are.
class CurvesText {
 public:
  explicit CurvesText(const View& view) : view_(view) {}

  void add(std::string head, const std::vector<Point>& points) {
    heads_.push_back(std::move(head));
    curves_.push_back(drawn_of(points, view_));
  }

  /// The list of curves, each beginning with its head.
  std::string list() {
    PixelColumns columns = columns_of_all(curves_, view_);
    std::size_t all = 0;
    for (const Drawn& curve : curves_) all += curve.x.size();
    if (all > most_points) {
      const std::size_t fitting = most_points / (most_points_of_column * curves_.size());
      columns.width = std::clamp<std::size_t>(fitting, 1, columns.width);
    }
    const bool takes_all = view_.since && all <= most_points_since;
    std::string text = "[";
    for (std::size_t c = 0; c < curves_.size(); ++c) {
      const Drawn& curve = curves_[c];
      std::vector<std::size_t> kept(curve.x.size());
      std::iota(kept.begin(), kept.end(), std::size_t{0});
      std::size_t within = kept.size();
      if (!takes_all && !kept.empty()) {
        within = count_within(curve.x, columns);
        kept = decimated(curve.x, curve.y, columns);
        const auto outside = std::ranges::count_if(kept, [&](std::size_t i) {
          return curve.x[i] < columns.from || curve.x[i] > columns.to;
        });
        is_decimated_ = is_decimated_ || kept.size() - static_cast<std::size_t>(outside) < within;
      }
      total_ += within;
      text += (c == 0 ? "{" : ",{") + heads_[c];
      append_curve(text, curve, kept);
      text += '}';
    }
    return text + "]";
  }

  std::string facts() const {
    return "\"x\":\"" + view_.x + "\",\"total\":" + std::to_string(total_) +
           ",\"decimated\":" + (is_decimated_ ? "true" : "false");
  }

 private:
  const View& view_;
  std::vector<std::string> heads_;
  std::vector<Drawn> curves_;
  std::size_t total_ = 0;
  bool is_decimated_ = false;
};

/// Refuses what the run has no curves of. A run without curves has none of anything.
void check_known(const RunRows& rows, const Headline& wanted) {
  if (rows.curves.empty()) return;
  const auto has = [&](auto field, const std::string& value) {
    return std::ranges::any_of(rows.curves,
                               [&](const Curve& curve) { return curve.key.*field == value; });
  };
  if (!has(&CurveKey::reference, wanted.reference)) {
    std::vector<std::string> names;
    for (const Reference& reference : references_of(rows)) names.push_back(reference.name);
    throw RequestError(404, "reference: expected one that the run has, " + some_of(names, 12) +
                                ", got '" + shown_name(cut_end(wanted.reference, 80)) + "'");
  }
  if (!has(&CurveKey::measure, wanted.measure)) {
    throw RequestError(404, "measure: expected one that the run has, " +
                                some_of(measures_of(rows), 12) + ", got '" +
                                shown_name(cut_end(wanted.measure, 80)) + "'");
  }
}

}  // namespace

std::string curves_answer(const RunIndex& index, std::uint64_t lines, const Query& query) {
  const View view = view_of(query);
  const RunRows& rows = index.rows();
  Headline wanted = headline_of(rows).value_or(Headline{});
  wanted.stream = query.stream("stream").value_or(wanted.stream);
  wanted.reference = query.text("reference").value_or(wanted.reference);
  wanted.measure = query.text("measure").value_or(wanted.measure);
  check_known(rows, wanted);
  ShowOptions options;
  options.stream = wanted.stream;
  options.reference = wanted.reference;
  options.measure = wanted.measure;
  CurvesText curves(view);
  Direction direction = Direction::distance;
  if (!rows.curves.empty()) {
    for (const CurveGroup& group : curve_groups(rows, options)) {
      direction = group.direction;
      for (const Curve* curve : group.own) {
        std::string head = "\"layer\":";
        append_text(head, curve->key.layer);
        head += ",\"reference_layer\":";
        append_text(head, curve->key.reference_layer);
        curves.add(std::move(head), curve->points);
      }
    }
  }
  const std::string list = curves.list();
  return "{\"lines\":" + std::to_string(lines) + ",\"direction\":\"" + name_of(direction) + "\"," +
         curves.facts() + ",\"layers\":" + list + "}";
}

std::string logs_answer(const RunIndex& index, std::uint64_t lines, const Query& query) {
  const View view = view_of(query);
  CurvesText curves(view);
  for (const LogCurve& log : index.rows().logs) {
    std::string head = "\"name\":";
    append_text(head, log.name);
    curves.add(std::move(head), log.points);
  }
  const std::string list = curves.list();
  return "{\"lines\":" + std::to_string(lines) + "," + curves.facts() + ",\"logs\":" + list + "}";
}

}  // namespace livecca::tool
