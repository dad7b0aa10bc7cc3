#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

/// How many of the images of a window are different: a window of 2,000 images of which 20 differ
/// says no more than 20 images do. Of each image it takes a hash of the rows of all taps. It keeps
/// the 1,024 smallest different ones, and how often each came: a sample of all different images.
/// Up to 1,024 their number is exact, above the share is known within some 3 %. Memory: 16 KiB.
/// Order, batches and merges change nothing.
///
/// Only rows that are equal to the last bit are the same. So an image that comes again with noise,
/// with dropout, or rounded otherwise is another one. Images all of whose numbers are whole
/// (classes, one-hot vectors, counts) are not looked at: they repeat without being the same input.
/// Nor is a single row that comes often while others do not: dead neurons make it of different
/// images.
///
/// Thread safety: none; calls must not overlap, but for those that change nothing.
class LIVECCA_EXPORT DifferentImages {
 public:
  /// Adds an image by the hash of its rows. Cost: below a microsecond.
  void add(std::uint64_t hash);
  /// Adds an image that is taken for another one than all others.
  void add_unlike() { ++seen_, ++unlike_; }
  void merge(const DifferentImages& other);
  void clear();
  /// So that add() allocates nothing.
  void reserve();

  /// The share of the images seen that differ, in (0, 1]. 1 unless it is clearly below.
  double share() const;

  struct Counted {
    std::uint64_t hash = 0;
    std::uint64_t count = 0;
    friend bool operator==(const Counted&, const Counted&) = default;
  };

  // What a file keeps.
  std::uint64_t seen() const { return seen_; }
  std::uint64_t unlike() const { return unlike_; }
  std::span<const Counted> smallest() const { return smallest_; }
  /// Fails if no images can have given these.
  static Result<DifferentImages> from(std::uint64_t seen, std::uint64_t unlike,
                                      std::vector<Counted> smallest);

  friend bool operator==(const DifferentImages&, const DifferentImages&) = default;

 private:
  void insert(Counted image);

  std::uint64_t seen_ = 0;
  std::uint64_t unlike_ = 0;
  std::vector<Counted> smallest_;  ///< by hash, ascending
};

}  // namespace livecca
