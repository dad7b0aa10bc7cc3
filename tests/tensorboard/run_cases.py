"""Writes made-up runs that are torn, killed and taken up again, and reads them with TensorBoard."""

import argparse
import contextlib
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import time

import environment

HERE = pathlib.Path(__file__).parent
SEED = 12
KILLS = 8


def write(arguments, name, snapshots, *flags):
    subprocess.run([arguments.writer, arguments.runs / name, str(snapshots), *flags], check=True)


def event_files(folder, run):
    return sorted(path for path in (folder / "tensorboard" / run).iterdir() if path.is_file())


def records(path):
    """The bytes of each record and where it begins; the checks are TensorBoard's to check."""
    data, at = path.read_bytes(), 0
    while at + 16 <= len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        if at + 16 + length > len(data):
            break
        yield at, data[at + 12 : at + 12 + length]
        at += 16 + length


def write_torn(arguments):
    """The last record of each is cut in the middle; its snapshot lies after the checkpoint and comes again."""
    write(arguments, "torn", 8)
    for run in ("probe", "probe/conv1", "train", "train/features/block 2.conv", "run"):
        path = event_files(arguments.runs / "torn", run)[-1]
        begin, record = list(records(path))[-1]
        with path.open("r+b") as file:
            file.truncate(begin + 12 + len(record) // 2)
    write(arguments, "torn", 14, "--resume", "--final")


def write_other_steps(arguments):
    """What came after the checkpoint, at 6 and then at 9, does not come once more, or at other steps; it goes all the same."""
    write(arguments, "other_steps", 8)
    write(arguments, "other_steps", 11, "--resume", "--other-steps", "--final")
    write(arguments, "other_steps", 10, "--resume")


def size_of(folder):
    """In bytes; what goes meanwhile does not count."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            total += path.stat().st_size if path.is_file() else 0
    return total


def kill_while_writing(command, folder, checkpoint):
    """Several times, each once the files have grown since the process began, and a moment later; the last time not before
    there is a checkpoint, however slow the machine."""
    chance = random.Random(SEED)
    for turn in range(KILLS):
        begin = size_of(folder / "tensorboard")
        child = subprocess.Popen(command)
        deadline = time.monotonic() + 60
        while size_of(folder / "tensorboard") <= begin or (turn == KILLS - 1 and not checkpoint.exists()):
            if child.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{command}: expected it to write, got its end ({child.poll()}) or nothing in a minute")
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.2))
        child.kill()
        if child.wait() != -9:
            sys.exit(f"{command}: expected it to be killed, got its end: {child.returncode}")


def write_killed(arguments):
    folder = arguments.runs / "killed"
    checkpoint = folder / "checkpoint"
    kill_while_writing([arguments.writer, folder, "1000000", "--resume", "--slowly"], folder, checkpoint)
    done = int(checkpoint.read_text().split()[0])
    print(f"a writer killed {KILLS} times, {done} snapshots before the last checkpoint, seed {SEED}", flush=True)
    write(arguments, "killed", done + 9, "--resume", "--final")


def watch_killed(arguments):
    """The same of a real monitor, which is saved at every epoch."""
    folder = arguments.runs / "watched_killed"
    latest = pathlib.Path(f"{folder}-latest")
    kill_while_writing([arguments.watcher, folder, "--go-on", "1000000"], folder, latest)
    done = int(latest.read_text())
    print(f"a monitor killed {KILLS} times, {done} epochs before the last checkpoint", flush=True)
    subprocess.run([arguments.watcher, folder, "--go-on", str(done + 9)], check=True)


def decode(arguments):
    """protoc reads every record, by field numbers of our own description."""
    if not arguments.protoc or arguments.protoc.endswith("NOTFOUND"):
        sys.exit("expected protoc, which scripts/setup.sh installs, got none")
    command = [arguments.protoc, f"--proto_path={HERE}", "--decode=livecca_tests.Event", HERE / "event.proto"]
    found = ""
    for run in ("probe", "probe/conv1", "run"):
        for path in event_files(arguments.runs / "torn", run):
            chosen = [record for _, record in records(path)][:4]
            for record in chosen:
                result = subprocess.run(command, input=record, capture_output=True)
                if result.returncode != 0:
                    sys.exit(f"{path}: expected protoc to decode a record, got {result.stderr.decode()}")
                found += result.stdout.decode()
    for text in ('file_version: "brain.Event:2"', "status: START", "simple_value: ", "encoded_image_string: ",
                 "bucket_limit: 1", 'plugin_name: "text"', 'tag: "log/loss"'):
        if text not in found:
            sys.exit(f"expected {text!r} among the records that protoc decoded, it is not there")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environment", required=True)
    parser.add_argument("--runs", required=True, type=pathlib.Path)
    parser.add_argument("--writer", required=True)
    parser.add_argument("--watcher", required=True)
    parser.add_argument("--protoc", default="")
    arguments = parser.parse_args()
    shutil.rmtree(arguments.runs, ignore_errors=True)
    arguments.runs.mkdir(parents=True)
    write(arguments, "plain", 9, "--final")
    write(arguments, "all_with_all", 9, "--all-with-all", "--final")
    write_torn(arguments)
    write(arguments, "finished", 9, "--final")
    write(arguments, "finished", 12, "--resume", "--final")
    write_other_steps(arguments)
    write_killed(arguments)
    subprocess.run([arguments.watcher, arguments.runs / "watched"], check=True)
    watch_killed(arguments)
    write(arguments, "epochs", 8, "--epochs")
    write(arguments, "epochs", 11, "--epochs", "--resume", "--final")
    decode(arguments)
    python = environment.python_with_tensorboard(arguments.environment)
    read = [python, HERE / "read_runs.py", "--environment", arguments.environment]
    names = ("plain", "all_with_all", "torn", "finished", "other_steps", "killed", "watched", "watched_killed")
    subprocess.run([*read, *(arguments.runs / name for name in names)], check=True)
    subprocess.run([*read, "--axis", "epoch", arguments.runs / "epochs"], check=True)


if __name__ == "__main__":
    main()
