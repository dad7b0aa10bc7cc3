"""PWCCA as it is done today: NumPy's covariances, two eigh and an svd."""

from __future__ import annotations

import numpy as np


def pwcca_similarity(x: np.ndarray, y: np.ndarray) -> float:
    """Morcos et al. 2018, equations 1 to 5, in float64 whatever comes in."""
    width = x.shape[1]
    both = np.cov(x, y, rowvar=False, dtype=np.float64)
    whiten_x, loadings = whitening_of(both[:width, :width])
    whiten_y, _ = whitening_of(both[width:, width:])
    left, correlations, _ = np.linalg.svd(
        whiten_x.T @ both[:width, width:] @ whiten_y, full_matrices=False
    )
    weights = np.abs(loadings @ left).sum(axis=0)
    return float((weights * np.clip(correlations, 0, 1)).sum() / weights.sum())


def whitening_of(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Directions of variance 1, and how neurons load on them."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 8 * len(covariance) * np.finfo(float).eps * values[-1]
    root = np.sqrt(values[kept])
    return vectors[:, kept] / root, vectors[:, kept] * root
