"""Watch a small CNN while it learns CIFAR-10: an ordinary training loop and five lines more."""

import argparse

import torch
from torch import nn

import livecca.torch
from inputs import images


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 5, padding=2)
        self.conv2 = nn.Conv2d(16, 32, 5, padding=2)
        self.fc1 = nn.Linear(32 * 8 * 8, 32)
        self.fc2 = nn.Linear(32, 10)

    def forward(self, x):
        x = nn.functional.max_pool2d(self.conv1(x).relu(), 2)
        x = nn.functional.max_pool2d(self.conv2(x).relu(), 2)
        return self.fc2(self.fc1(x.flatten(1)).relu())


def train_epoch(model, optimizer, x, y, monitor):
    """An ordinary epoch, in which one line is livecca's. Returns the last loss."""
    for batch in torch.randperm(len(x)).split(64):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
        loss.backward()
        optimizer.step()
        monitor.step()
    return loss.item()


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        right = (model(x).argmax(1) == y).float().mean()
    model.train()
    return float(right)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="the folder of CIFAR-10's binary files; else made images")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--run-dir", default="runs/cifar10")
    options = parser.parse_args()

    torch.manual_seed(1)
    (x, y), (test_x, test_y) = images(options.data)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 0.001)

    # 500 images that training does not see: more than ten for each of a layer's neurons.
    monitor = livecca.torch.Monitor(
        model, ["conv*", "fc*"], probe=test_x.split(100), run_dir=options.run_dir
    )
    monitor.snapshot()  # number 0, before training: what "start" means
    for epoch in range(1, options.epochs + 1):
        loss = train_epoch(model, optimizer, x, y, monitor)
        monitor.snapshot()  # number n, after n epochs
        right = accuracy(model, test_x, test_y)
        print(f"epoch {epoch}: loss {loss:.3f}, test accuracy {right:.1%}")
    print(monitor.finish())
    print(f"for more: livecca show {options.run_dir}")


if __name__ == "__main__":
    main()
