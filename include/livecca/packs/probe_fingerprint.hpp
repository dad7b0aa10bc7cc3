#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

/// Identifies the inputs of a probe and their order. How the inputs are cut into batches does not
/// matter. Activations of two networks pair row by row only if their probes have the same
/// fingerprint.
///
/// Every input gets a 64-bit hash of its elements' bits in C order, whatever the strides. One
/// number combines the hashes in order. A second number combines them without order, so other
/// inputs can be told from the same inputs shuffled. The fingerprint finds mistakes, not forgeries:
/// two probes with the same fingerprint can be made on purpose.
///
/// Cost: O(bytes), some GB/s if each input is contiguous in C order. Memory: constant in that case,
/// otherwise one input.
///
/// Thread safety: none while adding; const members may be called from many threads.
class LIVECCA_EXPORT ProbeFingerprint {
 public:
  /// Adds a batch. Its first axis counts the inputs. Their shape may differ from batch to batch, as
  /// padded sequences do. Fails if it has no axis, or if it has another element type than earlier
  /// batches. A batch that fails adds nothing.
  Result<void> add(const ActivationView& inputs);
  /// Adds a batch with elements of any type. `element_type` is the type's name, e.g. "int64", of up
  /// to 32 letters, digits, '_' and '.'. Strides count elements. Fails as above, and on another
  /// name. Throws Error if the ranks of shape and strides differ, if an extent is negative, or if
  /// data is null although there are elements.
  Result<void> add(const void* data, std::string_view element_type, std::size_t element_bytes,
                   std::span<const std::int64_t> shape, std::span<const std::int64_t> strides);

  /// Adds the inputs of another fingerprint after these. Fails as add() does. Cost: O(log inputs).
  Result<void> append(const ProbeFingerprint& later);

  std::uint64_t inputs() const { return inputs_; }

  /// For example "2000 inputs of 3x32x32 float32, 0123456789abcdef/fedcba9876543210", or of
  /// "several-shapes". The second number ignores the order. One line of ASCII, which parse() can
  /// read.
  std::string text() const;
  /// Empty if the text is not exactly what text() writes.
  static std::optional<ProbeFingerprint> parse(std::string_view text);

  /// Empty if both are equal. Otherwise says what differs, as "expected …, got …" without a path.
  std::string difference_from(const ProbeFingerprint& expected) const;

  friend bool operator==(const ProbeFingerprint&, const ProbeFingerprint&) = default;

 private:
  std::string shape_text() const;
  Result<void> check_type(std::string_view element_type) const;
  Result<void> check_fits(std::string_view element_type, std::span<const std::int64_t> shape) const;
  /// More inputs of this shape come.
  void take_shape(std::span<const std::uint64_t> shape, bool varies);
  void add_hash(std::uint64_t hash);

  std::string element_type_;          ///< empty before the first input
  std::vector<std::uint64_t> shape_;  ///< of one input; empty if it varies
  bool varies_ = false;
  std::uint64_t inputs_ = 0;
  std::uint64_t ordered_ = 0;
  std::uint64_t unordered_ = 0;
};

}  // namespace livecca
