#include "packs/sequence_rows.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

namespace livecca {

SequenceSteps SequenceSteps::widened(std::size_t steps) const {
  if (steps <= width) return *this;
  SequenceSteps wide{.width = steps, .there = std::vector<std::uint8_t>(sequences() * steps)};
  for (std::uint64_t sequence = 0; sequence < sequences(); ++sequence) {
    std::copy_n(there.data() + sequence * width, width, wide.there.data() + sequence * steps);
  }
  return wide;
}

SequenceRows::SequenceRows(std::shared_ptr<RowSource> rows, SequenceSteps steps)
    : rows_(std::move(rows)), steps_(std::move(steps)) {
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < steps_.there.size(); ++i) {
    if (i % steps_.width == 0) first_rows_.push_back(before);
    before += steps_.there[i];
  }
  const auto valid_rows = rows_->valid(0, rows_->rows());
  if (valid_rows.empty()) return;
  valid_ = steps_.there;
  auto next = valid_rows.begin();
  for (std::uint8_t& valid : valid_) {
    if (valid == 1) valid = *next++;
  }
}

std::uint64_t SequenceRows::rows_before(std::uint64_t row) const {
  if (row == rows()) return rows_->rows();
  const std::uint64_t sequence = row / steps_.width;
  const std::uint8_t* const begin = steps_.there.data() + sequence * steps_.width;
  return first_rows_[sequence] +
         static_cast<std::uint64_t>(std::count(begin, steps_.there.data() + row, 1));
}

Result<ActivationView> SequenceRows::read(std::uint64_t first, std::uint64_t count) {
  if (!has(first, count)) {
    return Failure{"expected steps among " + std::to_string(rows()) + ", got " +
                   std::to_string(count) + " from " + std::to_string(first) + " on"};
  }
  const std::uint64_t begin = rows_before(first);
  const auto there = rows_->read(begin, rows_before(first + count) - begin);
  if (!there) return Failure{there.why()};
  const std::size_t row_bytes = features() * size_of(there->dtype());
  bytes_.assign(count * row_bytes, std::byte{0});
  const auto* from = static_cast<const std::byte*>(there->data());
  for (std::uint64_t row = 0; row < count; ++row) {
    if (steps_.there[first + row] == 0) continue;
    std::memcpy(bytes_.data() + row * row_bytes, from, row_bytes);
    from += row_bytes;
  }
  const std::array<std::int64_t, 2> shape{static_cast<std::int64_t>(count),
                                          static_cast<std::int64_t>(features())};
  return ActivationView(bytes_.data(), there->dtype(), shape).with_roundoff(there->roundoff());
}

std::span<const std::uint8_t> SequenceRows::valid(std::uint64_t first, std::uint64_t count) {
  if (!has(first, count)) return {};
  return std::span(valid_.empty() ? steps_.there : valid_).subspan(first, count);
}

}  // namespace livecca
