"""Reference bands (docs/reference_bands.md) and matrices of distances, as `livecca compare --groups` writes them."""

import json
import pathlib


class Bands:
    """The means within and between groups, by PWCCA distance."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        if content.get("livecca_reference_bands") != 1:
            raise SystemExit(f"{path}: expected reference bands of version 1")
        self.groups = list(content["groups"])
        self.layers = [layer["layer"] for layer in content["layers"]]
        self._of_layer = {layer["layer"]: layer["measures"]["pwcca"] for layer in content["layers"]}

    def within(self, layer, group):
        return self._of_layer[layer]["within"][group]

    def between(self, layer, first, second):
        for band in self._of_layer[layer]["between"]:
            if set(band["groups"]) == {first, second}:
                return band
        raise KeyError((first, second))


def error_of(band):
    return band["standard_error"] or 0


def text_of(band):
    """0.423 ± 0.004"""
    error = "" if band["standard_error"] is None else f" ± {band['standard_error']:.3f}"
    return f"{band['mean']:.3f}{error}"


def print_table(heading, rows):
    """Rows of texts below a heading; the first column is the widest of its texts, the others are as wide as all need."""
    first = max(len(row[0]) for row in [heading, *rows])
    width = 2 + max(len(cell) for row in [heading, *rows] for cell in row[1:])
    for row in [heading, *rows]:
        print(row[0].ljust(first) + "".join(cell.rjust(width) for cell in row[1:]))


class Matrix:
    """The distances of all pairs of networks in one layer.

    PWCCA weighs by one side's directions; a pair's distance here is the mean of both ways. A network whose layer does not
    vary has no distances, and is left out.
    """

    def __init__(self, path, layer):
        with open(path, encoding="utf-8") as file:
            found = next(content for content in map(json.loads, file) if content["layer"] == layer)
        names = [pathlib.Path(name).parts[-3] for name in found["inputs"]]
        values, floors = found["measures"]["pwcca"]["values"], found["measures"]["pwcca"]["noise_floor"]
        has_values = [any(value is not None for value in row) for row in values]
        kept = [i for i in range(len(names)) if has_values[i]]
        self.names = [names[i] for i in kept]  # of the networks' folders
        self.left_out = [name for name, has in zip(names, has_values) if not has]
        self.distances = [[0.0 if i == j else (values[i][j] + values[j][i]) / 2 for j in kept] for i in kept]
        known = [floor for row in floors for floor in row if floor is not None]
        self.floor = sum(known) / len(known) if known else None  # mean over the pairs
