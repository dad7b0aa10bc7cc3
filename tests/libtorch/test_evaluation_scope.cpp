#include <doctest/doctest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>
#include <torch/utils.h>

#include "livecca_libtorch/evaluation_scope.hpp"

using livecca::libtorch::EvaluationScope;

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

TEST_CASE("an evaluation scope takes a module that no shared_ptr holds and keeps gradients off") {
  torch::nn::LinearImpl linear(3, 2);
  const torch::NoGradGuard outer;
  { const EvaluationScope evaluation(linear); }
  CHECK(linear.is_training());
  CHECK(!torch::GradMode::is_enabled());
}
