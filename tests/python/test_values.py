"""Results are values: they can be compared, copied, hashed and pickled, and not changed."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle

import numpy as np
import pytest

import livecca

X = np.random.default_rng(1).normal(size=(90, 4))
Y = X[:, ::-1] + np.random.default_rng(2).normal(size=(90, 4))


def test_a_comparison_is_a_value() -> None:
    result = livecca.compare(X, Y, standard_errors=10)
    other = livecca.compare(X, X)
    for copied in (
        pickle.loads(pickle.dumps(result)),
        copy.copy(result),
        copy.deepcopy(result),
        dataclasses.replace(result),
    ):
        assert copied == result and hash(copied) == hash(result) and copied != other
        assert copied.to_dict() == result.to_dict() and str(copied) == str(result)
    assert {result, copy.deepcopy(result), other} == {result, other}
    facts = dataclasses.asdict(result)
    assert facts["distance"] == result.distance and facts["samples"] == 90
    assert json.loads(json.dumps(facts))["similarity"] == result.similarity


def test_its_numbers_cannot_be_changed() -> None:
    result = copy.deepcopy(livecca.compare(X, Y))
    for change in ("clear", "popitem"):
        with pytest.raises(TypeError, match="read only"):
            getattr(result.distance, change)()
    with pytest.raises(TypeError, match="read only"):
        result.distance.update(pwcca=0.0)  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="read only"):
        del result.distance["pwcca"]  # type: ignore[attr-defined]
    assert dict(result.distance) == livecca.compare(X, Y).distance
