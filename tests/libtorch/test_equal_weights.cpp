#include <doctest/doctest.h>
#include <torch/nn/functional/loss.h>
#include <torch/optim/sgd.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "livecca_libtorch/evaluation_scope.hpp"
#include "livecca_libtorch/inputs.hpp"
#include "small_network.hpp"
#include "support/json_lines.hpp"
#include "support/temporary_folder.hpp"

using livecca::Monitor;
using livecca::Stream;
using livecca::libtorch::EvaluationScope;
using livecca::libtorch::set_inputs;
using livecca::libtorch::TapScope;
using livecca_tests::small_images;
using livecca_tests::SmallNetwork;

namespace {

constexpr int steps = 240;
constexpr int steps_per_epoch = 40;
constexpr std::int64_t batch_size = 16;

/// All that training changed: weights, batch norm's statistics, momentum, and what the generator
/// would give next.
struct Outcome {
  std::vector<torch::Tensor> tensors;

  friend bool operator==(const Outcome& x, const Outcome& y) {
    return std::ranges::equal(x.tensors, y.tensors, [](const auto& a, const auto& b) {
      return a.sizes() == b.sizes() && torch::equal(a, b);
    });
  }
};

using Forward = std::function<torch::Tensor(SmallNetwork&, const torch::Tensor&, int)>;
using BetweenEpochs = std::function<void(SmallNetwork&, int)>;

/// A few epochs of training: shuffled batches, dropout, momentum.
Outcome train(const Forward& forward, const BetweenEpochs& between_epochs) {
  SmallNetwork network(11);
  torch::optim::SGD optimizer(network->parameters(), torch::optim::SGDOptions(0.05).momentum(0.9));
  const torch::Tensor images = small_images(batch_size * steps_per_epoch, 3);
  const torch::Tensor labels = (images.mean({1, 2, 3}) * 16).add(2.5).clamp(0, 4).to(torch::kLong);
  torch::manual_seed(17);
  network->train();
  torch::Tensor order;
  for (int step = 0; step < steps; ++step) {
    if (step % steps_per_epoch == 0) {
      between_epochs(network, step / steps_per_epoch);
      order = torch::randperm(images.size(0), torch::kLong);
    }
    const std::int64_t first = (step % steps_per_epoch) * batch_size;
    const torch::Tensor chosen = order.slice(0, first, first + batch_size);
    optimizer.zero_grad();
    const torch::Tensor logits = forward(network, images.index_select(0, chosen), step);
    torch::cross_entropy_loss(logits, labels.index_select(0, chosen)).backward();
    optimizer.step();
  }
  between_epochs(network, steps / steps_per_epoch);
  Outcome outcome;
  for (const auto& parameter : network->parameters()) {
    outcome.tensors.push_back(parameter.detach().clone());
    outcome.tensors.push_back(parameter.grad().clone());
  }
  for (const auto& buffer : network->buffers()) outcome.tensors.push_back(buffer.clone());
  outcome.tensors.push_back(torch::rand({8}));
  return outcome;
}

Outcome train_unwatched() {
  return train([](SmallNetwork& network, const torch::Tensor& batch,
                  int) { return network->forward(batch); },
               [](SmallNetwork&, int) {});
}

/// The same training with both streams on, and a reference of its own that runs beside it.
class WatchedRun {
 public:
  explicit WatchedRun(const std::function<void(livecca::MonitorOptions&)>& change)
      : monitor(options(folder, change)) {}

  Outcome outcome() {
    return train(
        [&](SmallNetwork& network, const torch::Tensor& batch, int step) {
          const std::int64_t epoch = step / steps_per_epoch;
          monitor.training_step(epoch);
          auto train_step = monitor.begin_if_due(Stream::train, epoch);
          if (!train_step) return network->forward(batch);
          torch::Tensor logits;
          {
            const TapScope taps(monitor, *train_step, "net");
            logits = network->forward(batch);
          }
          run_beside(*train_step, "reference", reference, batch);
          train_step->commit();
          return logits;
        },
        [&](SmallNetwork& network, int epoch) {
          for (const torch::Tensor& batch : probe.split(40)) {
            Monitor::Step step = monitor.begin(Stream::probe, epoch);
            set_inputs(step, batch);
            run_beside(step, "net", network, batch);
            run_beside(step, "reference", reference, batch);
            step.commit();
          }
          last = monitor.snapshot(epoch);
        });
  }

  livecca_tests::TemporaryFolder folder;
  Monitor monitor;
  livecca::SnapshotTicket last{{}};

 private:
  static livecca::MonitorOptions options(
      const livecca_tests::TemporaryFolder& folder,
      const std::function<void(livecca::MonitorOptions&)>& change) {
    livecca::MonitorOptions options;
    options.run_directory = folder.path() / "run";
    options.train_schedule = livecca::Schedule::every_steps(2);
    change(options);
    return options;
  }

  void run_beside(Monitor::Step& step, const char* name, SmallNetwork& network,
                  const torch::Tensor& batch) {
    const TapScope taps(monitor, step, name);
    const EvaluationScope evaluation(*network);
    network->forward(batch);
  }

  SmallNetwork reference{12};
  torch::Tensor probe = small_images(120, 4);
};

double number_of(const livecca::SnapshotReport& report, livecca::Stream stream) {
  const auto* row = report.find(
      {.layer = "conv", .reference = "reference", .measure = "pwcca_distance", .stream = stream});
  REQUIRE(row != nullptr);
  REQUIRE(row->value.has_value());
  return *row->value;
}

}  // namespace

TEST_CASE("weights after training with the monitor and without are bit for bit equal") {
  const Outcome expected = train_unwatched();
  REQUIRE(train_unwatched() == expected);  // LibTorch's own doing is the same each time
  // And what is compared would tell a difference: one batch seen in training mode.
  const Outcome disturbed = train(
      [](SmallNetwork& network, const torch::Tensor& batch, int step) {
        if (step == 7) network->forward(batch);
        return network->forward(batch);
      },
      [](SmallNetwork&, int) {});
  REQUIRE(!(disturbed == expected));

  std::function<void(livecca::MonitorOptions&)> change;
  bool has_budget = false;
  SUBCASE("asynchronously") {
    change = [](livecca::MonitorOptions&) {};
  }
  SUBCASE("synchronously") {
    change = [](livecca::MonitorOptions& options) { options.synchronous = true; };
  }
  SUBCASE("with a queue of one step, every step observed") {
    change = [](livecca::MonitorOptions& options) {
      options.queue_steps = 1;
      options.train_schedule = livecca::Schedule::every_steps(1);
    };
  }
  SUBCASE("with a budget") {
    has_budget = true;
    change = [](livecca::MonitorOptions& options) {
      options.overhead_budget = 0.05;
      options.train_schedule = livecca::Schedule::every_steps(1);
    };
  }
  WatchedRun run(change);
  CHECK(run.outcome() == expected);

  // It was watched indeed. A full queue may have left the last epoch's steps out, and a budget all
  // of them: here it is the probe that takes it up.
  const livecca::SnapshotReport& report = run.last.wait();
  CHECK(number_of(report, livecca::Stream::probe) > 0);
  const auto lines = livecca_tests::read_lines(run.monitor.run_directory() / "rows.jsonl");
  const bool has_train_rows = std::ranges::any_of(lines, [](const auto& line) {
    return line.value("kind", "") == "measure" && line.value("stream", "") == "train";
  });
  CHECK((has_train_rows || has_budget));
}
