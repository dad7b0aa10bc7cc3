#include "packs/layer_spool.hpp"

#include <algorithm>
#include <limits>

#include "common/files/safetensors.hpp"

namespace livecca {
namespace {

// Bytes converted at a time.
constexpr std::size_t bytes_decoded_at_once = std::size_t{1} << 20U;

DType spool_type_of(const PackedRows& rows) {
  return rows.dtype() == DType::float64 ? DType::float64 : DType::float32;
}

std::string shape_text(std::size_t features, DType dtype, std::size_t rows_per_image, Grid grid,
                       const std::string& reading) {
  return std::to_string(features) + " features of " + name_of(dtype) + " read as " + reading +
         ", " + std::to_string(rows_per_image) + " rows an image on " + grid.text() + " positions";
}

}  // namespace

LayerSpool::LayerSpool(SpoolFile& file, std::string name) : file_(file) {
  facts_.name = std::move(name);
}

void LayerSpool::begin(const Reading& reading, const PackedRows& rows, std::uint64_t feature_seed) {
  facts_.reading = reading.text();
  facts_.features = rows.features();
  facts_.features_of_tap = rows.features_of_tap();
  facts_.feature_seed = feature_seed;
  facts_.rows_per_image = rows.rows_per_image();
  facts_.grid = rows.grid();
  facts_.stored = spool_type_of(rows);
  facts_.observed = rows.dtype();
  has_steps_ = is_sequence(reading.layout) && !reading.one_row_per_image();
  if (has_steps_) first_rows_.assign(1, 0);
  range_.lowest.assign(rows.features(), std::numeric_limits<double>::infinity());
  range_.highest.assign(rows.features(), -std::numeric_limits<double>::infinity());
}

Result<void> LayerSpool::check_fits(const Reading& reading, const PackedRows& rows,
                                    std::uint64_t feature_seed) const {
  // Sequences may have other steps in every batch.
  const bool same_positions =
      has_steps_ || (rows.rows_per_image() == facts_.rows_per_image && rows.grid() == facts_.grid);
  if (rows.features() == facts_.features && rows.features_of_tap() == facts_.features_of_tap &&
      feature_seed == facts_.feature_seed && same_positions && rows.dtype() == facts_.observed &&
      reading.text() == facts_.reading) {
    return {};
  }
  std::string why =
      "expected " +
      shape_text(facts_.features, facts_.observed, facts_.rows_per_image, facts_.grid,
                 facts_.reading) +
      ", got " +
      shape_text(rows.features(), rows.dtype(), rows.rows_per_image(), rows.grid(), reading.text());
  const bool same_number = rows.features() == facts_.features;
  if (same_number && rows.features_of_tap() != facts_.features_of_tap) {
    why += ", chosen of " + std::to_string(rows.features_of_tap()) + " instead of " +
           std::to_string(facts_.features_of_tap);
  } else if (same_number && feature_seed != facts_.feature_seed) {
    why += ", chosen by another seed";
  }
  return Failure{std::move(why)};
}

Result<void> LayerSpool::append(const Reading& reading, const PackedRows& rows,
                                std::uint64_t feature_seed) {
  if (facts_.features == 0) begin(reading, rows, feature_seed);
  if (const auto fits = check_fits(reading, rows, feature_seed); !fits) {
    return Failure{file_.beside().string() + ": layer " + in_quotes(facts_.name) + ": " +
                   fits.why()};
  }
  auto appended =
      facts_.stored == DType::float64 ? append_rows<double>(rows) : append_rows<float>(rows);
  if (!appended) return appended;
  facts_.roundoff = std::max(facts_.roundoff, rows.roundoff());
  nonfinite_rows_ += static_cast<std::uint64_t>(std::ranges::count(rows.finite(), 0));
  append_valid(rows.valid(), rows.rows());
  if (has_steps_) append_steps(rows);
  facts_.rows += rows.rows();
  images_ += rows.images();
  return {};
}

template <typename Number>
Result<void> LayerSpool::append_rows(const PackedRows& rows) {
  const std::size_t features = facts_.features;
  const std::size_t at_once = std::max<std::size_t>(1, bytes_decoded_at_once / row_bytes());
  std::vector<Number> buffer;
  if (rows.rows() > 0 &&
      (runs_.empty() ||
       runs_.back().offset + (facts_.rows - runs_.back().first) * row_bytes() != file_.size())) {
    runs_.push_back({.first = facts_.rows, .offset = file_.size()});
  }
  for (std::size_t first = 0; first < rows.rows(); first += at_once) {
    const std::size_t count = std::min(at_once, rows.rows() - first);
    buffer.resize(count * features);
    rows.read(first, count, std::span(buffer));
    for (std::size_t row = 0; row < count; ++row) {
      if (rows.finite()[first + row] == 0) continue;
      if (!rows.valid().empty() && rows.valid()[first + row] == 0) continue;
      for (std::size_t j = 0; j < features; ++j) {
        const auto value = static_cast<double>(buffer[row * features + j]);
        range_.lowest[j] = std::min(range_.lowest[j], value);
        range_.highest[j] = std::max(range_.highest[j], value);
      }
    }
    if (auto done = file_.append(std::as_bytes(std::span(buffer))); !done) return done;
  }
  return {};
}

void LayerSpool::append_steps(const PackedRows& rows) {
  for (std::size_t image = 1; image <= rows.images(); ++image) {
    first_rows_.push_back(facts_.rows + rows.first_row(image));
  }
  row_steps_.insert(row_steps_.end(), rows.steps().begin(), rows.steps().end());
  if (rows.images() == 0) return;
  const bool is_like_others = rows.is_even() && rows.grid() == facts_.grid &&
                              rows.rows_per_image() == facts_.rows_per_image;
  if (is_like_others && !facts_.is_by_step) return;
  facts_.is_by_step = true;
  facts_.grid.width = std::max(facts_.grid.width, rows.grid().width);
  facts_.rows_per_image = facts_.grid.width;
}

void LayerSpool::steps_of(std::uint64_t sequence, std::span<std::uint8_t> there) const {
  std::ranges::fill(there, std::uint8_t{0});
  for (std::uint64_t row = first_rows_[sequence]; row < first_rows_[sequence + 1]; ++row) {
    there[row_steps_[row]] = 1;
  }
}

void LayerSpool::append_valid(std::span<const std::uint8_t> valid, std::size_t rows) {
  if (valid_.empty() && std::ranges::find(valid, std::uint8_t{0}) == valid.end()) return;
  valid_.resize(facts_.rows, 1);
  valid_.insert(valid_.end(), valid.begin(), valid.end());
  valid_.resize(facts_.rows + rows, 1);
}

Result<void> LayerSpool::read(std::uint64_t first, std::uint64_t count,
                              std::vector<std::byte>& into) const {
  into.resize(count * row_bytes());
  std::span<std::byte> rest(into);
  auto run = std::ranges::upper_bound(runs_, first, {}, &Run::first) - 1;
  while (!rest.empty()) {
    const std::uint64_t end = run + 1 == runs_.end() ? facts_.rows : (run + 1)->first;
    const std::uint64_t bytes = std::min<std::uint64_t>((end - first) * row_bytes(), rest.size());
    auto read = file_.read(run->offset + (first - run->first) * row_bytes(), rest.first(bytes));
    if (!read) return read;
    rest = rest.subspan(bytes);
    first = end;
    ++run;
  }
  return {};
}

}  // namespace livecca
