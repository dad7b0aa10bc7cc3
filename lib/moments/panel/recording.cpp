#include "moments/panel/recording.hpp"

#include <algorithm>

#include "activations/rows_at_once.hpp"

namespace livecca {
namespace {

// Runs of rows that a block has room for before it allocates.
constexpr std::size_t expected_runs = 64;

}  // namespace

Recording::Recording(std::shared_ptr<RowSource> source, MomentsOptions options, std::size_t blocks)
    : source_(std::move(source)), options_(options), blocks_(blocks) {
  for (Block& block : blocks_) block.rows.reserve(expected_runs);
}

std::uint64_t Recording::stride() const { return rows_at_once(source_->rows_per_image()); }

std::uint64_t Recording::bytes(DType dtype) const {
  const std::uint64_t rows = std::min(stride(), source_->rows());
  // A row as it came, whether it is finite, its weight, and whether it is kept.
  const std::uint64_t row_bytes = source_->features() * size_of(dtype) + 1 + sizeof(double) + 1;
  return rows * row_bytes + blocks_.size() * expected_runs * sizeof(Range);
}

void Recording::add(std::size_t block, std::uint64_t first, std::span<const std::uint8_t> keep) {
  std::vector<Range>& rows = blocks_[block].rows;
  for (std::size_t i = 0; i < keep.size(); ++i) {
    if (keep[i] == 0) continue;
    const std::uint64_t row = first + i;
    if (!rows.empty() && rows.back().end == row) {
      ++rows.back().end;
    } else {
      rows.push_back({row, row + 1});
    }
  }
}

void Recording::clear(std::size_t block) { blocks_[block].rows.clear(); }

Result<const Moments*> Recording::moments(std::size_t block_index, Executor& executor) {
  Block& block = blocks_[block_index];
  if (block.computed && block.computed_rows == block.rows) return &*block.computed;
  if (block.computed) {
    block.computed->reset();
  } else {
    block.computed.emplace(source_->features(), options_);
  }
  block.computed_rows.clear();
  const std::span<const Range> rows(block.rows);
  for (std::size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
    for (end = begin + 1; end < rows.size() && rows[end].begin >= rows[end - 1].end;) ++end;
    const auto added = add_ascending(rows.subspan(begin, end - begin), *block.computed, executor);
    if (added) continue;
    block.computed.reset();
    return Failure{added.why()};
  }
  block.computed_rows = block.rows;
  return &*block.computed;
}

Result<void> Recording::add_ascending(std::span<const Range> ranges, Moments& moments,
                                      Executor& executor) {
  const std::uint64_t an_image = source_->rows_per_image();
  // Whole images at a time: they are what the noise floor counts, each once.
  const std::uint64_t begin = ranges.front().begin / an_image * an_image;
  for (std::uint64_t first = begin; first < ranges.back().end; first += stride()) {
    const std::uint64_t end = std::min(first + stride(), source_->rows());
    keep_.assign(end - first, 0);
    bool any = false;
    for (const Range& range : ranges) {
      const std::uint64_t from = std::max(range.begin, first);
      const std::uint64_t to = std::min(range.end, end);
      if (from >= to) continue;
      any = true;
      std::fill_n(keep_.begin() + static_cast<std::ptrdiff_t>(from - first), to - from,
                  std::uint8_t{1});
    }
    if (!any) continue;
    const auto view = source_->read(first, end - first);
    if (!view) return Failure{view.why()};
    auto packed = rows_.pack_recorded(*view, an_image, source_->grid());
    if (!packed) return packed;
    rows_.center(keep_);
    moments.update(rows_, executor);
  }
  return {};
}

}  // namespace livecca
