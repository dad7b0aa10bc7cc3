"""Watch a transformer encoder that fills in missing words, on sentences padded to one length."""

import argparse

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

import livecca.torch
from inputs import WORDS, sentences

MISSING = WORDS  # the number of the word that stands for a missing one


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(WORDS + 1, 32, padding_idx=0)
        self.places = nn.Embedding(32, 32)
        layer = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 3)
        self.head = nn.Linear(32, WORDS)

    def forward(self, tokens, padding_mask):
        x = self.words(tokens) + self.places(torch.arange(tokens.shape[1]))
        return self.head(self.encoder(x, src_key_padding_mask=padding_mask))


def batches(lines, size):
    """Sentences in batches, padded with 0. True in the mask is padding, as PyTorch has it."""
    for first in range(0, len(lines), size):
        chunk = [torch.tensor(line[:32]) for line in lines[first : first + size]]
        tokens = pad_sequence(chunk, batch_first=True)
        yield {"tokens": tokens, "padding_mask": tokens == 0}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="the folder of WikiText's token files; else made sentences")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--run-dir", default="runs/text_encoder")
    options = parser.parse_args()

    torch.manual_seed(1)
    lines = sentences(options.data)
    model = Encoder()
    optimizer = torch.optim.Adam(model.parameters(), 0.003)

    # livecca finds the mask by its name in the batch, so padding is no sample. 400 sentences are
    # more than ten for each of the 32 features.
    monitor = livecca.torch.Monitor(
        model,
        ["words", "encoder.layers.?"],
        probe=list(batches(lines[:400], 50)),
        run_dir=options.run_dir,
    )
    monitor.snapshot()
    for epoch in range(1, options.epochs + 1):
        for batch in batches(lines[400:], 50):
            tokens, padding = batch["tokens"], batch["padding_mask"]
            missing = (torch.rand(tokens.shape) < 0.15) & ~padding
            optimizer.zero_grad()
            guesses = model(tokens.masked_fill(missing, MISSING), padding)
            loss = nn.functional.cross_entropy(guesses[missing], tokens[missing])
            loss.backward()
            optimizer.step()
            monitor.step()
        monitor.log("loss", loss.item())
        print(f"epoch {epoch}: loss {loss.item():.3f}")
        report = monitor.snapshot()
    print(report)
    print(monitor.finish())


if __name__ == "__main__":
    main()
