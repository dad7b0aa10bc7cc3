#include <doctest/doctest.h>

#include <cmath>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "verdicts/verdict_record.hpp"
#include "verdicts/verdicts.hpp"

using namespace livecca;

namespace {

constexpr std::uint64_t motion_seed = 141421;

/// Layers that slow down, each from another speed: their distances fall by a share at each snapshot
/// and grow in proportion to the lag, both with some noise.
class SlowingLayers {
 public:
  explicit SlowingLayers(int layers) : layers_(layers) {}

  std::vector<LayerMotion> next() {
    std::vector<LayerMotion> motions;
    for (int i = 0; i < layers_; ++i) {
      LayerMotion motion{.layer = "layer" + std::to_string(i)};
      const double decay = 0.12;
      const double speed = 0.02 * std::pow(1.6, i);
      for (std::size_t lag = 0; lag < motion_lags.size(); ++lag) {
        const auto back = static_cast<double>(motion_lags[lag]);
        if (snapshot_ < back) continue;
        const double path = std::expm1(decay * back) / decay;
        const double noise = std::exp(0.1 * normal_(engine_));
        motion.moved[lag] = std::min(0.8, speed * std::exp(-decay * snapshot_) * path * noise);
      }
      motions.push_back(motion);
    }
    ++snapshot_;
    return motions;
  }

 private:
  int layers_;
  double snapshot_ = 0;
  std::mt19937_64 engine_{motion_seed};
  std::normal_distribution<double> normal_;
};

std::vector<VerdictRow> add(Verdicts& verdicts, std::int64_t epoch,
                            const std::vector<LayerMotion>& motions,
                            std::optional<double> learning_rate = std::nullopt) {
  SnapshotVerdictInput input;
  input.epoch = epoch;
  input.step = static_cast<std::uint64_t>(epoch);
  input.network = "net";
  input.measure = "pwcca_distance";
  input.motions = motions;
  input.learning_rate = learning_rate;
  return verdicts.add(input).verdicts;
}

}  // namespace

TEST_CASE("a jump of the learning rate is said, one that falls smoothly is not") {
  Verdicts verdicts({});
  SlowingLayers layers(2);
  const std::vector<std::optional<double>> rates{std::nullopt, 0.1, 0.05, 0.01, 0.01, 0.02};
  const std::vector<std::string> told{"",
                                      "",
                                      "",
                                      "the learning rate fell from 0.05 to 0.01 since the snapshot "
                                      "before: what was forecast before "
                                      "does not know of it",
                                      "",
                                      "the learning rate rose from 0.01 to 0.02 since the snapshot "
                                      "before: what was forecast before "
                                      "does not know of it"};
  for (std::size_t i = 0; i < rates.size(); ++i) {
    CAPTURE(i);
    for (const VerdictRow& row :
         add(verdicts, static_cast<std::int64_t>(i), layers.next(), rates[i])) {
      CHECK(row.message == told[i]);
    }
  }
}

TEST_CASE("a fall of the learning rate is not said of layers that are settled, a rise is") {
  for (const double rate : {0.01, 1.0}) {
    CAPTURE(rate);
    Verdicts verdicts({});
    std::vector<VerdictRow> rows;
    for (std::int64_t epoch = 0; epoch < 10; ++epoch) {
      LayerMotion motion{.layer = "fc"};
      for (std::size_t lag = 0; lag < motion_lags.size(); ++lag) {
        if (epoch >= static_cast<std::int64_t>(motion_lags[lag])) motion.moved[lag] = 1e-4;
      }
      rows = add(verdicts, epoch, {motion}, epoch < 9 ? 0.1 : rate);
    }
    CHECK(rows.at(0).verdict == "settled");
    CHECK(rows.at(0).message.empty() == (rate < 0.1));
  }
}

TEST_CASE("a step as far as unrelated data is a move where its p-value tells it from them") {
  for (const auto& [p_value, verdict] : {std::pair{std::optional(0.0099), "moving"},
                                         {std::optional(0.01), "undecided"},
                                         {std::optional<double>(), "undecided"}}) {
    Verdicts verdicts({});
    add(verdicts, 0, {{.layer = "fc"}});
    const LayerMotion far{.layer = "fc", .moved = {0.95}, .p_value = p_value};
    CHECK(add(verdicts, 1, {far}).at(0).verdict == verdict);
  }
}

TEST_CASE("the end of a cosine is no jump of the learning rate") {
  for (const int epochs : {14, 24, 90}) {
    CAPTURE(epochs);
    Verdicts verdicts({});
    SlowingLayers layers(1);
    for (int epoch = 0; epoch <= epochs; ++epoch) {
      const double rate = 0.1 * (0.5 + 0.5 * std::cos(M_PI * epoch / epochs));
      CHECK(add(verdicts, epoch, layers.next(), rate).at(0).message.empty());
    }
  }
}

TEST_CASE("a snapshot of the train stream alone does not use up a jump of the learning rate") {
  Verdicts verdicts({});
  SlowingLayers layers(1);
  add(verdicts, 0, layers.next(), 0.1);
  SnapshotVerdictInput train;
  train.stream = Stream::train;
  train.network = "net";
  train.measure = "pwcca_distance";
  train.learning_rate = 0.01;
  static_cast<void>(verdicts.add(train));
  const auto rows = add(verdicts, 1, layers.next(), 0.01);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].message.starts_with("the learning rate fell from 0.1 to 0.01 "));
}

TEST_CASE("epochs of settling are told once the run's earlier ones came true") {
  MESSAGE("seed " << motion_seed);
  Verdicts verdicts({});
  SlowingLayers layers(8);
  VerdictRecord record(0.05);
  std::size_t judged = 0;
  std::int64_t first_told = -1;
  std::int64_t last_settled = -1;
  constexpr std::int64_t epochs = 60;
  std::vector<bool> is_settled(8, false);
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
    std::size_t layer = 0;
    for (const VerdictRow& row : add(verdicts, epoch, layers.next())) {
      record.add(row);
      record.add(DistanceToEnd{row.layer, row.epoch, row.step, 0.5});
      if (row.settling_epoch && first_told < 0) first_told = epoch;
      if (row.settling_epoch) {
        CHECK(row.verdict != "settled");
        CHECK(*row.settling_epoch_low <= *row.settling_epoch);
        CHECK(*row.settling_epoch <= *row.settling_epoch_high);
        CHECK(*row.settling_epoch_low > static_cast<double>(epoch));
      }
      if (row.verdict == "settled" && !is_settled[layer]) {
        is_settled[layer] = true;
        ++judged;
        last_settled = epoch;
      }
      ++layer;
    }
  }
  CHECK(judged == 8);
  CHECK(first_told > 0);
  CHECK(first_told < last_settled);
  const VerdictRecordRow all = record.rows().front();
  MESSAGE(all.settling_epochs_held << " of " << all.settling_epochs << " held, told from epoch "
                                   << first_told);
  CHECK(all.settling_epochs > 20);
  CHECK(10 * all.settling_epochs_held >= 8 * all.settling_epochs);
}

TEST_CASE("a restored state goes on with the motions, the learning rate and what was expected") {
  const auto rate_at = [](std::int64_t epoch) { return epoch < 20 ? 0.1 : 0.01; };
  constexpr std::int64_t epochs = 30;
  for (const std::int64_t cut : {3, 12, 20, 25}) {
    CAPTURE(cut);
    Verdicts uninterrupted({});
    SlowingLayers layers(8);
    for (std::int64_t epoch = 0; epoch < cut; ++epoch) {
      add(uninterrupted, epoch, layers.next(), rate_at(epoch));
    }
    Verdicts restored({});
    REQUIRE(restored.restore(uninterrupted.state()));
    CHECK(restored.state() == uninterrupted.state());
    for (std::int64_t epoch = cut; epoch < epochs; ++epoch) {
      const auto motions = layers.next();
      CHECK(add(restored, epoch, motions, rate_at(epoch)) ==
            add(uninterrupted, epoch, motions, rate_at(epoch)));
    }
  }
}
