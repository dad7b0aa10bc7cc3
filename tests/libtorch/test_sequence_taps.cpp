#include <doctest/doctest.h>
#include <torch/nn/modules/rnn.h>
#include <torch/utils.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "livecca/packs/recorded_pack.hpp"
#include "livecca/packs/recorder.hpp"
#include "livecca_libtorch/tap.hpp"
#include "support/panel_of_two.hpp"
#include "support/temporary_folder.hpp"

// Layers that are sequences, or anything that is no image.

using livecca::Layout;
using livecca::Reading;
using livecca::libtorch::tap;
using livecca::libtorch::TapProblem;
using livecca::libtorch::TapScope;

namespace {

constexpr std::int64_t sequences = 40;
constexpr std::int64_t sequence_steps = 7;
constexpr std::int64_t hidden_size = 5;

torch::Tensor random_tensor(at::IntArrayRef shape, std::uint64_t seed) {
  return torch::randn(shape, at::detail::createCPUGenerator(seed));
}

/// True for padding: sequence i has i mod 8 steps.
torch::Tensor padding_mask() {
  return torch::arange(sequence_steps).unsqueeze(0) >=
         torch::arange(sequences).remainder(sequence_steps + 1).unsqueeze(1);
}

Eigen::MatrixXd matrix_of(const torch::Tensor& rows) {
  const torch::Tensor values = rows.to(torch::kDouble).contiguous();
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const RowMajor>(values.data_ptr<double>(), values.size(0), values.size(1));
}

/// What a monitor finds of one layer of "net" and of "other".
struct OneLayer {
  livecca_tests::TemporaryFolder folder;
  livecca::Monitor monitor{[this] {
    livecca::MonitorOptions options;
    options.run_directory = folder.path() / "run";
    options.positions = livecca::Positions::all();
    options.synchronous = true;
    return options;
  }()};
  std::vector<TapProblem> problems;

  template <typename Net, typename Other>
  livecca::SnapshotReport compare(const Net& net, const Other& other) {
    auto step = monitor.begin(livecca::Stream::probe, 0);
    {
      const TapScope scope(monitor, step, "net");
      net();
      problems = scope.problems();
    }
    {
      const TapScope scope(monitor, step, "other");
      other();
    }
    step.commit();
    return monitor.snapshot(0).wait();
  }
};

/// The samples of a layer that is tapped in both networks, and the distance of both.
template <typename Tap>
void check_taps(const Tap& tap_it, const torch::Tensor& x, const torch::Tensor& y,
                const torch::Tensor& rows_x, const torch::Tensor& rows_y) {
  OneLayer run;
  const auto report = run.compare([&] { tap_it(x); }, [&] { tap_it(y); });
  for (const TapProblem& problem : run.problems) MESSAGE(problem.message);
  const livecca::MeasureRow* row = report.find({"layer", "other", "pwcca_distance"});
  REQUIRE(row != nullptr);
  REQUIRE(row->value);
  CHECK(row->samples == static_cast<std::uint64_t>(rows_x.size(0)));
  CHECK(*row->value ==
        doctest::Approx(livecca_tests::direct_distance(matrix_of(rows_x), matrix_of(rows_y)))
            .epsilon(1e-9));
}

}  // namespace

TEST_CASE("three axes are batch, steps and features, and another layout is declared") {
  const torch::Tensor x = random_tensor({sequences, sequence_steps, hidden_size}, 1);
  const torch::Tensor y = x + 0.5 * random_tensor({sequences, sequence_steps, hidden_size}, 2);
  const torch::Tensor rows_x = x.flatten(0, 1);
  const torch::Tensor rows_y = y.flatten(0, 1);
  check_taps([](const torch::Tensor& t) { tap("layer", t); }, x, y, rows_x, rows_y);
  check_taps([](const torch::Tensor& t) { tap("layer", t, Layout::tnc); }, x.transpose(0, 1),
             y.transpose(0, 1).contiguous(), rows_x, rows_y);
  check_taps([](const torch::Tensor& t) { tap("layer", t, Layout::ncl); },
             x.transpose(1, 2).contiguous(), y.transpose(1, 2), rows_x, rows_y);
  check_taps([](const torch::Tensor& t) { tap("layer", t, Reading::pooled(Layout::ntc)); }, x, y,
             x.to(torch::kDouble).mean(1), y.to(torch::kDouble).mean(1));
}

TEST_CASE("a mask is true for padding, which is no sample and may hold anything") {
  const torch::Tensor padding = padding_mask();
  const torch::Tensor nan = torch::full({}, std::nan(""));
  const torch::Tensor x = random_tensor({sequences, sequence_steps, hidden_size}, 3);
  const torch::Tensor y = x + 0.5 * random_tensor({sequences, sequence_steps, hidden_size}, 4);
  const torch::Tensor there = padding.logical_not().flatten();
  const torch::Tensor rows_x = x.flatten(0, 1).index({there});
  const torch::Tensor rows_y = y.flatten(0, 1).index({there});
  const torch::Tensor padded_x = torch::where(padding.unsqueeze(2), nan, x);
  const torch::Tensor padded_y = torch::where(padding.unsqueeze(2), nan, y);
  check_taps([&](const torch::Tensor& t) { tap("layer", t, {}, padding); }, padded_x, padded_y,
             rows_x, rows_y);
  // The mask is batch × steps, whatever the layout.
  check_taps([&](const torch::Tensor& t) { tap("layer", t, Layout::tnc, padding); },
             padded_x.transpose(0, 1), padded_y.transpose(0, 1), rows_x, rows_y);
  check_taps([&](const torch::Tensor& t) { tap("layer", t, {}, padding.t().contiguous().t()); },
             padded_x, padded_y, rows_x, rows_y);
  CHECK(tap("layer", x, {}, padding).is_same(x));
}

TEST_CASE("a tensor of four axes need be no image") {
  const torch::Tensor x = random_tensor({sequences, 2, sequence_steps, hidden_size}, 5);
  const torch::Tensor y = x + 0.5 * random_tensor({sequences, 2, sequence_steps, hidden_size}, 6);
  check_taps([](const torch::Tensor& t) { tap("layer", t, Layout::nhwc); }, x, y, x.flatten(0, 2),
             y.flatten(0, 2));
  const torch::Tensor many_x = random_tensor({300, 2, 2, 3}, 7);
  const torch::Tensor many_y = many_x + 0.5 * random_tensor({300, 2, 2, 3}, 8);
  check_taps([](const torch::Tensor& t) { tap("layer", t, Reading::flattened(Layout::nchw)); },
             many_x, many_y, many_x.flatten(1), many_y.flatten(1));
}

TEST_CASE("of what an LSTM or a GRU returns the output is tapped, and all of it comes back") {
  torch::manual_seed(9);
  torch::nn::LSTM lstm(torch::nn::LSTMOptions(3, hidden_size).num_layers(2));
  torch::nn::GRU gru(torch::nn::GRUOptions(3, hidden_size).batch_first(true));
  const torch::Tensor inputs = random_tensor({sequence_steps, sequences, 3}, 10);
  const auto [output, state] = lstm->forward(inputs);
  const torch::Tensor other =
      output + 0.5 * random_tensor({sequence_steps, sequences, hidden_size}, 11);
  OneLayer run;
  const auto report = run.compare(
      [&] {
        const auto [tapped, states] = tap("lstm", lstm->forward(inputs), Layout::tnc);
        CHECK(torch::equal(tapped, output));
        CHECK(torch::equal(std::get<1>(states), std::get<1>(state)));
        const auto [of_gru, hidden] = tap("gru", gru->forward(inputs.transpose(0, 1)));
        CHECK(hidden.size(0) == 1);
      },
      [&] { tap("lstm", other, Layout::tnc); });
  CHECK(run.problems.empty());
  REQUIRE(report.events.size() == 1);
  CHECK(report.events[0].what == "unverified_probe");
  const livecca::MeasureRow* row = report.find({"lstm", "other", "pwcca_distance"});
  REQUIRE(row != nullptr);
  CHECK(*row->value == doctest::Approx(livecca_tests::direct_distance(
                                           matrix_of(output.detach().transpose(0, 1).flatten(0, 1)),
                                           matrix_of(other.detach().transpose(0, 1).flatten(0, 1))))
                           .epsilon(1e-9));
}

TEST_CASE("a mask or a layout that does not fit is one line, and the layer is not watched") {
  const torch::Tensor x = random_tensor({sequences, sequence_steps, hidden_size}, 12);
  const torch::Tensor padding = padding_mask();
  OneLayer run;
  run.compare(
      [&] {
        tap("float mask", x, {}, padding.to(torch::kFloat));
        tap("short mask", x, {}, padding.slice(1, 1));
        tap("turned", x.transpose(0, 1), {}, padding);
        tap("no steps", x.select(1, 0), {}, padding);
        tap("axes", x, Layout::nchw);
        tap("vector", x.flatten());
        tap("good", x, {}, padding);
        tap("good again", x);
      },
      [&] { tap("good", x, {}, padding); });
  const auto message = [&](const std::string& layer) {
    for (const TapProblem& problem : run.problems) {
      if (problem.tap == "net/" + layer) return problem.message;
    }
    return std::string("none");
  };
  CHECK(run.problems.size() == 6);
  CHECK(message("float mask") ==
        "expected a padding mask of sequences × steps in bool, true for padding as in "
        "src_key_padding_mask, got a Float tensor of 40 × 7");
  CHECK(message("short mask") ==
        "expected a mask of 40 sequences x 7 steps, got 40 sequences x 6 steps");
  CHECK(message("turned") ==
        "expected a mask of 7 sequences x 40 steps, got 40 sequences x 7 steps");
  CHECK(message("no steps") == "expected no padding mask for layout nc, which has no steps");
  CHECK(message("axes").find("40 × 7 × 5") != std::string::npos);
  CHECK(message("vector").find("Float tensor of 1400") != std::string::npos);
}

TEST_CASE("a recorder takes readings and masks, and the pack has the steps that are there") {
  const livecca_tests::TemporaryFolder folder;
  const auto path = folder.path() / "pack.safetensors";
  const torch::Tensor padding = padding_mask();
  const torch::Tensor x = random_tensor({sequences, sequence_steps, hidden_size}, 13);
  const auto recorded = livecca::record(path, {.positions = livecca::Positions::all()},
                                        [&](livecca::Recorder& recorder) {
                                          const TapScope scope(recorder);
                                          tap("encoder", x, {}, padding);
                                          tap("last", x, Reading::last_step(Layout::ntc), padding);
                                          CHECK(scope.problems().empty());
                                          recorder.end_batch();
                                        });
  REQUIRE_MESSAGE(recorded, recorded.why());
  const auto pack = *livecca::RecordedPack::open(path);
  REQUIRE(pack->find("encoder") != nullptr);
  const auto source = *pack->rows("encoder");
  const auto valid = source->valid(0, source->rows());
  CHECK(static_cast<std::int64_t>(std::ranges::count(valid, 1)) ==
        padding.logical_not().sum().item<std::int64_t>());
  CHECK(pack->find("last")->reading == "ntc last");
}
