"""Watch an LSTM language model, and compare it with the same model from another seed."""

import argparse

import torch
from torch import nn

import livecca.torch
from inputs import WORDS, sentences

STEPS = 16


class LanguageModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(WORDS, 32)
        # Two modules, not num_layers=2: a module of two layers shows only the upper one.
        self.lstm1 = nn.LSTM(32, 32, batch_first=True)
        self.lstm2 = nn.LSTM(32, 32, batch_first=True)
        self.head = nn.Linear(32, WORDS)

    def forward(self, tokens):
        x, _ = self.lstm1(self.words(tokens))
        x, _ = self.lstm2(x)
        return self.head(x)


def train(model, pieces, epochs, monitor=None):
    optimizer = torch.optim.Adam(model.parameters(), 0.005)
    for epoch in range(1, epochs + 1):
        total = 0.0
        for piece in pieces[torch.randperm(len(pieces))].split(32):
            optimizer.zero_grad()
            guesses = model(piece[:, :-1])
            loss = nn.functional.cross_entropy(guesses.flatten(0, 1), piece[:, 1:].flatten())
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            total += loss.item() * len(piece)
            if monitor is not None:
                monitor.step()
        print(f"epoch {epoch}: loss {total / len(pieces):.3f}")
        if monitor is not None:
            report = monitor.snapshot()
    if monitor is not None:
        print(f"\n{report}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="the folder of WikiText's token files; else made sentences")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--run-dir", default="runs/language_model")
    options = parser.parse_args()

    torch.manual_seed(1)
    words = torch.tensor([word for line in sentences(options.data) for word in line])
    pieces = words[: len(words) // (STEPS + 1) * (STEPS + 1)].view(-1, STEPS + 1)[:1600]

    print("first the other model, which does not change later")
    torch.manual_seed(2)
    other = LanguageModel()
    train(other, pieces[400:], options.epochs)

    print("\nnow the model that is watched")
    torch.manual_seed(3)
    model = LanguageModel()
    # 400 pieces are more than ten for each of 32 features. The head has a feature for each word, so
    # it would need thousands of pieces; it is not watched.
    monitor = livecca.torch.Monitor(
        model,
        ["words", "lstm*"],
        probe=pieces[:400, :-1].split(50),
        run_dir=options.run_dir,
        references={"other": other},
    )
    monitor.snapshot()
    train(model, pieces[400:], options.epochs, monitor)
    print(monitor.finish())


if __name__ == "__main__":
    main()
