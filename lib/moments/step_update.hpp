#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "livecca/common/executor.hpp"
#include "moments/moments_parts.hpp"
#include "moments/norm_sums.hpp"
#include "moments/row_block.hpp"

namespace livecca {

/// One step on its way into all accumulators. Rows go through in blocks; of each block a tap's rows
/// are packed once, then every product is cut into tiles that run at the same time. A tile is
/// written by one task, which takes the blocks in their order: the number of threads changes no
/// bit.
///
/// Kept from step to step, so that steps of a known shape allocate nothing: begin(), add rows and
/// accumulators, run(). A step of one block whose rows need no mean first is two rounds of tasks.
class StepUpdate {
 public:
  explicit StepUpdate(Executor& executor) : executor_(executor) {}

  /// Forgets the last step.
  void begin();
  /// The rows of a tap, centred; returns their place for add().
  std::size_t add_rows(const PackedRows& rows, Precision precision);
  /// The same of rows that were kept, but whose mean is found here.
  std::size_t add_kept_rows(PackedRows& rows, Precision precision);
  /// `decay`: what the rows already in the accumulator weigh from now on. Throws Error if rows and
  /// accumulator do not fit each other.
  void add(Moments& moments, std::size_t rows, double decay = 1);
  void add(CrossMoments& moments, std::size_t rows_x, std::size_t rows_y, double decay = 1);
  /// `beside` runs for 0 … count − 1 while rows are read: what else is to be done in this step.
  void run(std::size_t count = 0, const std::function<void(std::size_t)>& beside = {});

  /// Multiply-adds that one row costs a tap's own moments, of which the lower triangle is made.
  static std::uint64_t tap_products(std::size_t features);

 private:
  /// An accumulator in this step. Its vectors keep their memory between steps.
  struct Target {
    std::optional<MomentsParts> parts;
    std::size_t x = 0;  ///< places in blocks_
    std::size_t y = 0;
    double decay = 1;
    double weight = 0;                 ///< of the outer product of the deltas, see merge_weight()
    std::vector<double> tile_delta_x;  ///< for TileOperand; the other one is times the weight
    std::vector<double> tile_delta_y;
    std::vector<double> delta_x;  ///< the batch's mean less the accumulator's
    std::vector<double> delta_y;
    bool has_norms = false;
    std::vector<double> shift_x;  ///< the batch's mean less the new one
    std::vector<double> shift_y;
    NormScratch scratch;
  };
  struct Job {
    enum class Kind : std::uint8_t { tile, norms, difference };
    Kind kind;
    std::size_t target;
    std::size_t row;
    std::size_t column;
    std::size_t size;  ///< of a tile, each way, at most
  };

  struct Part {
    std::size_t block;  ///< in blocks_
    std::size_t part;
  };

  void add(const MomentsParts& parts, std::size_t x, std::size_t y, double decay);
  void add_tiles(std::size_t target, std::size_t rows, std::size_t columns, bool lower_only);
  RowBlock& next_block();
  /// Says whether the accumulator still has norms after this step.
  void decide_norms(Target& target);
  /// What can only be done when the means of the rows are known.
  void prepare(Target& target);
  void prepare_norms(Target& target);
  /// Where values are needed, the mean comes before all of them.
  void find_means();
  /// Of reading the blocks, see RowBlock.
  void list_parts();
  void run_job(const Job& job);
  void run_tile(const Job& job);
  void run_norms(Target& target);
  void run_difference(Target& target);
  double difference_of_rows(const Target& target) const;
  void finish(Target& target);

  Executor& executor_;
  std::vector<RowBlock> blocks_;
  std::size_t block_count_ = 0;  ///< of blocks_, those of this step
  std::vector<Target> targets_;
  std::size_t target_count_ = 0;
  std::vector<Job> jobs_;
  std::vector<Part> parts_;
  std::size_t round_ = 0;  ///< the block that is under way
};

}  // namespace livecca
