"""The networks of the runs that verdicts are judged by: small, and of five kinds."""

import torch
from torch import nn


class Mlp(nn.Module):
    """Four linear layers with ReLUs."""

    layers = ("act*",)

    def __init__(self, width=48, classes=10):
        super().__init__()
        self.first = nn.Linear(3 * 16 * 16, width)
        self.act1 = nn.ReLU()
        self.second = nn.Linear(width, width)
        self.act2 = nn.ReLU()
        self.third = nn.Linear(width, width)
        self.act3 = nn.ReLU()
        self.act4 = nn.Linear(width, classes)

    def forward(self, x):
        x = nn.functional.avg_pool2d(x, 2).flatten(1)
        x = self.act1(self.first(x))
        x = self.act2(self.second(x))
        return self.act4(self.act3(self.third(x)))


class Cnn(nn.Module):
    """Three convolutions and two linear layers."""

    layers = ("conv*", "fc*")

    def __init__(self, width=16, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 5, padding=2)
        self.conv2 = nn.Conv2d(width, 2 * width, 3, padding=1)
        self.conv3 = nn.Conv2d(2 * width, 2 * width, 3, padding=1)
        self.fc1 = nn.Linear(2 * width * 4 * 4, 2 * width)
        self.fc2 = nn.Linear(2 * width, classes)

    def forward(self, x):
        x = nn.functional.max_pool2d(self.conv1(x).relu(), 2)
        x = nn.functional.max_pool2d(self.conv2(x).relu(), 2)
        x = nn.functional.max_pool2d(self.conv3(x).relu(), 2)
        return self.fc2(self.fc1(x.flatten(1)).relu())


class Block(nn.Module):
    """Two convolutions with batch norm, and the input added."""

    def __init__(self, channels, width, stride):
        super().__init__()
        self.a = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
        self.norm_a = nn.BatchNorm2d(width)
        self.b = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm_b = nn.BatchNorm2d(width)
        self.short = nn.Identity()
        if stride != 1 or channels != width:
            self.short = nn.Conv2d(channels, width, 1, stride, bias=False)

    def forward(self, x):
        y = self.norm_b(self.b(self.norm_a(self.a(x)).relu()))
        return (y + self.short(x)).relu()


class ResNet(nn.Module):
    """A stem, four residual blocks and a linear layer."""

    layers = ("stem", "block?", "fc")

    def __init__(self, width=16, classes=10):
        super().__init__()
        self.stem = nn.Conv2d(3, width, 3, stride=2, padding=1)
        self.block1 = Block(width, width, 1)
        self.block2 = Block(width, 2 * width, 2)
        self.block3 = Block(2 * width, 2 * width, 1)
        self.block4 = Block(2 * width, 3 * width, 2)
        self.fc = nn.Linear(3 * width, classes)

    def forward(self, x):
        x = self.block4(self.block3(self.block2(self.block1(self.stem(x)))))
        return self.fc(x.mean((2, 3)))


class Lstm(nn.Module):
    """A language model of two LSTMs."""

    layers = ("words", "lstm?")

    def __init__(self, width=32, classes=500):
        super().__init__()
        self.words = nn.Embedding(classes, width)
        self.lstm1 = nn.LSTM(width, width, batch_first=True)
        self.lstm2 = nn.LSTM(width, width, batch_first=True)
        self.head = nn.Linear(width, classes)

    def forward(self, tokens):
        x, _ = self.lstm1(self.words(tokens))
        x, _ = self.lstm2(x)
        return self.head(x)


class Transformer(nn.Module):
    """A language model of three transformer layers that see what came before."""

    layers = ("words", "layer?")

    def __init__(self, width=32, classes=500, steps=16):
        super().__init__()
        self.words = nn.Embedding(classes, width)
        self.places = nn.Parameter(0.1 * torch.randn(steps, width))
        for i in range(3):
            layer = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.1, batch_first=True)
            setattr(self, f"layer{i}", layer)
        self.head = nn.Linear(width, classes)
        later = torch.full((steps, steps), float("-inf")).triu(1)
        self.register_buffer("later", later)

    def forward(self, tokens):
        steps = tokens.shape[1]
        x = self.words(tokens) + self.places[:steps]
        for layer in (self.layer0, self.layer1, self.layer2):
            x = layer(x, src_mask=self.later[:steps, :steps])
        return self.head(x)


NETWORKS = {"mlp": Mlp, "cnn": Cnn, "resnet": ResNet, "lstm": Lstm, "transformer": Transformer}
