"""A virtual environment with TensorBoard, made once and kept."""

import os
import pathlib
import subprocess
import sys

SKIPPED = 77
UNREACHABLE = (
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "Max retries exceeded",
    "Connection refused",
    "Connection reset",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ProxyError",
)


def python_with_tensorboard(folder):
    """The environment's Python. Ends the process with SKIPPED if pip cannot reach PyPI."""
    folder = pathlib.Path(folder)
    python = folder / "bin" / "python3"
    if python.exists():
        check = [python, "-c", "import tensorboard.main"]
        if subprocess.run(check, capture_output=True).returncode == 0:
            return python
    print(f"Installing TensorBoard into {folder}, once", flush=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--no-compile", "tensorboard>=2.16,<3"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    if pip.returncode == 0:
        return python
    print(pip.stdout)
    if any(sign in pip.stdout for sign in UNREACHABLE):
        print("SKIPPED: pip cannot reach PyPI, so there is no TensorBoard to read with")
        sys.exit(SKIPPED)
    sys.exit("expected pip to install tensorboard, got the error above")


def run_within(folder):
    """Makes sure that this process is the environment's Python."""
    if pathlib.Path(sys.prefix).resolve() == pathlib.Path(folder).resolve():
        return
    python = python_with_tensorboard(folder)
    os.execv(python, [str(python), *sys.argv])
