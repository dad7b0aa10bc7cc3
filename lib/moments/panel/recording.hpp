#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include <vector>

#include "livecca/activations/row_source.hpp"
#include "livecca/moments/moments.hpp"

namespace livecca {

/// Which rows of a recorded tap a window holds, and their moments: computed from the recording when
/// the window ends, kept while later windows hold the same rows.
class Recording {
 public:
  /// For a window in so many blocks. Has room for the rows of each from the start, as long as they
  /// come in few runs.
  Recording(std::shared_ptr<RowSource> source, MomentsOptions options, std::size_t blocks);

  /// A step's rows from `first` on, of which `keep` names those that count, in a block of the
  /// window.
  void add(std::size_t block, std::uint64_t first, std::span<const std::uint8_t> keep);
  /// Forgets which rows a block holds, not the moments computed.
  void clear(std::size_t block);
  /// The moments of the rows that a block holds, never null. Fails if the rows cannot be read.
  Result<const Moments*> moments(std::size_t block, Executor& executor);
  /// What it takes besides the moments, of rows of this type, with few runs of them.
  std::uint64_t bytes(DType dtype) const;

 private:
  /// Rows begin … end − 1.
  struct Range {
    std::uint64_t begin;
    std::uint64_t end;
    friend bool operator==(const Range&, const Range&) = default;
  };
  struct Block {
    std::vector<Range> rows;
    std::vector<Range> computed_rows;
    std::optional<Moments> computed;
  };

  Result<void> add_ascending(std::span<const Range> ranges, Moments& moments, Executor& executor);
  /// Rows read at a time, whole images.
  std::uint64_t stride() const;

  std::shared_ptr<RowSource> source_;
  MomentsOptions options_;
  PackedRows rows_;
  std::vector<std::uint8_t> keep_;
  std::vector<Block> blocks_;
};

}  // namespace livecca
