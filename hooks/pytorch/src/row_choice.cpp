#include "row_choice.hpp"

#include <nanobind/stl/optional.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "module.hpp"
#include "view_arguments.hpp"

namespace livecca::python {

namespace nb = nanobind;

GatheredRows gathered_rows(const Array& rows, const std::optional<Array>& positions,
                           const std::array<std::size_t, 5>& shape) {
  return {.values = view_of(rows, "the rows"),
          .shape = {shape[0], shape[1], {shape[3], shape[4], shape[2]}},
          .positions = positions ? whole_numbers_of(*positions, "the positions")
                                 : std::span<const std::int64_t>()};
}

namespace {

/// The most rows of one image of a grid of that size.
std::size_t most_rows(const RowChoice& choice, std::size_t grid_size) {
  return rows_per_image(choice.positions, Grid{1, grid_size});
}

/// For grids of `smallest` to `largest` positions, which of these are taken of each image: int32 in
/// C order, grids × images × most_rows(largest). 0 where a grid has fewer.
nb::bytes positions_of(const RowChoice& choice, std::size_t images, std::size_t smallest,
                       std::size_t largest) {
  const std::size_t most = most_rows(choice, largest);
  std::vector<std::int32_t> result((largest + 1 - smallest) * images * most);
  std::vector<std::size_t> chosen;
  auto image_begin = result.begin();
  for (std::size_t size = smallest; size <= largest; ++size) {
    for (std::size_t image = 0; image < images; ++image) {
      choose_positions(choice.positions, Grid{1, size}, choice.first_image + image, chosen);
      std::ranges::transform(chosen, image_begin,
                             [](std::size_t one) { return static_cast<std::int32_t>(one); });
      image_begin += static_cast<std::ptrdiff_t>(most);
    }
  }
  return nb::bytes(result.data(), result.size() * sizeof(std::int32_t));
}

/// The features that are taken of a row of that width, in int64; none: all.
std::optional<nb::bytes> features_of(const RowChoice& choice, std::size_t width) {
  if (choice.max_features == 0 || width <= choice.max_features) return std::nullopt;
  std::vector<std::size_t> chosen;
  choose_features(width, choice.max_features, choice.feature_seed, chosen);
  const std::vector<std::int64_t> result(chosen.begin(), chosen.end());
  return nb::bytes(result.data(), result.size() * sizeof(std::int64_t));
}

}  // namespace

void bind_row_choice(nb::module_& module) {
  nb::class_<RowChoice>(module, "RowChoice")
      .def("images", &RowChoice::images, nb::arg("all"))
      .def("rows_per_image", &most_rows, nb::arg("grid_size"))
      .def("positions", &positions_of, nb::arg("images"), nb::arg("smallest"), nb::arg("largest"))
      .def("features", &features_of, nb::arg("width"));
}

}  // namespace livecca::python
