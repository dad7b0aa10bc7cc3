"""What the figures of all findings share: reading a run's rows, colours, and how a figure is kept."""

import json
import pathlib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

# Okabe and Ito's colours, which the colour-blind tell apart; each measure has one everywhere.
COLOURS = {"mean_cca": "#D55E00", "svcca": "#E69F00", "pwcca": "#0072B2", "truth": "#000000"}
# The floor of unrelated data, dotted everywhere, and still seen at half size.
FLOOR = {"linewidth": 1.6, "dashes": (1, 2)}
NAMES = {"mean_cca": "mean CCA", "svcca": "SVCCA", "pwcca": "PWCCA"}

plt.rcParams.update(
    {
        "font.size": 12,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#e6e6e6",
        "lines.linewidth": 2,
        "svg.fonttype": "none",
        "svg.hashsalt": "livecca",
        "savefig.dpi": 110,
    }
)


def rows_of(run, kind):
    """The rows of one kind in a run folder; the last line may be torn."""
    rows = []
    with open(pathlib.Path(run) / "rows.jsonl", encoding="utf-8") as file:
        for line in file:
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue
            if row.get("kind") == kind:
                rows.append(row)
    return rows


def keep(figure, stem):
    """As SVG and PNG; the same numbers make the same files."""
    figure.savefig(f"{stem}.svg", bbox_inches="tight", metadata={"Date": None})
    figure.savefig(f"{stem}.png", bbox_inches="tight", metadata={"Software": None})
