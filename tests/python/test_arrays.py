"""Arrays that are not NumPy's own, and memory that is not copied."""

from __future__ import annotations

import array
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import livecca

X = np.random.default_rng(1).normal(size=(90, 4))
Y = X[:, ::-1] + np.random.default_rng(2).normal(size=(90, 4))


@pytest.mark.parametrize("code", ["f", "d", "i", "B"])
def test_the_buffer_protocol_is_read(code: str) -> None:
    whole = (40 * X).round().astype(np.float64) + 128
    buffer = array.array(code, whole.ravel().astype(code).tolist())
    view = memoryview(buffer).cast("B").cast(code, (90, 4))
    expected = livecca.compare(whole.astype(code).astype(np.float64), Y)
    # float32 is read as it is; its values are whole numbers, and so equal in all types.
    assert np.allclose(
        livecca.compare(view, Y).canonical_correlations,
        expected.canonical_correlations,
        atol=1e-9,
    )


def test_an_object_with_dlpack_alone_is_read() -> None:
    class OnlyDlpack:
        def __dlpack__(self, **options: Any) -> Any:
            return X.__dlpack__(**options)

        def __dlpack_device__(self) -> tuple[int, int]:
            return X.__dlpack_device__()

        dtype = X.dtype

    assert livecca.compare(OnlyDlpack(), Y) == livecca.compare(X, Y)


def test_arrays_that_cannot_be_written_are_read() -> None:
    frozen = X.copy()
    frozen.flags.writeable = False
    assert livecca.compare(frozen, Y) == livecca.compare(X, Y)


def test_no_copy_is_made_of_arrays_in_the_cpus_memory(tmp_path: Path) -> None:
    """With less memory left than a copy would take; a file that is mapped for reading only."""
    code = """
import resource, sys
import numpy as np, livecca
rows = 12_000_000
with open(sys.argv[1], "wb") as file:
    file.truncate(rows * 8 * 8)  # zeros that take no disk
x = np.memmap(sys.argv[1], np.float64, "r", shape=(rows, 8))
livecca.compare(np.zeros((5000, 8)), np.zeros((5000, 4)), measures="mean_cca")  # has its threads
taken = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + x.nbytes // 2, -1))
try:
    x.copy()
except MemoryError:
    print("no room for a copy")
print(livecca.compare(x, x[:, ::2], measures="mean_cca").samples == rows)
"""
    command = [sys.executable, "-c", code, str(tmp_path / "zeros")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.stdout.splitlines(), done.stderr) == (["no room for a copy", "True"], "")
