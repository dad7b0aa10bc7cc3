#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/layout.hpp"
#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

/// Rows that were packed earlier and can be read again, e.g. a recording on disk. The rows of a
/// source never change. Use another source for other rows.
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
  /// Returns rows first … first + count − 1 as rows × features. The view is valid until the next
  /// call. Fails if the rows cannot be read.
  virtual Result<ActivationView> read(std::uint64_t first, std::uint64_t count) = 0;
  /// One entry for each of these rows: 0 if a mask left the row out when it was recorded. Valid
  /// until the next call. Empty if all rows are valid. Returns empty unless it is overridden.
  virtual std::span<const std::uint8_t> valid(std::uint64_t first, std::uint64_t count);
};

}  // namespace livecca
