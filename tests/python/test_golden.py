"""compare() of NumPy arrays gives the golden cases' values, to the same tolerances as C++."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import livecca

KEYS = {
    "mean_cca": "similarity.mean_cca",
    "r2_cca": "similarity.r2_cca",
    "pwcca_x": "similarity.pwcca",
    "pwcca_y": "similarity.pwcca_y",
    "svcca99.mean": "similarity.svcca",
    "linear_cka": "similarity.linear_cka",
    "linear_cka_debiased": "similarity.linear_cka_debiased",
    "rv2": "similarity.rv2",
    "linreg_r2_x_from_y": "similarity.linreg_x_from_y",
    "linreg_r2_y_from_x": "similarity.linreg_y_from_x",
    "procrustes_angular": "distance.angular",
    "procrustes_ding": "distance.procrustes_normalised",
    "rho": "canonical_correlations",
}
# The golden floors are the limit for large ranks; the floor itself is exact for small ones.
FLOORS = {
    "null.mean_rho": "noise_floor.mean_cca_limit",
    "null.mean_rho_sq": "noise_floor.r2_cca",
}
OWN_CASES = Path(__file__).parents[1] / "golden" / "cases"


def at(facts: Any, path: str) -> Any:
    for key in path.split("."):
        facts = facts.get(key) if isinstance(facts, dict) else None
    return facts


def layout_of(case: dict[str, Any]) -> dict[str, str]:
    layout, _, samples = case.get("layout", "nc").partition(" ")
    return {"layout": layout, "samples": samples or "positions"}


def check_case(folder: Path, case: dict[str, Any], floors: bool) -> int:
    x, y = np.load(folder / case["x"]), np.load(folder / case["y"])
    got = livecca.compare(x, y, **layout_of(case)).to_dict()
    expected, tolerance, checked = case["expected"], case["abs_tol"], 0
    assert got["samples"] == expected["n"]
    assert got["ranks"] == [expected["rank1"], expected["rank2"]]
    rho = np.array(got["canonical_correlations"])
    determined = bool(np.all(-np.diff(rho) >= 1e-6))
    for key, ours in {**KEYS, **(FLOORS if floors else {})}.items():
        wanted = at(expected, key)
        if wanted is None or (key.startswith("pwcca") and not determined):
            continue  # where correlations coincide, the weights are arbitrary
        value = at(got, ours)
        error = np.abs(np.asarray(value, float) - np.asarray(wanted, float)).max()
        assert error <= (1e-6 if key in FLOORS else tolerance), key
        checked += 1
    return checked


def test_golden_cases(golden_folder: Path) -> None:
    cases = json.loads((golden_folder / "golden.json").read_text())["cases"]
    # Its floor counts rows, livecca's counts independent samples.
    checked = sum(
        check_case(golden_folder, case, name != "conv_flatten_positions")
        for name, case in cases.items()
        if case.get("layout", "nc") == "nc"
    )
    assert checked > 150
    print(f"{checked} golden values")


@pytest.mark.parametrize(
    "name", sorted(json.loads((OWN_CASES / "cases.json").read_text())["cases"])
)
def test_own_cases(name: str) -> None:
    case = json.loads((OWN_CASES / "cases.json").read_text())["cases"][name]
    assert check_case(OWN_CASES, case, floors=False) >= 3
