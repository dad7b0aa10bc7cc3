#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <optional>

#include "activations/copy_bytes.hpp"
#include "activations/copy_rows.hpp"
#include "activations/element_type.hpp"
#include "activations/row_elements.hpp"

namespace livecca {
namespace {

/// The step that a reading of one step takes of a sequence; nothing if that is not valid.
std::optional<std::size_t> step_of(const Reading& reading, const SequenceMask& mask,
                                   std::size_t sequence, std::size_t steps) {
  if (reading.samples == Samples::step) {
    if (reading.step < steps && mask.is_valid(sequence, reading.step)) return reading.step;
    return std::nullopt;
  }
  for (std::size_t step = steps; step-- > 0;) {
    if (mask.is_valid(sequence, step)) return step;
  }
  return std::nullopt;
}

bool all_valid(const SequenceMask& mask, std::size_t sequence, std::size_t steps) {
  if (!mask.is_given()) return true;
  for (std::size_t step = 0; step < steps; ++step) {
    if (!mask.is_valid(sequence, step)) return false;
  }
  return true;
}

}  // namespace

Result<void> PackedRows::pack(const ActivationView& view, const Reading& reading,
                              const Positions& positions, std::uint64_t first_image,
                              std::span<const std::size_t> features, const SequenceMask& mask) {
  set_shape({}, 1, view.dtype());
  if (auto checked = reading.check(); !checked) return checked;
  const auto seen = read_shape(view, reading.layout);
  if (!seen) return Failure{seen.why()};
  if (auto fits = check(*seen, reading, features, mask); !fits) return fits;
  const Source source{.data = static_cast<const std::byte*>(view.data()),
                      .dtype = view.dtype(),
                      .shape = *seen,
                      .at = addresses_of(view, reading.layout),
                      .features = features.empty() ? features_of_tap_ : features.size(),
                      .chosen = features};
  auto packed = pack(source, reading, positions, first_image, mask);
  roundoff_ = view.roundoff();
  // Of a sequence's steps a mask may leave few: there it stays what it is of one.
  if (reading.samples == Samples::pooled && !is_sequence(reading.layout)) {
    roundoff_ /= std::sqrt(static_cast<double>(seen->grid.size()));
  }
  return packed;
}

Result<void> PackedRows::check(const ActivationShape& shape, const Reading& reading,
                               std::span<const std::size_t> features, const SequenceMask& mask) {
  if (mask.is_given() && !is_sequence(reading.layout)) {
    return Failure{std::string("expected no mask for layout ") + name_of(reading.layout) +
                   ", which has no steps"};
  }
  if (auto fits = mask.check_fits(shape.images, shape.grid.size()); !fits) return fits;
  features_of_tap_ = reading.features(shape.features, shape.grid);
  if (!features.empty() && features.back() >= features_of_tap_) {
    return Failure{"expected more than " + std::to_string(features.back()) + " features, got " +
                   std::to_string(features_of_tap_)};
  }
  return {};
}

Result<void> PackedRows::pack(const Source& source, const Reading& reading,
                              const Positions& positions, std::uint64_t first_image,
                              const SequenceMask& mask) {
  const bool are_chosen =
      reading.one_row_per_image()
          ? pack_images(source, reading, mask)
          : pack_positions(source, positions, first_image, mask, is_sequence(reading.layout));
  is_checked_ = !checks_later_ || reading.samples == Samples::pooled;
  if (are_chosen) return {};
  set_shape({}, 1, source.dtype);
  return Failure{
      "expected rows gathered at the positions that the seed and the mask choose, got others"};
}

void PackedRows::copy_position(const Source& source, std::size_t image, std::size_t position,
                               std::size_t row) {
  with_element_type(source.dtype, [&](auto zero) {
    using Element = decltype(zero);
    finite_[row] = copy_row<Element>(
        source.position(image, position), source.at.feature, source.chosen, features_,
        elements_.data() + row * features_ * sizeof(Element), !checks_later_);
  });
}

/// Of images that are rows, whose features lie together.
void PackedRows::copy_images(const Source& source) {
  const std::size_t row_bytes = features_ * size_of(dtype_);
  if (source.at.image == static_cast<std::int64_t>(features_)) {
    if (rows_ > 0) copy_bytes(elements_.data(), source.values(0, 0), rows_ * row_bytes);
  } else {
    for (std::size_t row = 0; row < rows_; ++row) {
      copy_bytes(elements_.data() + row * row_bytes, source.values(row, 0), row_bytes);
    }
  }
  std::ranges::fill(finite_, std::uint8_t{1});
  is_checked_ = false;
  if (!checks_later_) check_rows();
}

void PackedRows::check_rows() {
  if (is_checked_) return;
  is_checked_ = true;
  with_element_type(dtype_, [&](auto zero) {
    using Element = decltype(zero);
    const std::byte* row = elements_.data();
    for (std::uint8_t& finite : finite_) {
      finite = all_usable<Element>(row, features_) ? 1 : 0;
      row += features_ * sizeof(Element);
    }
  });
}

/// Returns false if other rows were gathered.
bool PackedRows::pack_positions(const Source& source, const Positions& positions,
                                std::uint64_t first_image, const SequenceMask& mask,
                                bool are_steps) {
  set_shape({source.shape.images, source.features, source.shape.grid},
            livecca::rows_per_image(positions, source.shape.grid), source.dtype);
  if (mask.is_given()) take_steps(source, positions, mask);
  const bool are_rows = grid_.size() == 1 && !are_steps && !mask.is_given();
  if (are_rows && source.at.feature == 1 && source.chosen.empty() && !source.is_gathered()) {
    copy_images(source);
    return true;
  }
  if (are_steps) row_steps_.reserve(most_rows_);
  std::size_t row = 0;
  for (std::size_t image = 0; image < images_; ++image) {
    choose_rows(image, positions, first_image);
    if (are_steps) row_steps_.insert(row_steps_.end(), chosen_.begin(), chosen_.end());
    if (source.is_gathered()) {
      if (!source.has_gathered(image, chosen_)) return false;
      std::iota(chosen_.begin(), chosen_.end(), std::size_t{0});
    }
    if (source.at.feature == 1 || !source.chosen.empty() || source.is_gathered()) {
      for (const std::size_t position : chosen_) copy_position(source, image, position, row++);
      continue;
    }
    for (std::size_t& position : chosen_) {  // becomes an offset
      position = static_cast<std::size_t>(source.at.of_position(position, source.shape.grid));
    }
    with_element_type(source.dtype, [&](auto zero) {
      using Element = decltype(zero);
      copy_planes<Element>({.image = source.values(image, 0),
                            .plane_bytes = source.at.feature * std::int64_t{sizeof(Element)},
                            .offsets = chosen_,
                            .features = features_},
                           elements_.data() + row * features_ * sizeof(Element),
                           finite_.data() + row, !checks_later_);
    });
    row += chosen_.size();
  }
  return true;
}

/// Sets the rows' shape from the valid steps. Padding beyond the longest sequence is cut off, so
/// that it makes no difference to which rows these pair with.
void PackedRows::take_steps(const Source& source, const Positions& positions,
                            const SequenceMask& mask) {
  if (images_ == 0) return;
  const std::size_t padded = source.shape.grid.width;
  const std::size_t most_rows = rows_;
  std::size_t longest = 0;
  bool whole = true;
  for (std::size_t image = 0; image < images_; ++image) {
    for (std::size_t step = longest; step < padded; ++step) {
      if (mask.is_valid(image, step)) longest = step + 1;
    }
  }
  steps_.reserve(images_ * padded);
  for (std::size_t image = 0; image < images_; ++image) {
    for (std::size_t step = 0; step < longest; ++step) {
      steps_.push_back(mask.is_valid(image, step) ? 1 : 0);
      whole &= steps_.back() != 0;
    }
  }
  chosen_.reserve(padded);
  first_rows_.reserve(images_ + 1);
  grid_.width = longest;
  rows_per_image_ = livecca::rows_per_image(positions, grid_);
  rows_ = images_ * rows_per_image_;
  if (whole) {
    steps_.clear();
  } else {
    first_rows_.push_back(0);
    for (std::size_t image = 0; image < images_; ++image) {
      const auto* steps = steps_.data() + image * longest;
      const auto valid = static_cast<std::size_t>(std::count(steps, steps + longest, 1));
      first_rows_.push_back(first_rows_.back() +
                            livecca::rows_per_image(positions, Grid{1, valid}));
    }
    rows_ = first_rows_.back();
  }
  most_rows_ = most_rows;
  finite_.resize(rows_);
}

/// The positions of an image that become rows, into chosen_.
void PackedRows::choose_rows(std::size_t image, const Positions& positions,
                             std::uint64_t first_image) {
  if (is_even()) return choose_positions(positions, grid_, first_image + image, chosen_);
  const std::span steps(steps_.data() + image * grid_.width, grid_.width);
  const auto valid = static_cast<std::size_t>(std::ranges::count(steps, 1));
  choose_positions(positions, Grid{1, valid}, first_image + image, chosen_);
  std::size_t step = 0;
  std::size_t valid_before = 0;
  for (std::size_t& chosen : chosen_) {
    for (; steps[step] == 0 || valid_before < chosen; ++step) valid_before += steps[step];
    chosen = step;
  }
}

/// Copies a step of a sequence. Returns false if another one was gathered.
bool PackedRows::pack_step(const Source& source, std::size_t image, std::size_t step) {
  if (source.is_gathered() && !source.has_gathered(image, std::span(&step, 1))) return false;
  copy_position(source, image, source.is_gathered() ? 0 : step, image);
  return true;
}

/// Returns false if other rows were gathered.
bool PackedRows::pack_images(const Source& source, const Reading& reading,
                             const SequenceMask& mask) {
  const std::size_t steps = source.shape.grid.width;
  set_shape({source.shape.images, source.features, Grid{}}, 1,
            reading.samples == Samples::pooled ? DType::float64 : source.dtype);
  if (is_sequence(reading.layout)) valid_.assign(images_, 1);
  // Though the first batch may have nothing to pool.
  if (reading.samples == Samples::pooled) sums_.reserve(features_);
  for (std::size_t image = 0; image < images_; ++image) {
    bool valid = true;
    if (reading.samples == Samples::pooled) {
      valid = !is_sequence(reading.layout) || step_of(reading, mask, image, steps).has_value();
      if (valid) pool(source, image, mask);
    } else if (reading.samples == Samples::flattened) {
      valid = !is_sequence(reading.layout) || all_valid(mask, image, steps);
      if (valid) flatten(source, image);
    } else {
      const auto step = step_of(reading, mask, image, steps);
      valid = step.has_value();
      if (valid && !pack_step(source, image, *step)) return false;
    }
    if (valid) continue;
    valid_[image] = 0;
    finite_[image] = 1;
    const std::size_t row_bytes = features_ * size_of(dtype_);
    std::memset(elements_.data() + image * row_bytes, 0, row_bytes);
  }
  return true;
}

void PackedRows::pool(const Source& source, std::size_t image, const SequenceMask& mask) {
  sums_.assign(features_, 0.0);
  std::size_t count = 0;
  with_element_type(source.dtype, [&](auto zero) {
    using Element = decltype(zero);
    const std::int64_t stride = source.at.feature * static_cast<std::int64_t>(sizeof(Element));
    for (std::size_t position = 0; position < source.shape.grid.size(); ++position) {
      if (!mask.is_valid(image, position)) continue;
      ++count;
      const std::byte* values = source.position(image, position);
      for (std::size_t j = 0; j < features_; ++j) {
        const std::size_t feature = source.chosen.empty() ? j : source.chosen[j];
        sums_[j] += static_cast<double>(
            load<Element>(values + static_cast<std::int64_t>(feature) * stride));
      }
    }
  });
  bool usable = true;
  for (double& value : sums_) {
    value /= static_cast<double>(count);
    usable &= is_usable(value, largest_magnitude);
  }
  finite_[image] = usable;
  const std::size_t row_bytes = features_ * sizeof(double);
  std::memcpy(elements_.data() + image * row_bytes, sums_.data(), row_bytes);
}

void PackedRows::flatten(const Source& source, std::size_t image) {
  if (source.is_gathered()) return copy_position(source, image, 0, image);
  const Grid& grid = source.shape.grid;
  with_element_type(source.dtype, [&](auto zero) {
    using Element = decltype(zero);
    std::byte* to = elements_.data() + image * features_ * sizeof(Element);
    bool usable = true;
    if (!source.chosen.empty()) {
      for (const std::size_t feature : source.chosen) {
        const auto channel = static_cast<std::int64_t>(feature / grid.size());
        const std::int64_t offset = source.at.of_position(feature % grid.size(), grid);
        usable &= copy_row<Element>(source.values(image, channel * source.at.feature + offset), 1,
                                    {}, 1, to, !checks_later_);
        to += sizeof(Element);
      }
    } else {
      for (std::size_t channel = 0; channel < source.shape.features; ++channel) {
        for (std::size_t first = 0; first < grid.size(); first += grid.width) {
          const std::int64_t offset = static_cast<std::int64_t>(channel) * source.at.feature +
                                      source.at.of_position(first, grid);
          usable &= copy_row<Element>(source.values(image, offset), source.at.width, {}, grid.width,
                                      to, !checks_later_);
          to += grid.width * sizeof(Element);
        }
      }
    }
    finite_[image] = usable;
  });
}

}  // namespace livecca
