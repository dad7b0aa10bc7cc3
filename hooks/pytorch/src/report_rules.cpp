// What the program's tables say of numbers, so that Python's reports need no rules of their own.

#include <nanobind/nanobind.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "livecca/measures/direction.hpp"
#include "module.hpp"
#include "run_rows.hpp"
#include "runs/layer_lines.hpp"
#include "runs/no_answer.hpp"
#include "show/run_notices.hpp"

namespace livecca::python {
namespace {

namespace nb = nanobind;

Direction direction_of(const std::string& measure) {
  return measure.ends_with("_distance") ? Direction::distance : Direction::similarity;
}

bool is_no_more_than_chance(const std::string& measure, std::optional<double> value,
                            std::optional<double> noise_floor, std::optional<double> p_value) {
  return is_like_unrelated(direction_of(measure), value, noise_floor, p_value);
}

/// Without a row's JSON: reports ask it of each of their numbers.
std::string no_answer(const std::string& measure, std::optional<double> value,
                      std::optional<double> noise_floor, std::uint64_t samples,
                      double effective_samples, std::array<std::size_t, 2> features,
                      std::array<std::size_t, 2> ranks) {
  tool::Curve curve;
  curve.key.measure = measure;
  curve.direction = direction_of(measure);
  curve.points.push_back({.value = value});
  curve.noise_floor = noise_floor;
  curve.samples = samples;
  curve.effective_samples = effective_samples;
  curve.features = features;
  curve.ranks = ranks;
  return tool::why_no_answer(curve);
}

/// Of the row of a number.
std::string note(const std::string& line) {
  return tool::note_of(run_rows_of({line}).curves.front());
}

/// Layer, step and epoch of a number.
using Place = std::tuple<std::string, std::uint64_t, std::int64_t>;

/// Of numbers, the earliest first: their layers in the network's order, and the numbers that are in
/// no trend with those before them.
std::tuple<std::vector<std::string>, std::vector<Place>> trends(
    const std::vector<std::string>& lines) {
  const tool::RunRows rows = run_rows_of(lines);
  std::vector<Place> anew;
  for (const tool::Curve& curve : rows.curves) {
    for (const tool::Point& point : curve.points) {
      if (point.begins_anew) anew.emplace_back(curve.key.layer, point.step, point.epoch);
    }
  }
  return {tool::layers_in_order(rows), anew};
}

std::string undecided(const std::vector<std::string>& lines) {
  return tool::undecided_line(run_rows_of(lines), "");
}

}  // namespace

void bind_report_rules(nb::module_& module) {
  module.def("is_like_unrelated", &is_no_more_than_chance, nb::arg("measure"),
             nb::arg("value").none(), nb::arg("noise_floor").none(), nb::arg("p_value").none());
  module.def("no_answer", &no_answer, nb::arg("measure"), nb::arg("value").none(),
             nb::arg("noise_floor").none(), nb::arg("samples"), nb::arg("effective_samples"),
             nb::arg("features"), nb::arg("ranks"));
  module.def("note", &note, nb::arg("line"));
  module.def("trends", &trends, nb::arg("lines"));
  module.def("undecided", &undecided, nb::arg("lines"));
}

}  // namespace livecca::python
