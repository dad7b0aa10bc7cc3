#include <doctest/doctest.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/utils.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "livecca/common/error.hpp"
#include "livecca_libtorch/sequential.hpp"
#include "livecca_libtorch/tap.hpp"
#include "support/json_lines.hpp"
#include "support/temporary_folder.hpp"

using livecca::libtorch::forward_tapped;
using livecca::libtorch::is_tapping;
using livecca::libtorch::tap;
using livecca::libtorch::TapProblem;
using livecca::libtorch::TapScope;
using livecca::libtorch::view_of;

namespace {

/// A monitor in a folder of its own, and what it finds in one step.
struct Watched {
  livecca_tests::TemporaryFolder folder;
  livecca::Monitor monitor;

  Watched() : monitor(options(folder)) {}

  static livecca::MonitorOptions options(const livecca_tests::TemporaryFolder& folder) {
    livecca::MonitorOptions options;
    options.run_directory = folder.path() / "run";
    options.threads = 1;
    return options;
  }

  using Forward = std::function<void()>;

  std::vector<TapProblem> problems;

  /// Runs each network's forward under a scope of its own and solves.
  livecca::SnapshotReport compare(const Forward& net, const Forward& reference) {
    livecca::Monitor::Step step = monitor.begin(livecca::Stream::probe, 0);
    run(step, "net", net);
    run(step, "reference", reference);
    step.commit();
    return monitor.snapshot(0).wait();
  }

 private:
  void run(livecca::Monitor::Step& step, const char* network, const Forward& forward) {
    const TapScope scope(monitor, step, network);
    forward();
    problems.insert(problems.end(), scope.problems().begin(), scope.problems().end());
  }
};

double pwcca(const livecca::SnapshotReport& report, const char* layer) {
  const livecca::MeasureRow* row = report.find({layer, "reference", "pwcca_distance"});
  REQUIRE(row != nullptr);
  REQUIRE(row->value.has_value());
  return *row->value;
}

double pwcca_of(const torch::Tensor& net, const torch::Tensor& reference) {
  Watched watched;
  return pwcca(watched.compare([&] { tap("layer", net); }, [&] { tap("layer", reference); }),
               "layer");
}

}  // namespace

TEST_CASE("view_of borrows a tensor's memory with its strides") {
  const torch::Tensor tensor =
      torch::rand({6, 8, 5}, torch::kDouble).transpose(0, 2).slice(1, 1, 7, 2);
  const livecca::ActivationView view = view_of(tensor);
  CHECK(view.data() == tensor.data_ptr());
  CHECK(view.dtype() == livecca::DType::float64);
  CHECK(at::IntArrayRef(view.shape().data(), view.rank()) == tensor.sizes());
  CHECK(at::IntArrayRef(view.strides().data(), view.rank()) == tensor.strides());
  CHECK(view_of(torch::rand({2, 2})).dtype() == livecca::DType::float32);
  CHECK(view_of(torch::zeros({2, 2}, torch::kHalf)).dtype() == livecca::DType::float16);
  CHECK(view_of(torch::zeros({2, 2}, torch::kBFloat16)).dtype() == livecca::DType::bfloat16);
}

TEST_CASE("view_of refuses what cannot be read in place") {
  CHECK_THROWS_AS(view_of(torch::Tensor()), livecca::Error);
  CHECK_THROWS_AS(view_of(torch::zeros({2, 2}, torch::kLong)), livecca::Error);
  CHECK_THROWS_AS(view_of(torch::eye(3).to_sparse()), livecca::Error);
}

TEST_CASE("without a scope tap returns its tensor and does nothing else") {
  const torch::Tensor tensor = torch::rand({4, 3});
  CHECK(!is_tapping());
  CHECK(tap("layer", tensor).is_same(tensor));
  CHECK(!tap("layer", torch::Tensor()).defined());
}

TEST_CASE("memory order and element type do not change the numbers") {
  torch::manual_seed(3);
  const torch::Tensor net = torch::randn({300, 6, 4, 4});
  const torch::Tensor reference = torch::randn({300, 5, 4, 4});
  const double expected = pwcca_of(net, reference);
  CHECK(expected > 0.1);
  CHECK(pwcca_of(net.contiguous(at::MemoryFormat::ChannelsLast), reference) == expected);
  CHECK(pwcca_of(net.permute({3, 1, 0, 2}).contiguous().permute({2, 1, 3, 0}), reference) ==
        expected);
  CHECK(pwcca_of(net.to(torch::kDouble), reference.to(torch::kDouble)) == expected);
  CHECK(pwcca_of(net.to(torch::kHalf), reference) == doctest::Approx(expected).epsilon(0.01));
}

TEST_CASE("an in-place relu after the tap does not change what was tapped") {
  torch::manual_seed(4);
  const torch::Tensor net = torch::randn({200, 6});
  const torch::Tensor reference = torch::randn({200, 6});
  Watched watched;
  const auto report = watched.compare(
      [&] {
        torch::Tensor hidden = net.clone();
        tap("layer", hidden).relu_();
        CHECK(hidden.min().item<float>() == 0.0F);
      },
      [&] { tap("layer", reference); });
  CHECK(pwcca(report, "layer") == pwcca_of(net, reference));
}

TEST_CASE("a tap never keeps a graph, nor memory that is not LibTorch's") {
  Watched watched;
  livecca::Monitor::Step step = watched.monitor.begin(livecca::Stream::probe, 0);
  const TapScope scope(watched.monitor, step, "net");
  std::weak_ptr<torch::autograd::Node> node;
  std::weak_ptr<int> memory;
  {
    auto owner = std::make_shared<int>(0);
    memory = owner;
    auto values = std::make_shared<std::vector<float>>(30, 1.0F);
    const torch::Tensor leaf =
        torch::from_blob(values->data(), {10, 3}, [owner, values](void*) {}).requires_grad_();
    owner.reset();
    const torch::Tensor activation = tap("input", leaf) * 2;
    const torch::Tensor tapped = tap("layer", activation);
    CHECK(tapped.is_same(activation));
    CHECK(tapped.requires_grad());
    node = tapped.grad_fn();
    CHECK(!node.expired());
    CHECK(!memory.expired());
  }
  CHECK(node.expired());
  CHECK(memory.expired());
  CHECK(scope.problems().empty());
}

TEST_CASE("what cannot be watched is named once and the rest goes on") {
  Watched watched;
  const torch::Tensor good = torch::randn({100, 4});
  const auto forward = [&] {
    tap("tokens", torch::randn({100}));
    tap("tokens", torch::randn({100}));
    tap("labels", torch::zeros({100, 2}, torch::kLong));
    tap("nothing", torch::Tensor());
    tap("good", good);
    tap("good", good);
  };
  const auto report = watched.compare(forward, [&] { tap("good", good); });
  REQUIRE(watched.problems.size() == 4);
  CHECK(watched.problems[0].tap == "net/tokens");
  CHECK(watched.problems[0].message.find("Float tensor of 100") != std::string::npos);
  CHECK(watched.problems[1].tap == "net/labels");
  CHECK(watched.problems[2].tap == "net/nothing");
  CHECK(watched.problems[3].tap == "net/good");
  CHECK(pwcca(report, "good") == doctest::Approx(0.0));
  const auto lines = livecca_tests::read_lines(watched.monitor.run_directory() / "rows.jsonl");
  CHECK(std::ranges::count_if(lines, [](const auto& line) {
          return line.value("what", "") == "unwatchable" && line["subject"] == "net/tokens";
        }) == 1);
}

TEST_CASE("the innermost scope listens and only on its own thread") {
  Watched watched;
  livecca::Monitor::Step step = watched.monitor.begin(livecca::Stream::probe, 0);
  const TapScope outer(watched.monitor, step, "net");
  {
    const TapScope inner(watched.monitor, step, "reference");
    tap("bad", torch::Tensor());
    CHECK(inner.problems().size() == 1);
    bool tapping_elsewhere = true;
    std::thread([&] {
      tapping_elsewhere = is_tapping();
      tap("elsewhere", torch::Tensor());
    }).join();
    CHECK(!tapping_elsewhere);
    CHECK(inner.problems().size() == 1);
  }
  CHECK(outer.problems().empty());
  tap("bad", torch::Tensor());
  CHECK(outer.problems().size() == 1);
}

TEST_CASE("a scope that hears nothing is an event, which says whether taps came on other threads") {
  Watched watched;
  const torch::Tensor rows = torch::randn({50, 4});
  watched.compare([] {}, [&] { std::thread([&] { tap("fc", rows); }).join(); });
  watched.monitor.finish();
  std::map<std::string, std::string> messages;
  for (const auto& line :
       livecca_tests::read_lines(watched.monitor.run_directory() / "rows.jsonl")) {
    if (line["kind"] == "event" && line["what"] == "unwatchable") {
      messages[line["subject"]] = line["message"];
    }
  }
  CHECK(messages["net"].find("got no call") != std::string::npos);
  CHECK(messages["reference"].find("got 1 calls on threads without a scope") != std::string::npos);
}

TEST_CASE("a scope that an exception ends before its first tap is not said to hear nothing") {
  Watched watched;
  const auto failing = [] { throw std::runtime_error("of the network's own"); };
  CHECK_THROWS_AS(watched.compare(failing, [] {}), std::runtime_error);
  // Nor is it an exception that was there before: a scope in a destructor.
  struct AtEnd {
    Watched& to_watch;
    ~AtEnd() {
      to_watch.compare([] {}, [] {});
    }
  };
  const auto lines = [&] {
    return livecca_tests::read_lines(watched.monitor.run_directory() / "rows.jsonl");
  };
  const auto silent = [](const auto& line) { return line.value("what", "") == "unwatchable"; };
  CHECK(std::ranges::count_if(lines(), silent) == 0);
  const auto fail_with_scope = [&] {
    const AtEnd at_end{watched};
    failing();
  };
  CHECK_THROWS_AS(fail_with_scope(), std::runtime_error);
  CHECK(std::ranges::count_if(lines(), silent) == 2);
}

TEST_CASE("in a child of fork() a tap does nothing and finds no problem") {
  Watched watched;
  const torch::Tensor rows = torch::randn({50, 4});
  std::fflush(nullptr);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    livecca::Monitor::Step step = watched.monitor.begin(livecca::Stream::probe, 0);
    const TapScope scope(watched.monitor, step, "net");
    tap("one", rows);
    tap("other", rows);
    ::_exit(watched.monitor.is_forked() && scope.problems().empty() ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK_FALSE(watched.monitor.is_forked());
}

TEST_CASE("forward_tapped runs a Sequential as its forward does and taps each child") {
  torch::manual_seed(5);
  torch::nn::Sequential network;
  network->push_back("hidden", torch::nn::Linear(8, 6));
  network->push_back("relu", torch::nn::ReLU(torch::nn::ReLUOptions(true)));
  network->push_back(torch::nn::Linear(6, 3));
  const torch::Tensor input = torch::randn({150, 8});
  const torch::Tensor hidden = network[0]->as<torch::nn::Linear>()->forward(input);
  Watched watched;
  const auto report = watched.compare(
      [&] {
        CHECK(torch::equal(forward_tapped(network, input, "block."), network->forward(input)));
      },
      [&] {
        tap("block.hidden", hidden);
        tap("block.relu", torch::relu(hidden));
        tap("block.2", network->forward(input));
      });
  CHECK(watched.problems.empty());
  for (const char* layer : {"block.hidden", "block.relu", "block.2"}) {
    CHECK(pwcca(report, layer) == doctest::Approx(0.0));
  }
  torch::nn::Sequential empty;
  CHECK(forward_tapped(empty, input).is_same(input));
}

TEST_CASE("forward_tapped does not take the channels of a Conv1d for steps") {
  torch::manual_seed(6);
  torch::nn::Sequential network;
  network->push_back("conv", torch::nn::Conv1d(torch::nn::Conv1dOptions(3, 4, 3)));
  network->push_back("relu", torch::nn::ReLU());
  network->push_back("fc", torch::nn::Linear(10, 5));
  const torch::Tensor input = torch::randn({80, 3, 12});
  const torch::Tensor hidden = network[0]->as<torch::nn::Conv1d>()->forward(input);
  {
    Watched watched;
    const auto pass = [&] {
      CHECK(torch::equal(forward_tapped(network, input), network->forward(input)));
    };
    const auto report = watched.compare(pass, [&] {
      tap("conv", hidden);
      tap("fc", network->forward(input));
    });
    REQUIRE(watched.problems.size() == 2);
    CHECK(watched.problems[0].tap == "net/conv");
    CHECK(watched.problems[1].tap == "net/relu");
    CHECK(watched.problems[0].message.find("Layout::ncl") != std::string::npos);
    CHECK(watched.problems[0].message.find("Float tensor of 80 × 4 × 10") != std::string::npos);
    CHECK(report.find({"conv", "reference", "pwcca_distance"}) == nullptr);
    CHECK(pwcca(report, "fc") == doctest::Approx(0.0));
  }
  Watched watched;
  const auto report =
      watched.compare([&] { forward_tapped(network, input, "", livecca::Layout::ncl); },
                      [&] {
                        tap("conv", hidden, livecca::Layout::ncl);
                        tap("relu", torch::relu(hidden), livecca::Layout::ncl);
                      });
  CHECK(watched.problems.empty());
  for (const char* layer : {"conv", "relu"}) {
    const livecca::MeasureRow* row = report.find({layer, "reference", "pwcca_distance"});
    REQUIRE(row != nullptr);
    CHECK(row->features[0] == 4);
    CHECK(*row->value == doctest::Approx(0.0));
  }
}
