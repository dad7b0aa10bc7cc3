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

/// Which inputs a probe holds and in which order, however they were cut into batches. Activations
/// of two networks pair row by row only if their probes have the same fingerprint.
///
/// Every input gets a 64-bit hash of its elements' bits in C order, whatever the strides; one
/// number combines the hashes in their order and one without it, which tells other inputs from the
/// same ones shuffled. It finds mistakes, not forgeries: whoever wants to can make two probes of
/// one fingerprint.
///
/// Cost: O(bytes), some GB/s where an input lies together in C order. Memory: constant there, one
/// input otherwise.
///
/// Thread safety: none while adding; const members may be called from many threads.
class LIVECCA_EXPORT ProbeFingerprint {
 public:
  /// Adds a batch, whose first axis counts the inputs. Fails if it has no axis, or if the element
  /// type or the shape of an input differs from earlier batches', which also holds for sequences
  /// padded to another length; nothing is added then.
  Result<void> add(const ActivationView& inputs);
  /// The same for elements of any type, e.g. "int64" (letters, digits, '_' and '.'). Strides count
  /// elements. Throws Error if the ranks of shape and strides differ, an extent is negative or data
  /// is null though there are elements.
  Result<void> add(const void* data, std::string_view element_type, std::size_t element_bytes,
                   std::span<const std::int64_t> shape, std::span<const std::int64_t> strides);

  /// Adds what another has, as if its inputs came after these. Fails as add() does. Cost:
  /// O(log inputs).
  Result<void> append(const ProbeFingerprint& later);

  std::uint64_t inputs() const { return inputs_; }

  /// "2000 inputs of 3x32x32 float32, 0123456789abcdef/fedcba9876543210": the second number is the
  /// one without the order. One line of ASCII, which parse() takes.
  std::string text() const;
  /// Nothing if it is not exactly what text() writes.
  static std::optional<ProbeFingerprint> parse(std::string_view text);

  /// Empty if they are equal; otherwise what differs, as "expected …, got …" without a path.
  std::string difference_from(const ProbeFingerprint& expected) const;

  friend bool operator==(const ProbeFingerprint&, const ProbeFingerprint&) = default;

 private:
  Result<void> check_fits(std::string_view element_type, std::span<const std::int64_t> shape) const;
  void add_hash(std::uint64_t hash);

  std::string element_type_;          ///< empty before the first input
  std::vector<std::uint64_t> shape_;  ///< of an input
  std::uint64_t inputs_ = 0;
  std::uint64_t ordered_ = 0;
  std::uint64_t unordered_ = 0;
};

}  // namespace livecca
