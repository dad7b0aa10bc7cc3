"""Trains the networks that verdicts are judged by, each watched by livecca, into a folder of runs.

A run that is complete is not made again.
"""

import argparse
import json
import math
import shutil
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

import livecca.torch
from networks import NETWORKS

WORDS = 500
STEPS = 16
PROBE = 640
LOW = -1000.0  # the bias of a neuron behind which a ReLU is never above 0


@dataclass(frozen=True)
class Spec:
    """How a run is made."""

    network: str
    schedule: str  # of the learning rate: constant, step, cosine, restarts
    data: str  # made, or real where it is at hand
    rate: float
    epochs: int = 24
    width: int | None = None
    optimizer: str = "adam"
    samples: int = 2500
    planted: str = ""  # what is wrong with it; empty for a healthy run
    frozen: tuple[str, ...] = ()


SPECS = {
    "mlp-constant": Spec("mlp", "constant", "made", 0.001),
    "mlp-cosine": Spec("mlp", "cosine", "real", 0.002),
    "mlp-overfitting": Spec("mlp", "constant", "real", 0.002, samples=300, epochs=40),
    "cnn-constant": Spec("cnn", "constant", "real", 0.002),
    "cnn-step": Spec("cnn", "step", "real", 0.05, optimizer="sgd"),
    "cnn-cosine": Spec("cnn", "cosine", "real", 0.003),
    "cnn-made": Spec("cnn", "constant", "made", 0.002),
    "cnn-restarts": Spec("cnn", "restarts", "real", 0.003, epochs=32),
    "cnn-wide": Spec("cnn", "cosine", "made", 0.002, width=32),
    "cnn-frozen": Spec("cnn", "step", "real", 0.003, frozen=("conv1",)),
    "resnet-constant": Spec("resnet", "constant", "real", 0.002),
    "resnet-step": Spec("resnet", "step", "real", 0.1, optimizer="sgd"),
    "resnet-cosine": Spec("resnet", "cosine", "real", 0.003),
    "lstm-constant": Spec("lstm", "constant", "real", 0.003),
    "lstm-cosine": Spec("lstm", "cosine", "real", 0.005),
    "transformer-constant": Spec("transformer", "constant", "made", 0.002),
    "transformer-cosine": Spec("transformer", "cosine", "real", 0.003),
    "planted-diverging": Spec("mlp", "constant", "made", 0.001, planted="diverging"),
    "planted-growing": Spec("mlp", "constant", "real", 0.002, planted="growing"),
    "planted-dying": Spec("mlp", "constant", "real", 0.002, planted="dying"),
    "planted-collapse": Spec("mlp", "constant", "real", 0.002, planted="collapse"),
}


def made_images(count, classes=10):
    """Each class has a small pattern, somewhere in an image of noise."""
    patterns = torch.randn(classes, 3, 8, 8)
    y = torch.randint(classes, (count,))
    x = torch.randn(count, 3, 32, 32)
    for image, label, place in zip(x, y, torch.randint(24, (count, 2)), strict=True):
        top, left = place.tolist()
        image[:, top : top + 8, left : left + 8] += 2.0 * patterns[label]
    return x, y


def real_images(folder, count):
    def read(name, most):
        data = torch.frombuffer(bytearray((folder / name).read_bytes()), dtype=torch.uint8)
        data = data.view(-1, 1 + 3 * 32 * 32)[:most]
        return data[:, 1:].view(-1, 3, 32, 32) / 127.5 - 1, data[:, 0].long()

    x, y = read("data_batch_1.bin", count)
    probe, _ = read("test_batch.bin", PROBE)
    return x, y, probe


def made_words(count):
    """A chain: each word has four that may follow it, the first of them more often."""
    follows = torch.randint(WORDS, (WORDS, 4))
    word = torch.randint(WORDS, (count,))
    line = [word]
    for _ in range(STEPS):
        choice = torch.multinomial(torch.tensor([0.6, 0.2, 0.1, 0.1]), count, replacement=True)
        word = follows[word, choice]
        line.append(word)
    return torch.stack(line, 1)


def real_words(folder, count):
    words = (folder / "wiki.valid.tokens").read_text(encoding="utf-8").split()
    known = {word: i + 1 for i, (word, _) in enumerate(Counter(words).most_common(WORDS - 1))}
    numbers = torch.tensor([known.get(word, 0) for word in words])
    lines = numbers[: len(numbers) // (STEPS + 1) * (STEPS + 1)].view(-1, STEPS + 1)
    return lines[torch.randperm(len(lines))[:count]]


def data_of(spec, data):
    """Inputs and targets to train with, and the probe."""
    real = spec.data == "real" and data is not None
    if spec.network in ("lstm", "transformer"):
        count = spec.samples + PROBE
        lines = real_words(data / "wikitext-2", count) if real else made_words(count)
        return lines[PROBE:, :-1], lines[PROBE:, 1:], lines[:PROBE, :-1]
    if real:
        return real_images(data / "cifar-10-batches-bin", spec.samples)
    x, y = made_images(spec.samples + PROBE)
    return x[PROBE:], y[PROBE:], x[:PROBE]


def rate_at(spec, progress):
    """The learning rate at a progress from 0 to 1."""
    if spec.schedule == "step":
        return spec.rate * (1 if progress < 0.5 else 0.1 if progress < 0.75 else 0.01)
    if spec.schedule == "cosine":
        return spec.rate * (0.5 + 0.5 * math.cos(math.pi * progress))
    if spec.schedule == "restarts":
        return spec.rate * (0.5 + 0.5 * math.cos(math.pi * (progress * 2 % 1)))
    return spec.rate


def loss_of(model, x, y):
    return nn.functional.cross_entropy(model(x).flatten(0, -2), y.flatten())


class Mixing:
    """Draws a layer's outputs to one direction, their mean, more with every call to mix()."""

    def __init__(self):
        self.share = 0.0

    def mix(self):
        self.share = min(1.0, self.share + 0.01)

    def __call__(self, _module, _inputs, output):
        return output.lerp(output.mean(1, keepdim=True).expand_as(output), self.share)


def plant(spec, model, optimizer, mixing, epoch):
    """What goes wrong from the third part of the training on."""
    if epoch < spec.epochs // 3:
        return
    with torch.no_grad():
        if spec.planted == "diverging":
            for group in optimizer.param_groups:
                group["lr"] = spec.rate * 4.0 ** (epoch - spec.epochs // 3 + 1)
        if spec.planted == "growing":
            # About 7 times in an epoch.
            model.third.weight *= 1.05
        if spec.planted == "dying":
            # One neuron more in 5 steps; a lower bias alone is made up for by larger weights.
            biases = model.second.bias
            dead = int((biases < LOW / 2).sum()) + int(torch.rand(()) < 0.2)
            biases[:dead] = LOW
        if spec.planted == "collapse":
            mixing.mix()


def make_run(spec, seed, data, folder):
    torch.manual_seed(1000 + seed)
    x, y, probe = data_of(spec, data)
    torch.manual_seed(seed)
    options = {} if spec.width is None else {"width": spec.width}
    model = NETWORKS[spec.network](**options)
    for name, weights in model.named_parameters():
        weights.requires_grad_(name.split(".")[0] not in spec.frozen)
    mixing = Mixing()
    if spec.planted == "collapse":
        model.act2.register_forward_hook(mixing)
    trained = [weights for weights in model.parameters() if weights.requires_grad]
    make = {"adam": torch.optim.Adam, "sgd": lambda w, r: torch.optim.SGD(w, r, momentum=0.9)}
    optimizer = make[spec.optimizer](trained, spec.rate)
    monitor = livecca.torch.Monitor(
        model,
        list(model.layers),
        probe=probe.split(80),
        run_dir=folder,
        error_blocks=8,
        measures=["pwcca"],
        compare_before=list(range(1, spec.epochs + 1)),
    )
    monitor.snapshot()
    batches = math.ceil(len(x) / 64)
    for epoch in range(1, spec.epochs + 1):
        total = 0.0
        for i, batch in enumerate(torch.randperm(len(x)).split(64)):
            for group in optimizer.param_groups:
                group["lr"] = rate_at(spec, (epoch - 1 + i / batches) / spec.epochs)
            plant(spec, model, optimizer, mixing, epoch)
            optimizer.zero_grad()
            loss = loss_of(model, x[batch], y[batch])
            loss.backward()
            if spec.network in ("lstm", "transformer"):
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            monitor.step()
            total += loss.item() * len(batch)
        monitor.log("learning_rate", optimizer.param_groups[0]["lr"])
        monitor.log("loss", total / len(x))
        monitor.snapshot()
    monitor.finish()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--only", nargs="+", default=sorted(SPECS), choices=sorted(SPECS))
    parser.add_argument("--data", type=Path, help="a folder with CIFAR-10 and WikiText-2")
    parser.add_argument("--part", type=int, nargs=2, default=[0, 1], help="every N-th run, from K")
    options = parser.parse_args()
    torch.set_num_threads(1)
    runs = [(name, seed) for seed in options.seeds for name in options.only]
    for name, seed in runs[options.part[0] :: options.part[1]]:
        folder = options.folder / f"{name}-{seed}"
        if (folder / "made.json").exists():
            continue
        shutil.rmtree(folder, ignore_errors=True)
        began = time.monotonic()
        make_run(SPECS[name], seed, options.data, folder)
        seconds = time.monotonic() - began
        facts = {"name": name, "seed": seed, "seconds": seconds, **vars(SPECS[name])}
        (folder / "made.json").write_text(json.dumps(facts))
        print(f"{folder.name}: {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
