// A residual network is trained on images that the program makes. watched.cpp is the same training,
// watched. Usage: plain EPOCHS

#include <torch/torch.h>

#include <iostream>
#include <string>

struct BlockImpl : torch::nn::Module {
  explicit BlockImpl(int64_t channels)
      : conv1(torch::nn::Conv2dOptions(channels, channels, 3).padding(1).bias(false)),
        conv2(torch::nn::Conv2dOptions(channels, channels, 3).padding(1).bias(false)),
        norm1(channels),
        norm2(channels) {
    register_module("conv1", conv1);
    register_module("conv2", conv2);
    register_module("norm1", norm1);
    register_module("norm2", norm2);
  }
  torch::Tensor forward(const torch::Tensor& x) {
    return torch::relu(x + norm2(conv2(torch::relu(norm1(conv1(x))))));
  }
  torch::nn::Conv2d conv1, conv2;
  torch::nn::BatchNorm2d norm1, norm2;
};
TORCH_MODULE(Block);

struct NetImpl : torch::nn::Module {
  torch::nn::Conv2d stem{register_module(
      "stem", torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 16, 3).stride(2).padding(1)))};
  Block block1{register_module("block1", Block(16))};
  Block block2{register_module("block2", Block(16))};
  torch::nn::Linear fc{register_module("fc", torch::nn::Linear(16, 4))};

  torch::Tensor forward(torch::Tensor x) {
    x = torch::relu(stem(x));
    x = block1(x);
    x = block2(x);
    return fc(x.mean({2, 3}));
  }
};
TORCH_MODULE(Net);

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "Usage: plain EPOCHS\n";
    return 2;
  }
  const int64_t epochs = std::stoi(arguments[1]);
  torch::manual_seed(1);
  const torch::Tensor labels = torch::randint(4, {480});
  const torch::Tensor patterns = torch::randn({4, 3, 16, 16});
  const torch::Tensor images = patterns.index({labels}) + 2 * torch::randn({480, 3, 16, 16});

  Net net;
  torch::optim::SGD optimizer(net->parameters(), torch::optim::SGDOptions(0.02).momentum(0.9));

  for (int64_t epoch = 0; epoch < epochs; ++epoch) {
    double sum = 0;
    for (int64_t first = 0; first < 480; first += 48) {
      optimizer.zero_grad();
      const auto logits = net(images.slice(0, first, first + 48));
      const auto loss =
          torch::nn::functional::cross_entropy(logits, labels.slice(0, first, first + 48));
      loss.backward();
      optimizer.step();
      sum += loss.item<double>();
    }
    std::cout << "epoch " << epoch << ": loss " << sum / 10 << '\n';
  }
}
