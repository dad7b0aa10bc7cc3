#include "moments/file/moments_tensors.hpp"

#include <algorithm>

#include "moments/moments_parts.hpp"

namespace livecca {
namespace {

MomentsTensor row_vector(std::string name, std::vector<double>& values) {
  return {.name = std::move(name),
          .shape = {values.size()},
          .rows = 1,
          .row_numbers = values.size(),
          .get = [&](std::size_t, std::span<double> to) { std::ranges::copy(values, to.begin()); },
          .set = [&](std::size_t,
                     std::span<const double> from) { std::ranges::copy(from, values.begin()); }};
}

/// Numbers that lie in several places, one after the other.
MomentsTensor gathered(std::string name, const std::vector<std::span<double>>& places) {
  std::size_t size = 0;
  for (const auto& place : places) size += place.size();
  return {.name = std::move(name),
          .shape = {size},
          .rows = 1,
          .row_numbers = size,
          .get =
              [places](std::size_t, std::span<double> to) {
                auto next = to.begin();
                for (const auto& place : places) next = std::ranges::copy(place, next).out;
              },
          .set =
              [places](std::size_t, std::span<const double> from) {
                std::size_t first = 0;
                for (const auto& place : places) {
                  std::ranges::copy(from.subspan(first, place.size()), place.begin());
                  first += place.size();
                }
              }};
}

/// A symmetric matrix of which memory holds the lower triangle, column by column; the file holds
/// both.
MomentsTensor symmetric(std::string name, std::vector<double>& lower, std::size_t features) {
  return {.name = std::move(name),
          .shape = {features, features},
          .rows = features,
          .row_numbers = features,
          .get =
              [&lower, features](std::size_t row, std::span<double> to) {
                for (std::size_t j = 0; j < features; ++j) {
                  to[j] = lower[std::min(row, j) * features + std::max(row, j)];
                }
              },
          .set =
              [&lower, features](std::size_t row, std::span<const double> from) {
                std::ranges::copy(from,
                                  lower.begin() + static_cast<std::ptrdiff_t>(row * features));
              }};
}

/// A matrix that memory holds column by column, and the file row by row.
MomentsTensor matrix(std::string name, std::vector<double>& columns, std::size_t rows,
                     std::size_t width) {
  return {.name = std::move(name),
          .shape = {rows, width},
          .rows = rows,
          .row_numbers = width,
          .get =
              [&columns, rows](std::size_t row, std::span<double> to) {
                for (std::size_t j = 0; j < to.size(); ++j) to[j] = columns[j * rows + row];
              },
          .set =
              [&columns, rows](std::size_t row, std::span<const double> from) {
                for (std::size_t j = 0; j < from.size(); ++j) columns[j * rows + row] = from[j];
              }};
}

void add_tap(const std::string& prefix, Moments& moments, std::vector<MomentsTensor>& tensors) {
  MomentsParts parts = MomentsAccess::parts_of(moments);
  tensors.push_back(symmetric(prefix + "scatter", parts.product, moments.features()));
  tensors.push_back(row_vector(prefix + "mean_origin", parts.mean_x.origin));
  tensors.push_back(row_vector(prefix + "mean_offset", parts.mean_x.offset));
  if (!parts.has_norms()) return;
  NormSums& norms = **parts.norms;
  tensors.push_back(gathered(prefix + "norm_sums", {{&norms.p, 1}, {&norms.pp, 1}, norms.px}));
}

void add_pair(const std::string& prefix, CrossMoments& moments,
              std::vector<MomentsTensor>& tensors) {
  MomentsParts parts = MomentsAccess::parts_of(moments);
  tensors.push_back(
      matrix(prefix + "product", parts.product, moments.features_x(), moments.features_y()));
  tensors.push_back(row_vector(prefix + "mean_x_origin", parts.mean_x.origin));
  tensors.push_back(row_vector(prefix + "mean_x_offset", parts.mean_x.offset));
  tensors.push_back(row_vector(prefix + "mean_y_origin", parts.mean_y.origin));
  tensors.push_back(row_vector(prefix + "mean_y_offset", parts.mean_y.offset));
  if (!parts.has_norms()) return;
  CrossNormSums& norms = **parts.cross_norms;
  tensors.push_back(gathered(prefix + "norm_sums",
                             {{&norms.p, 1}, {&norms.q, 1}, {&norms.pq, 1}, norms.qx, norms.py}));
}

void add_window(const std::string& prefix, PanelMoments& moments,
                std::vector<MomentsTensor>& tensors) {
  for (std::size_t i = 0; i < moments.taps.size(); ++i) {
    if (!moments.taps[i].moments) continue;
    add_tap(prefix + "taps." + std::to_string(i) + ".", *moments.taps[i].moments, tensors);
  }
  for (std::size_t i = 0; i < moments.pairs.size(); ++i) {
    if (!moments.pairs[i].moments) continue;
    add_pair(prefix + "pairs." + std::to_string(i) + ".", *moments.pairs[i].moments, tensors);
  }
}

}  // namespace

std::vector<MomentsTensor> tensors_of(PanelMoments& moments) {
  std::vector<MomentsTensor> tensors;
  add_window("", moments, tensors);
  for (std::size_t k = 0; k < moments.blocks.size(); ++k) {
    add_window("blocks." + std::to_string(k) + ".", moments.blocks[k], tensors);
  }
  return tensors;
}

}  // namespace livecca
