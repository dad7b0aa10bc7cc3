"""A table of |fast - exact| for each measure. Called by scripts/fast_precision.sh; needs only Python itself.

    fast_precision.py LIVECCA X Y [X Y]...      pairs of .npy files, or of folders of layers
"""

import json
import pathlib
import subprocess
import sys


def compare(livecca, x, y, precision):
    """One result a layer."""
    command = [livecca, "compare", x, y, "--format", "json", "--precision", precision]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in lines.splitlines()]


def numbers(result):
    """Every number of a result by name; a distance only where there is no similarity of that name."""
    return {**result["distance"], **result["similarity"]}


def row(name, exact, fast):
    cells = [name, " ".join(map(str, exact["ranks"])), " ".join(map(str, fast["ranks"]))]
    for measure, value in numbers(exact).items():
        other = numbers(fast)[measure]
        # Procrustes is in the activations' unit.
        unit = value if measure == "procrustes" else 1
        cells.append("-" if value is None or other is None else f"{abs(other - value) / unit:.0e}")
    return cells


def main(livecca, *paths):
    rows = []
    for x, y in zip(paths[::2], paths[1::2]):
        exact, fast = (compare(livecca, x, y, precision) for precision in ("exact", "fast"))
        for of_layer, of_fast in zip(exact, fast):
            rows.append(row(of_layer.get("layer", pathlib.Path(x).stem), of_layer, of_fast))
    columns = ["pair", "ranks exact", "fast", *numbers(exact[0])]
    # Measures as rows: they are more than the pairs.
    for cells in zip(columns, *rows):
        print("| " + " | ".join(cells) + " |")
        if cells[0] == "pair":
            print("|" + "---|" * len(cells))


main(*sys.argv[1:])
