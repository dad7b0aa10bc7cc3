#include "serve/answers/detail_answers.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "common/natural_order.hpp"
#include "livecca/measures/measure.hpp"
#include "runs/layer_order.hpp"
#include "serve/answers/answer_json.hpp"
#include "serve/answers/headline.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

std::string text_of_line(const GrowingRun& run, std::uint64_t line) {
  std::optional<std::uint64_t> offset;
  run.look([&](const RunIndex& index, std::uint64_t) { offset = index.offset_of(line); });
  std::string text = offset ? run.line_text(*offset) : "";
  if (text.empty()) {
    throw RequestError(
        404, "row: expected the number of a line with a row, got " + std::to_string(line));
  }
  return text;
}

MeasureRow measure_row_of(const GrowingRun& run, std::uint64_t line) {
  const std::string text = text_of_line(run, line);
  auto row = row_from_json(text);
  auto* measure = row ? std::get_if<MeasureRow>(&row->row) : nullptr;
  if (measure == nullptr) {
    throw RequestError(400,
                       "line: expected the line of a measure row, got " + std::to_string(line));
  }
  return std::move(*measure);
}

/// The largest correlation that unrelated data stays below in 19 of 20 cases.
std::optional<double> line95(const MeasureRow& row) {
  PairFacts facts;
  facts.samples = row.samples;
  facts.effective_samples = row.effective_samples;
  facts.independent_samples =
      row.independent_samples > 0 ? row.independent_samples : row.effective_samples;
  facts.features = row.features;
  for (std::size_t side = 0; side < 2; ++side) {
    if (row.ranks[side] > 0) facts.ranks[side] = row.ranks[side];
  }
  facts.status = row.status;
  return largest_correlation_line(facts);
}

/// The measure row of the pair at the latest snapshot that has one; 0: none.
std::uint64_t latest_line_of(const RunRows& rows, const SpectrumKey& key) {
  std::uint64_t line = 0;
  for (const Curve& curve : rows.curves) {
    const CurveKey& of = curve.key;
    if (SpectrumKey(of.stream, of.layer, of.reference, of.reference_layer) != key) continue;
    line = std::max<std::uint64_t>(line, curve.points.back().line);
  }
  return line;
}

SpectrumKey key_of(const Query& query, const RunRows& rows) {
  const Headline headline = headline_of(rows).value_or(Headline{});
  const auto layer = query.text("layer");
  if (!layer)
    throw RequestError(400, "layer: expected the name of a layer, or line=LINE, got none");
  return {query.stream("stream").value_or(headline.stream), *layer,
          query.text("reference").value_or(headline.reference),
          query.text("reference_layer").value_or(*layer)};
}

/// A snapshot of a matrix.
using Moment = std::pair<std::int64_t, std::uint64_t>;  // epoch, step

std::vector<const Curve*> curves_of(const RunRows& rows, const Headline& wanted) {
  std::vector<const Curve*> curves;
  for (const Curve& curve : rows.curves) {
    if (curve.key.stream == wanted.stream && curve.key.reference == wanted.reference &&
        curve.key.measure == wanted.measure) {
      curves.push_back(&curve);
    }
  }
  return curves;
}

std::vector<Moment> moments_of(const std::vector<const Curve*>& curves) {
  std::vector<Moment> moments;
  for (const Curve* curve : curves) {
    // Most curves have the same snapshots.
    if (curve->points.size() == moments.size() &&
        std::ranges::equal(curve->points, moments, {},
                           [](const Point& point) { return Moment(point.epoch, point.step); })) {
      continue;
    }
    const std::size_t before = moments.size();
    for (const Point& point : curve->points) moments.emplace_back(point.epoch, point.step);
    std::ranges::sort(moments.begin() + static_cast<std::ptrdiff_t>(before), moments.end());
    std::ranges::inplace_merge(moments, moments.begin() + static_cast<std::ptrdiff_t>(before));
    const auto rest = std::ranges::unique(moments);
    moments.erase(rest.begin(), rest.end());
  }
  return moments;
}

const Point* point_at(const Curve& curve, const Moment& moment) {
  const auto found =
      std::find_if(curve.points.rbegin(), curve.points.rend(),
                   [&](const Point& point) { return Moment(point.epoch, point.step) == moment; });
  return found == curve.points.rend() ? nullptr : &*found;
}

std::size_t index_in(const Query& query, std::size_t count) {
  const std::int64_t index = query.whole("index").value_or(-1);
  const auto snapshots = static_cast<std::int64_t>(count);
  if (index < -1 || index >= std::max<std::int64_t>(snapshots, 1)) {
    throw RequestError(404, "index: expected a snapshot from 0 to " +
                                std::to_string(std::max<std::int64_t>(snapshots, 1) - 1) +
                                ", or -1 for the latest, got " + std::to_string(index));
  }
  return static_cast<std::size_t>(index < 0 ? snapshots - 1 : index);
}

/// The names of one side, each once: layers of the trained network in its order.
std::vector<std::string> names_of(const std::vector<const Curve*>& curves,
                                  std::string CurveKey::*side, const LayerOrder& order) {
  std::vector<std::string> names;
  for (const Curve* curve : curves) names.push_back(curve->key.*side);
  std::ranges::sort(names);
  const auto rest = std::ranges::unique(names);
  names.erase(rest.begin(), rest.end());
  std::ranges::stable_sort(names, order);
  return names;
}

}  // namespace

std::string row_answer(const GrowingRun& run, std::uint64_t line) {
  return text_of_line(run, line);
}

std::string spectrum_answer(const GrowingRun& run, const Query& query) {
  std::uint64_t line = query.count("line").value_or(0);
  const bool is_latest = line == 0;
  SpectrumKey key;
  if (is_latest) {
    run.look([&](const RunIndex& index, std::uint64_t) {
      key = key_of(query, index.rows());
      line = latest_line_of(index.rows(), key);
    });
  }
  std::optional<MeasureRow> row;
  if (line > 0) row = measure_row_of(run, line);
  if (!is_latest) key = {row->stream, row->layer, row->reference, row->reference_layer};
  std::uint64_t spectrum = 0;
  run.look([&](const RunIndex& index, std::uint64_t) {
    spectrum = index.spectrum_of(key, is_latest ? std::nullopt : std::optional(row->step));
  });
  std::string text = "{\"row\":" + (spectrum == 0 ? "null" : text_of_line(run, spectrum));
  const auto limit = row ? line95(*row) : std::nullopt;
  text += ",\"line95\":";
  append_number(text, limit.value_or(std::numeric_limits<double>::quiet_NaN()));
  return text + "}";
}

std::string matrix_answer(const RunIndex& index, const Query& query) {
  const RunRows& rows = index.rows();
  Headline wanted = headline_of(rows).value_or(Headline{});
  wanted.stream = query.stream("stream").value_or(wanted.stream);
  wanted.reference = query.text("reference").value_or(wanted.reference);
  wanted.measure = query.text("measure").value_or(wanted.measure);
  const std::vector<const Curve*> curves = curves_of(rows, wanted);
  const std::vector<Moment> moments = moments_of(curves);
  const std::size_t at = index_in(query, moments.size());
  const LayerOrder order(rows);
  AnswerJson json;
  json["snapshots"] = AnswerJson::array();
  for (const auto& [epoch, step] : moments) {
    json["snapshots"].push_back({{"epoch", epoch}, {"step", step}});
  }
  json["index"] = moments.empty() ? -1 : static_cast<std::int64_t>(at);
  const auto names = names_of(curves, &CurveKey::layer, order);
  const auto columns = names_of(curves, &CurveKey::reference_layer, order);
  json["rows"] = names;
  json["columns"] = columns;
  std::vector<AnswerJson> values(names.size(),
                                 std::vector<AnswerJson>(columns.size(), AnswerJson(nullptr)));
  std::vector<AnswerJson> unlike(names.size(),
                                 std::vector<AnswerJson>(columns.size(), AnswerJson(false)));
  for (const Curve* curve : curves) {
    const Point* point = point_at(*curve, moments[at]);
    if (point == nullptr) continue;
    const auto row =
        static_cast<std::size_t>(std::ranges::find(names, curve->key.layer) - names.begin());
    const auto column = static_cast<std::size_t>(
        std::ranges::find(columns, curve->key.reference_layer) - columns.begin());
    values[row][column] = number_or_null(point->value);
    unlike[row][column] = point->is_like_unrelated;
  }
  json["values"] = values;
  json["unlike"] = unlike;
  json["direction"] = name_of(curves.empty() ? Direction::distance : curves.front()->direction);
  return text_of(json);
}

}  // namespace livecca::tool
