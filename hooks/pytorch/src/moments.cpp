#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "gathered_moments.hpp"
#include "livecca/common/error.hpp"
#include "livecca/moments/moments_file.hpp"
#include "module.hpp"
#include "named.hpp"
#include "python_lock.hpp"
#include "result_options.hpp"
#include "view_arguments.hpp"

namespace livecca::python {
namespace {

namespace nb = nanobind;

using Owned = std::unique_ptr<GatheredMoments>;
/// Network, layer, layout, samples, step, and features of a row or 0.
using LayerText =
    std::tuple<std::string, std::string, std::string, std::string, std::size_t, std::size_t>;
using Pairs = std::vector<GatheredMoments::Pair>;
using OwnVector = nb::ndarray<nb::numpy, double, nb::ndim<1>>;
using OwnMatrix = nb::ndarray<nb::numpy, double, nb::ndim<2>>;
using Sums = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using ProductSums = nb::ndarray<const double, nb::ndim<2>, nb::f_contig, nb::device::cpu>;

/// Bytes; 0 if the system does not say. It would kill a process that asks for more.
std::uint64_t memory_of_machine() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page = ::sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0
             ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page)
             : 0;
}

Owned gather(const std::vector<LayerText>& texts, const Pairs& pairs, std::size_t positions,
             std::uint64_t seed, const std::string& precision, std::size_t standard_errors,
             std::size_t max_features) {
  PanelOptions options;
  options.window = Window::all();
  // Non-finite rows are left out and counted, however many: nobody waits for a next window here.
  options.nonfinite_limit = 1;
  options.norm_sums = true;
  if (positions > 0) options.positions = Positions::sampled(positions, seed);
  options.precision = enum_of<Precision>("precision", precision);
  options.error_blocks = standard_errors;
  options.max_features = max_features;
  options.memory_limit = memory_of_machine();
  std::vector<GatheredLayer> layers;
  for (const auto& [network, layer, layout, samples, step, features] : texts) {
    layers.push_back({.name = {network, layer},
                      .reading = reading_of(layout, samples, step),
                      .features = features});
  }
  return std::make_unique<GatheredMoments>(std::move(layers), pairs, options);
}

void update(GatheredMoments& moments, const std::vector<std::string>& names,
            const std::vector<Array>& arrays, const std::vector<std::string>& layouts,
            const std::vector<std::optional<Array>>& masks) {
  std::vector<ActivationView> views;
  std::vector<std::shared_ptr<const tool::HeldMask>> valid;
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    views.push_back(view_of(arrays[i], names[i]));
    valid.push_back(masks[i] ? mask_of(*masks[i], "mask", enum_of<Layout>("layout", layouts[i]))
                             : nullptr);
  }
  const WithoutLock unlocked;
  moments.update(views, valid);
}

std::pair<Owned, MomentsNotes> load(const std::string& path) {
  const WithoutLock unlocked;
  auto stored = load_moments(path);
  if (!stored) throw Error(stored.why());
  return {std::make_unique<GatheredMoments>(std::move(stored->moments)), std::move(stored->notes)};
}

void save(const GatheredMoments& moments, const std::string& path, const MomentsNotes& notes) {
  const WithoutLock unlocked;
  const auto saved =
      moments.read([&](const PanelMoments& window) { return save_moments(path, window, notes); });
  if (!saved) throw Error(saved.why());
}

/// A tap of moments from sums: network, layer, mean, scatter.
using TapGiven = std::tuple<std::string, std::string, Sums, ProductSums>;
/// A pair of them: the taps' places, and the product.
using PairGiven = std::tuple<std::size_t, std::size_t, ProductSums>;

std::span<const double> span_of(const Sums& sums) { return {sums.data(), sums.size()}; }
std::span<const double> span_of(const ProductSums& sums) { return {sums.data(), sums.size()}; }

void expect_extents(const ProductSums& sums, const std::string& name, std::size_t rows,
                    std::size_t columns) {
  if (sums.shape(0) == rows && sums.shape(1) == columns) return;
  throw Error(name + ": expected " + std::to_string(rows) + " x " + std::to_string(columns) +
              " numbers, as the means have, got " + std::to_string(sums.shape(0)) + " x " +
              std::to_string(sums.shape(1)));
}

Owned from_sums(std::uint64_t samples, std::uint64_t images, const std::vector<TapGiven>& taps,
                const std::vector<PairGiven>& pairs, const std::string& precision,
                const std::optional<std::string>& dtype) {
  const SampleWeights weights = SampleWeights::equal(samples, images);
  const Precision how = enum_of<Precision>("precision", precision);
  const double roundoff = dtype ? roundoff_of(enum_of<DType>("dtype", *dtype)) : 0;
  PanelMoments window;
  window.images = images;
  window.steps_committed = samples > 0 ? 1 : 0;
  const WithoutLock unlocked;
  for (const auto& [network, layer, mean, scatter] : taps) {
    expect_extents(scatter, layer + ": scatter", mean.size(), mean.size());
    auto moments = Moments::from_sums({.weights = weights,
                                       .mean = span_of(mean),
                                       .scatter = span_of(scatter),
                                       .precision = how,
                                       .roundoff = roundoff});
    if (!moments) throw Error(layer + ": " + moments.why());
    window.taps.push_back(
        {.name = {network, layer}, .moments = *std::move(moments), .features_of_tap = mean.size()});
  }
  for (const auto& [x, y, product] : pairs) {
    const auto& mean_x = std::get<2>(taps[x]);
    const auto& mean_y = std::get<2>(taps[y]);
    const std::string name = std::get<1>(taps[x]) + " with " + std::get<1>(taps[y]);
    expect_extents(product, name + ": product", mean_x.size(), mean_y.size());
    auto moments = CrossMoments::from_sums({.weights = weights,
                                            .mean_x = span_of(mean_x),
                                            .mean_y = span_of(mean_y),
                                            .product = span_of(product),
                                            .precision = how});
    if (!moments) throw Error(name + ": " + moments.why());
    window.pairs.push_back({.x = x, .y = y, .moments = *std::move(moments)});
  }
  return std::make_unique<GatheredMoments>(std::move(window));
}

Owned part(const GatheredMoments& moments, std::size_t x, std::optional<std::size_t> y) {
  const WithoutLock unlocked;
  return std::make_unique<GatheredMoments>(
      moments.read([&](const PanelMoments& window) { return part_of(window, x, y); }));
}

Texts compare(const GatheredMoments& moments, const std::string& x, const std::string& y,
              const AskedResults& asked) {
  const tool::ResultOptions options = results_of(asked);
  const WithoutLock unlocked;
  return texts_of(
      tool::compare_moments(moments.copy(), tool::notes_of_sides(x, y), options, moments_executor())
          .front());
}

/// Samples, effective samples, samples that were left out, features, and what makes covariances of
/// scatters.
using Facts = std::tuple<std::uint64_t, double, std::uint64_t, std::size_t, double>;

Facts facts(const GatheredMoments& moments, std::size_t tap_index) {
  const WithoutLock unlocked;
  return moments.read([&](const PanelMoments& window) -> Facts {
    const TapMoments& tap = window.taps[tap_index];
    if (!tap.moments) return {0, 0, tap.samples_left_out, 0, 0};
    const SampleWeights& weights = tap.moments->weights();
    return {tap.moments->samples(), weights.effective_images(), tap.samples_left_out,
            tap.moments->features(), weights.covariance_divisor()};
  });
}

/// Throws Error if there are none.
template <typename Slot>
const auto& present(const Slot& slot) {
  if (!slot.moments) throw Error("expected moments that hold samples, got none");
  return *slot.moments;
}

/// Numbers column by column, which Python owns from here on.
OwnMatrix own_matrix(std::vector<double> numbers, std::size_t rows, std::size_t columns) {
  auto* const kept = new std::vector<double>(std::move(numbers));
  const nb::capsule owner(
      kept, [](void* pointer) noexcept { delete static_cast<std::vector<double>*>(pointer); });
  return OwnMatrix(kept->data(), {rows, columns}, owner, {1, static_cast<std::int64_t>(rows)});
}

OwnVector mean(const GatheredMoments& moments, std::size_t tap) {
  auto* const numbers = new std::vector<double>();
  const nb::capsule owner(
      numbers, [](void* pointer) noexcept { delete static_cast<std::vector<double>*>(pointer); });
  {
    const WithoutLock unlocked;
    moments.read([&](const PanelMoments& window) {
      const ShiftedMean& means = present(window.taps[tap]).mean();
      for (std::size_t j = 0; j < means.size(); ++j) numbers->push_back(means.value(j));
    });
  }
  return OwnVector(numbers->data(), {numbers->size()}, owner);
}

/// Both triangles.
OwnMatrix scatter(const GatheredMoments& moments, std::size_t tap) {
  std::vector<double> numbers;
  std::size_t features = 0;
  {
    const WithoutLock unlocked;
    moments.read([&](const PanelMoments& window) {
      const Moments& kept = present(window.taps[tap]);
      features = kept.features();
      numbers.assign(kept.scatter().begin(), kept.scatter().end());
    });
    for (std::size_t j = 0; j < features; ++j) {
      for (std::size_t i = j + 1; i < features; ++i) {
        numbers[i * features + j] = numbers[j * features + i];
      }
    }
  }
  return own_matrix(std::move(numbers), features, features);
}

OwnMatrix product(const GatheredMoments& moments, std::size_t pair) {
  std::vector<double> numbers;
  std::size_t rows = 0;
  std::size_t columns = 0;
  {
    const WithoutLock unlocked;
    moments.read([&](const PanelMoments& window) {
      const CrossMoments& kept = present(window.pairs[pair]);
      rows = kept.features_x();
      columns = kept.features_y();
      numbers.assign(kept.product().begin(), kept.product().end());
    });
  }
  return own_matrix(std::move(numbers), rows, columns);
}

std::vector<std::pair<std::string, std::string>> layers(const GatheredMoments& moments) {
  const WithoutLock unlocked;
  std::vector<std::pair<std::string, std::string>> names;
  for (const TapMoments& tap : moments.names().taps) {
    names.emplace_back(tap.name.network, tap.name.layer);
  }
  return names;
}

Pairs pairs(const GatheredMoments& moments) {
  const WithoutLock unlocked;
  Pairs result;
  for (const PairMoments& pair : moments.names().pairs) result.emplace_back(pair.x, pair.y);
  return result;
}

}  // namespace

void bind_moments(nb::module_& module) {
  nb::class_<GatheredMoments>(module, "GatheredMoments")
      .def_static("gather", &gather)
      .def_static("load", &load)
      .def_static("from_sums", &from_sums, nb::arg("samples"), nb::arg("images"), nb::arg("taps"),
                  nb::arg("pairs"), nb::arg("precision"), nb::arg("dtype").none())
      .def("update", &update)
      .def("merge", &GatheredMoments::merge, nb::call_guard<WithoutLock>())
      .def("save", &save)
      .def("part", &part, nb::arg("x"), nb::arg("y").none())
      .def("compare", &compare)
      .def("layers", &layers)
      .def("pairs", &pairs)
      .def("images", &GatheredMoments::images, nb::call_guard<WithoutLock>())
      .def("facts", &facts)
      .def("mean", &mean)
      .def("scatter", &scatter)
      .def("product", &product);
}

}  // namespace livecca::python
