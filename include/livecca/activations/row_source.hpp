#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/layout.hpp"
#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

/// Rows that were packed before and can be read again, e.g. a recording on disk. They never change:
/// other rows are another source.
class LIVECCA_EXPORT RowSource {
 public:
  RowSource() = default;
  virtual ~RowSource();
  RowSource(const RowSource&) = delete;
  RowSource& operator=(const RowSource&) = delete;

  virtual std::uint64_t rows() const = 0;
  virtual std::size_t features() const = 0;
  virtual std::size_t rows_per_image() const = 0;
  virtual Grid grid() const = 0;
  /// Rows first … first + count − 1 as rows × features; good until the next call. Fails if they
  /// cannot be had.
  virtual Result<ActivationView> read(std::uint64_t first, std::uint64_t count) = 0;
  /// One entry for each of these rows: 0 if it is none, because a mask left it out when it was
  /// recorded. Good until the next call. Empty if all are valid, as they are unless it is
  /// overridden.
  virtual std::span<const std::uint8_t> valid(std::uint64_t first, std::uint64_t count);
};

}  // namespace livecca
