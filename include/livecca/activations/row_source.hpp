#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/layout.hpp"
#include "livecca/common/export.hpp"

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
  /// Rows first … first + count − 1 as rows × features; good until the next call. Empty, with the
  /// reason, if they cannot be had.
  virtual std::optional<ActivationView> read(std::uint64_t first, std::uint64_t count,
                                             std::string& why) = 0;
};

}  // namespace livecca
