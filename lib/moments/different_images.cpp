#include "livecca/moments/different_images.hpp"

#include <algorithm>
#include <utility>

namespace livecca {
namespace {

constexpr std::size_t most_hashes = 1024;
/// The share from a sample of so many is off by 3 %: five times that is no accident.
constexpr double clear_share = 0.85;
/// A few equal rows need not be equal inputs, as in half precision.
constexpr double clear_exact_share = 0.95;

}  // namespace

void DifferentImages::insert(Counted image) {
  const bool is_full = smallest_.size() == most_hashes;
  if (is_full && image.hash > smallest_.back().hash) return;
  const auto place = std::ranges::lower_bound(smallest_, image.hash, {}, &Counted::hash);
  if (place != smallest_.end() && place->hash == image.hash) {
    place->count += image.count;
    return;
  }
  // A hash that is kept in the end was kept from the first time on, so its count is whole.
  const auto index = place - smallest_.begin();
  if (is_full) smallest_.pop_back();
  smallest_.insert(smallest_.begin() + index, image);
}

void DifferentImages::add(std::uint64_t hash) {
  ++seen_;
  insert({hash, 1});
}

void DifferentImages::merge(const DifferentImages& other) {
  seen_ += other.seen_;
  unlike_ += other.unlike_;
  for (const Counted& image : other.smallest_) insert(image);
}

void DifferentImages::clear() {
  seen_ = unlike_ = 0;
  smallest_.clear();
}

void DifferentImages::reserve() { smallest_.reserve(most_hashes); }

double DifferentImages::share() const {
  if (smallest_.size() < 2) return 1;  // all the same: the taps do not vary, whatever the inputs
  std::uint64_t images = 0;
  std::uint64_t most = 0;
  for (const Counted& image : smallest_) {
    images += image.count;
    most = std::max(most, image.count);
  }
  const auto count = static_cast<double>(smallest_.size());
  const double of_others = (count - 1) / static_cast<double>(images - most);
  const bool is_exact = smallest_.size() < most_hashes;
  if (of_others >= (is_exact ? clear_exact_share : clear_share)) return 1;
  const auto hashed = static_cast<double>(seen_ - unlike_);
  const double different = is_exact ? count : of_others * hashed;
  return (static_cast<double>(unlike_) + different) / static_cast<double>(seen_);
}

Result<DifferentImages> DifferentImages::from(std::uint64_t seen, std::uint64_t unlike,
                                              std::vector<Counted> smallest) {
  const Failure refusal{"expected hashes of images that were seen, in ascending order, got others"};
  if (smallest.size() > most_hashes || unlike > seen) return refusal;
  std::uint64_t rest = seen - unlike;
  for (std::size_t i = 0; i < smallest.size(); ++i) {
    const bool ascends = i == 0 || smallest[i - 1].hash < smallest[i].hash;
    if (!ascends || smallest[i].count == 0 || smallest[i].count > rest) return refusal;
    rest -= smallest[i].count;
  }
  if (rest > 0 && smallest.size() < most_hashes) return refusal;
  DifferentImages images;
  images.seen_ = seen;
  images.unlike_ = unlike;
  images.smallest_ = std::move(smallest);
  return images;
}

}  // namespace livecca
