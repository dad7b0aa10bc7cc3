"""Inputs of the examples: real data from a folder, or made data that takes no download."""

from collections import Counter
from pathlib import Path

import torch

WORDS = 1000


def images(folder, train=2000, test=500):
    """CIFAR-10's binary files, or made images of 10 classes: (x, y) to train, (x, y) to test."""
    if folder is None:
        # Each class has a small pattern, somewhere in an image of noise.
        patterns = torch.randn(10, 3, 8, 8)
        y = torch.randint(10, (train + test,))
        x = torch.randn(train + test, 3, 32, 32)
        for image, label, place in zip(x, y, torch.randint(24, (train + test, 2)), strict=True):
            top, left = place.tolist()
            image[:, top : top + 8, left : left + 8] += 2.5 * patterns[label]
        return (x[:train], y[:train]), (x[train:], y[train:])

    def read(name, count):  # a record: a byte for the label, 3 x 32 x 32 bytes for the image
        data = torch.frombuffer(bytearray(Path(folder, name).read_bytes()), dtype=torch.uint8)
        data = data.view(-1, 1 + 3 * 32 * 32)[:count]
        return (data[:, 1:].view(-1, 3, 32, 32) / 127.5 - 1), data[:, 0].long()

    return read("data_batch_1.bin", train), read("test_batch.bin", test)


def sentences(folder, count=2000):
    """WikiText's lines, or made ones, as lists of word numbers. 0 is padding, 1 a rare word."""
    if folder is None:
        # A chain of words: each of 60 words has two that may follow it.
        follows = torch.randint(2, 62, (62, 2))
        lengths = torch.randint(5, 33, (count,))
        words = torch.randint(2, 62, (count,))
        steps = [words]
        for choice in torch.randint(2, (31, count)):
            words = follows[words, choice]
            steps.append(words)
        return [line[:n].tolist() for line, n in zip(torch.stack(steps, 1), lengths, strict=True)]
    text = Path(folder, "wiki.valid.tokens").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if len(line.split()) > 4]
    known = Counter(word for line in lines for word in line).most_common(WORDS - 2)
    number = {word: i for i, (word, _) in enumerate(known, start=2)}
    return [[number.get(word, 1) for word in line] for line in lines[:count]]
