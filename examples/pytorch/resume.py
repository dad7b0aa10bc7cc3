"""The training of cifar10.py, which may be killed at any moment and goes on when started again.

Start it, kill it with ``kill -9``, start it again with the same arguments. Its rows at the end are
those of a training that was not killed.
"""

import argparse
import os
import shutil
from pathlib import Path

import torch
from cifar10 import Net
from torch import nn

import livecca.torch
from inputs import images


def save(path, model, optimizer, monitor, epoch):
    """Replace the checkpoint as a whole: a kill leaves the old one or the new one."""
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "monitor": monitor.state_dict(),
        "random": torch.get_rng_state(),
        "epoch": epoch,
    }
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="the folder of CIFAR-10's binary files; else made images")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--images", type=int, default=2000, help="of an epoch")
    parser.add_argument("--run-dir", default="runs/resume", help="for the run and the checkpoint")
    parser.add_argument("--synchronous", action="store_true", help="solve before training goes on")
    options = parser.parse_args()

    torch.manual_seed(1)
    (x, y), (test_x, _) = images(options.data, options.images)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 0.001)

    run, checkpoint = Path(options.run_dir, "run"), Path(options.run_dir, "checkpoint.pt")
    if not checkpoint.exists():
        shutil.rmtree(run, ignore_errors=True)  # of a start that was killed before its checkpoint
        print("begins", flush=True)
    monitor = livecca.torch.Monitor(
        model,
        ["conv*", "fc*"],
        probe=test_x.split(100),
        run_dir=run,
        synchronous=options.synchronous,
    )
    if checkpoint.exists():
        state = torch.load(checkpoint)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        monitor.load_state_dict(state["monitor"])
        torch.set_rng_state(state["random"])
        done = state["epoch"]
        print(f"goes on after epoch {done}", flush=True)
    else:
        done = 0
        monitor.snapshot()
        save(checkpoint, model, optimizer, monitor, done)

    for epoch in range(done + 1, options.epochs + 1):
        for batch in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
            loss.backward()
            optimizer.step()
            monitor.step()
        monitor.snapshot()
        save(checkpoint, model, optimizer, monitor, epoch)
        print(f"epoch {epoch}: loss {loss.item():.3f}", flush=True)
    print(monitor.finish())


if __name__ == "__main__":
    main()
