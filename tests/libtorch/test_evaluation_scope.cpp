#include <doctest/doctest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>
#include <torch/utils.h>

#include <vector>

#include "livecca_libtorch/evaluation_scope.hpp"
#include "small_network.hpp"

using livecca::libtorch::EvaluationScope;
using livecca_tests::small_images;
using livecca_tests::SmallNetwork;

TEST_CASE("a pass in an evaluation scope leaves no trace") {
  torch::nn::BatchNorm1d norm(4);
  torch::nn::BatchNorm1d frozen(4);
  torch::nn::Sequential network(torch::nn::Linear(5, 4), norm, torch::nn::Dropout(0.5), frozen);
  network->train();
  frozen->eval();
  const torch::Tensor mean = norm->running_mean.clone();

  torch::manual_seed(9);
  const torch::Tensor expected = torch::rand({3});
  torch::manual_seed(9);
  {
    const EvaluationScope evaluation(*network);
    CHECK(!network->is_training());
    CHECK(!norm->is_training());
    const torch::Tensor input = torch::randn({20, 5});
    const torch::Tensor output = network->forward(input);
    CHECK(!output.requires_grad());
    CHECK(torch::equal(output, network->forward(input)));
  }
  CHECK(torch::equal(torch::rand({3}), expected));
  CHECK(torch::equal(norm->running_mean, mean));
  CHECK(network->is_training());
  CHECK(norm->is_training());
  CHECK(!frozen->is_training());
  CHECK(torch::GradMode::is_enabled());
}

TEST_CASE("every module within another gets its own mode back, frozen parts and all") {
  SmallNetwork network(5);
  const auto modes_of = [&] {
    std::vector<bool> modes;
    for (const auto& module : network->modules()) modes.push_back(module->is_training());
    return modes;
  };
  const auto check = [&](const char* what) {
    CAPTURE(what);
    const std::vector<bool> before = modes_of();
    std::vector<torch::Tensor> buffers;
    for (const torch::Tensor& buffer : network->buffers()) buffers.push_back(buffer.clone());
    {
      const EvaluationScope evaluation(*network);
      for (const bool is_training : modes_of()) CHECK(!is_training);
      network->forward(small_images(20, 6));
    }
    CHECK(modes_of() == before);
    std::size_t index = 0;
    for (const torch::Tensor& buffer : network->buffers()) {
      CHECK(torch::equal(buffer, buffers[index++]));
    }
  };
  network->train();
  check("all in training");
  network->block->norm->eval();
  check("a frozen batch norm within a block");
  network->block->eval();
  network->block->dropout->train();
  check("dropout on in a block that is in evaluation, as of Monte Carlo dropout");
  network->eval();
  check("all in evaluation");
  network->block->norm->train();
  check("one in training within a network in evaluation");
}

TEST_CASE("gradients, modes and random numbers are as before though the pass throws") {
  SmallNetwork network(5);
  network->train();
  torch::manual_seed(9);
  const torch::Tensor expected = torch::rand({3});
  torch::manual_seed(9);
  CHECK_THROWS([&] {
    const EvaluationScope evaluation(*network);
    torch::rand({5});
    network->forward(torch::rand({2, 3}));
  }());
  CHECK(torch::equal(torch::rand({3}), expected));
  CHECK(network->block->norm->is_training());
  CHECK(torch::GradMode::is_enabled());
}

TEST_CASE("an evaluation scope takes a module that no shared_ptr holds and keeps gradients off") {
  torch::nn::LinearImpl linear(3, 2);
  const torch::NoGradGuard outer;
  { const EvaluationScope evaluation(linear); }
  CHECK(linear.is_training());
  CHECK(!torch::GradMode::is_enabled());
}
