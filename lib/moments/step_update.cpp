#include "moments/step_update.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <functional>
#include <string>

#include "livecca/common/error.hpp"
#include "moments/products/product_kernel.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

/// Deltas as products read them: 0 beyond the last feature.
void pad(const std::vector<double>& deltas, double factor, std::vector<double>& padded) {
  padded.assign(padded_features(deltas.size()), 0.0);
  std::ranges::transform(deltas, padded.begin(), [&](double delta) { return factor * delta; });
}

}  // namespace

std::uint64_t StepUpdate::tap_products(std::size_t features) {
  return std::uint64_t{features} * (features + 1) / 2;
}

void StepUpdate::begin() {
  block_count_ = 0;
  target_count_ = 0;
  jobs_.clear();
}

RowBlock& StepUpdate::next_block() {
  if (block_count_ == blocks_.size()) blocks_.emplace_back();
  return blocks_[block_count_++];
}

std::size_t StepUpdate::add_rows(const PackedRows& rows, Precision precision) {
  next_block().bind(rows, precision);
  return block_count_ - 1;
}

std::size_t StepUpdate::add_kept_rows(PackedRows& rows, Precision precision) {
  next_block().bind_without_mean(rows, precision);
  return block_count_ - 1;
}

void StepUpdate::add(Moments& moments, std::size_t rows, double decay) {
  add(MomentsAccess::parts_of(moments), rows, rows, decay);
}

void StepUpdate::add(CrossMoments& moments, std::size_t rows_x, std::size_t rows_y, double decay) {
  const std::size_t x = blocks_[rows_x].rows().rows();
  const std::size_t y = blocks_[rows_y].rows().rows();
  if (x != y) {
    throw Error("cross moments: expected equal rows on both sides, got " + std::to_string(x) +
                " and " + std::to_string(y));
  }
  add(MomentsAccess::parts_of(moments), rows_x, rows_y, decay);
}

void StepUpdate::add(const MomentsParts& parts, std::size_t x, std::size_t y, double decay) {
  expect_features(parts.mean_x.size(), blocks_[x].rows().features());
  expect_features(parts.mean_y.size(), blocks_[y].rows().features());
  if (target_count_ == targets_.size()) targets_.emplace_back();
  Target& target = targets_[target_count_];
  target.parts.emplace(parts);
  target.x = x;
  target.y = y;
  target.decay = decay;
  decide_norms(target);
  const bool is_of_values =
      target.has_norms || (parts.has_difference() && blocks_[x].precision() == Precision::fast);
  if (is_of_values) {
    blocks_[x].need_values();
    blocks_[y].need_values();
  }
  add_tiles(target_count_, parts.mean_x.size(), parts.mean_y.size(), parts.is_tap);
  ++target_count_;
}

void StepUpdate::add_tiles(std::size_t target, std::size_t rows, std::size_t columns,
                           bool lower_only) {
  if (targets_[target].has_norms) jobs_.push_back({Job::Kind::norms, target, 0, 0, 0});
  if (targets_[target].parts->has_difference()) {
    jobs_.push_back({Job::Kind::difference, target, 0, 0, 0});
  }
  const std::size_t size =
      std::max(rows, columns) <= narrow_product ? small_tile_features : tile_features;
  for (std::size_t column = 0; column < columns; column += size) {
    for (std::size_t row = lower_only ? column : 0; row < rows; row += size) {
      jobs_.push_back({Job::Kind::tile, target, row, column, size});
    }
  }
}

void StepUpdate::decide_norms(Target& target) {
  MomentsParts& parts = *target.parts;
  const SampleWeights& batch = blocks_[target.x].rows().weights();
  const double m = batch.sum;
  const bool equal_weights = target.decay == 1 && m == static_cast<double>(batch.samples) &&
                             batch.squares == static_cast<double>(batch.samples);
  if (!equal_weights) parts.drop_norms();
  target.has_norms = parts.has_norms();
}

void StepUpdate::prepare(Target& target) {
  const MomentsParts& parts = *target.parts;
  const PackedRows& rows_x = blocks_[target.x].rows();
  const PackedRows& rows_y = blocks_[target.y].rows();
  target.delta_x.assign(parts.mean_x.size(), 0.0);
  target.delta_y.assign(parts.mean_y.size(), 0.0);
  target.weight = merge_weight(target.decay * parts.weights.sum, rows_x.weights().sum);
  if (target.weight > 0) {
    subtract(rows_x.mean(), parts.mean_x, target.delta_x);
    subtract(rows_y.mean(), parts.mean_y, target.delta_y);
  }
  pad(target.delta_x, 1, target.tile_delta_x);
  pad(target.delta_y, target.weight, target.tile_delta_y);
  if (target.has_norms) prepare_norms(target);
}

void StepUpdate::prepare_norms(Target& target) {
  MomentsParts& parts = *target.parts;
  const double m = blocks_[target.x].rows().weights().sum;
  const double n = parts.weights.sum;
  const double share = target.weight > 0 ? m / (n + m) : 0;
  const auto scale = [](std::vector<double>& to, const std::vector<double>& from, double factor) {
    to.resize(from.size());
    std::ranges::transform(from, to.begin(), [&](double value) { return factor * value; });
  };
  scale(target.shift_x, target.delta_x, -share);
  scale(target.shift_y, target.delta_y, -share);
  // Now, as it takes the product before the batch is in it.
  if (parts.is_tap) {
    recenter(**parts.norms, parts.product, n, target.shift_x, target.scratch);
  } else {
    recenter(**parts.cross_norms, parts.product, n, target.shift_x, target.shift_y, target.scratch);
  }
  scale(target.shift_x, target.delta_x, target.weight > 0 ? 1 - share : 0);
  scale(target.shift_y, target.delta_y, target.weight > 0 ? 1 - share : 0);
}

void StepUpdate::run(std::size_t count, const std::function<void(std::size_t)>& beside) {
  std::size_t rounds = 1;  // the first one also decays and merges means, rows or not
  std::size_t most_parts = 0;
  for (std::size_t i = 0; i < block_count_; ++i) {
    rounds = std::max(rounds, blocks_[i].block_count());
    most_parts += blocks_[i].most_parts();
  }
  parts_.reserve(most_parts);  // also for more rows than now: a later step allocates nothing
  // By reference: a std::function that holds a large lambda would allocate.
  const auto read = [&](std::size_t i) {
    if (i >= parts_.size()) return beside(i - parts_.size());
    blocks_[parts_[i].block].read(parts_[i].part);
  };
  const auto job = [this](std::size_t i) { run_job(jobs_[i]); };
  for (round_ = 0; round_ < rounds; ++round_) {
    for (std::size_t i = 0; i < block_count_; ++i) blocks_[i].go_to(round_);
    if (round_ == 0) find_means();
    list_parts();
    const std::size_t others = round_ == 0 ? count : 0;
    executor_.parallel_for(Lane::training, parts_.size() + others, std::ref(read));
    if (round_ == 0) {
      for (std::size_t i = 0; i < target_count_; ++i) prepare(targets_[i]);
    }
    executor_.parallel_for(Lane::training, jobs_.size(), std::ref(job));
  }
  for (std::size_t i = 0; i < target_count_; ++i) finish(targets_[i]);
}

void StepUpdate::find_means() {
  parts_.clear();
  for (std::size_t i = 0; i < block_count_; ++i) {
    if (!blocks_[i].needs_values()) continue;
    for (std::size_t part = 0; part < blocks_[i].mean_parts(); ++part) parts_.push_back({i, part});
  }
  const auto find = [this](std::size_t i) { blocks_[parts_[i].block].find_mean(parts_[i].part); };
  executor_.parallel_for(Lane::training, parts_.size(), std::ref(find));
}

void StepUpdate::list_parts() {
  parts_.clear();
  for (std::size_t i = 0; i < block_count_; ++i) {
    for (std::size_t part = 0; part < blocks_[i].parts(); ++part) parts_.push_back({i, part});
  }
}

void StepUpdate::run_job(const Job& job) {
  if (round_ > 0 && blocks_[targets_[job.target].x].count() == 0) return;
  switch (job.kind) {
    case Job::Kind::tile:
      return run_tile(job);
    case Job::Kind::norms:
      return run_norms(targets_[job.target]);
    case Job::Kind::difference:
      return run_difference(targets_[job.target]);
  }
}

void StepUpdate::run_tile(const Job& job) {
  const Target& target = targets_[job.target];
  const auto rows = static_cast<Index>(target.delta_x.size());
  const auto columns = static_cast<Index>(target.delta_y.size());
  const auto row = static_cast<Index>(job.row);
  const auto column = static_cast<Index>(job.column);
  Eigen::Map<MatrixXd> product(target.parts->product.data(), rows, columns);
  const auto size = static_cast<Index>(job.size);
  auto out =
      product.block(row, column, std::min(size, rows - row), std::min(size, columns - column));
  if (round_ == 0 && target.decay != 1) out *= target.decay;
  const bool has_deltas = round_ == 0 && target.weight > 0;
  const RowBlock& x = blocks_[target.x];
  const RowBlock& y = blocks_[target.y];
  const bool is_on_diagonal = target.parts->is_tap && row == column;
  const auto add = [&](auto of_x, auto of_y, auto function) {
    if (has_deltas) {
      of_x.delta = target.tile_delta_x.data() + job.row;
      of_y.delta = target.tile_delta_y.data() + job.column;
    }
    function({.out = out.data(),
              .stride = static_cast<std::size_t>(rows),
              .rows = static_cast<std::size_t>(out.rows()),
              .columns = static_cast<std::size_t>(out.cols()),
              .is_on_diagonal = is_on_diagonal,
              .x = of_x,
              .y = of_y,
              .samples = x.count()});
  };
  if (x.precision() == Precision::exact) {
    add(x.exact(job.row), y.exact(job.column), product_kernel().add);
  } else {
    add(x.fast(job.row), y.fast(job.column), product_kernel().add_fast);
  }
}

void StepUpdate::run_norms(Target& target) {
  const RowBlock& x = blocks_[target.x];
  const RowBlock& y = blocks_[target.y];
  if (target.parts->is_tap) {
    livecca::add_rows(**target.parts->norms, x.values(), x.count(), target.shift_x);
  } else {
    livecca::add_rows(**target.parts->cross_norms, x.values(), y.values(), x.count(),
                      target.shift_x, target.shift_y);
  }
}

void StepUpdate::run_difference(Target& target) {
  double& sum = **target.parts->squared_difference;
  if (round_ == 0) {
    sum *= target.decay;
    if (target.weight > 0) {
      sum += target.weight * squared_difference_of(target.delta_x, target.delta_y);
    }
  }
  sum += difference_of_rows(target);
}

double StepUpdate::difference_of_rows(const Target& target) const {
  const RowBlock& x = blocks_[target.x];
  const RowBlock& y = blocks_[target.y];
  if (x.precision() == Precision::fast) {
    const std::size_t values = x.count() * target.delta_x.size();
    return squared_difference_of(x.values().first(values), y.values().first(values));
  }
  double sum = 0;
  for (std::size_t i = 0; i < x.panel_count(); ++i) {
    sum += squared_difference_of(x.panel(i), y.panel(i));
  }
  return sum;
}

void StepUpdate::finish(Target& target) {
  MomentsParts& parts = *target.parts;
  const PackedRows& x = blocks_[target.x].rows();
  const PackedRows& y = blocks_[target.y].rows();
  const double n = target.decay * parts.weights.sum;
  parts.mark_changed();
  advance(parts.mean_x, n, x.mean(), target.delta_x, x.weights().sum);
  if (!parts.is_tap) advance(parts.mean_y, n, y.mean(), target.delta_y, y.weights().sum);
  if (target.decay != 1) parts.weights.decay(target.decay);
  parts.weights.add(x.weights());
  if (x.weights().samples > 0) {
    parts.precision = worse(parts.precision, blocks_[target.x].precision());
    if (parts.is_tap) *parts.roundoff = std::max(*parts.roundoff, x.roundoff());
  }
}

}  // namespace livecca
