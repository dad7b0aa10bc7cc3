"""The training of cifar10.py, which may be killed at any moment and goes on when started again.

Start it, kill it with ``kill -9``, start it again with the same arguments. Its rows at the end are
those of a training that was not killed.
"""

import argparse
import os
from pathlib import Path

import torch
from cifar10 import Net, train_epoch

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

    checkpoint = Path(options.run_dir, "checkpoint.pt")
    saved = torch.load(checkpoint, weights_only=True) if checkpoint.exists() else {}
    monitor = livecca.torch.Monitor(
        model,
        ["conv*", "fc*"],
        probe=test_x.split(100),
        run_dir=Path(options.run_dir, "run"),
        checkpoint=saved.get("monitor", {}),  # goes on from there; of {} it begins
        synchronous=options.synchronous,
    )
    done = saved.get("epoch", 0)
    if saved:
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        torch.set_rng_state(saved["random"])
        print(f"goes on after epoch {done}", flush=True)
    else:
        print("begins", flush=True)
        monitor.snapshot()
        save(checkpoint, model, optimizer, monitor, done)

    for epoch in range(done + 1, options.epochs + 1):
        loss = train_epoch(model, optimizer, x, y, monitor)
        monitor.snapshot()
        save(checkpoint, model, optimizer, monitor, epoch)
        print(f"epoch {epoch}: loss {loss:.3f}", flush=True)
    print(monitor.finish())


if __name__ == "__main__":
    main()
