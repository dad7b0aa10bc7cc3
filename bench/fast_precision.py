"""A table of |fast - exact| for each measure. Called by scripts/fast_precision.sh; needs only Python itself.

    fast_precision.py LIVECCA FIRST_SNAPSHOT LAST_SNAPSHOT [NAME X.npy Y.npy]...
"""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile


def npy_of_recorded_rows(source, target):
    """The rows of a snapshot's layer as .npy."""
    raw = source.read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    rows = json.loads(raw[8 : 8 + length])["rows"]
    begin, end = rows["data_offsets"]
    descr = {"F32": "<f4", "F64": "<f8"}[rows["dtype"]]
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple(rows['shape'])}, }}"
    header = header.ljust(245) + "\n"
    target.write_bytes(
        b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + raw[8 + length + begin : 8 + length + end]
    )


def compare(livecca, x, y, precision):
    command = [livecca, "compare", x, y, "--format", "json", "--precision", precision]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def numbers(result):
    """Every number of a result by name; a distance only where there is no similarity of that name."""
    values = dict(result["similarity"])
    for name, value in result["distance"].items():
        values.setdefault(name, value)
    return values


def row(livecca, name, x, y):
    exact = compare(livecca, x, y, "exact")
    fast = compare(livecca, x, y, "fast")
    exact_numbers, fast_numbers = numbers(exact), numbers(fast)
    cells = [name, " ".join(map(str, exact["ranks"])), " ".join(map(str, fast["ranks"]))]
    for measure, value in exact_numbers.items():
        other = fast_numbers[measure]
        cells.append("-" if value is None or other is None else f"{abs(other - value):.0e}")
    return list(exact_numbers), cells


def main(livecca, first, last, *named):
    with tempfile.TemporaryDirectory() as folder:
        pairs = [named[i : i + 3] for i in range(0, len(named), 3)]
        for layer in sorted(pathlib.Path(first).glob("*.safetensors")):
            files = []
            for side, snapshot in enumerate((first, last)):
                files.append(pathlib.Path(folder) / f"{layer.stem}_{side}.npy")
                npy_of_recorded_rows(pathlib.Path(snapshot) / layer.name, files[-1])
            pairs.append((layer.stem, *map(str, files)))
        rows = [row(livecca, *pair) for pair in pairs]
    columns = ["pair", "ranks exact", "fast", *rows[0][0]]
    for cells in (columns, ["---"] * len(columns), *(cells for _, cells in rows)):
        print("| " + " | ".join(cells) + " |")


main(*sys.argv[1:])
