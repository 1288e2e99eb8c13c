"""Patterns of spins: how couplings store them, and which states stay."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from magnetite._checks import check_finite, real_array
from magnetite.inputs import FloatArray

__all__ = [
    "Rule",
    "check_loads",
    "check_patterns",
    "factor_of",
    "fixed_points",
    "random_cues",
]

Rule = Literal["hebbian", "pseudoinverse"]

TIE = 1e-9
"""Local fields as small as this are none; those of a stored pattern are about 1."""

SAME = 1e-10
"""Singular values below this, of the largest, are those of patterns that depend on others."""


def check_patterns(patterns: Any) -> NDArray[np.int8]:
    """Return patterns as an int8 matrix of -1 and +1."""
    array = real_array("patterns", patterns)
    if array.ndim != 2 or not array.size:
        raise ValueError(
            f"patterns must have shape (p, n), p and n at least 1, got shape {array.shape}"
        )
    wrong = np.argwhere(np.abs(array) != 1)
    if wrong.size:
        place = tuple(wrong[0].tolist())
        remedy = "; for bits x take 2 * x - 1" if np.isin(array, (0, 1)).all() else ""
        raise ValueError(f"patterns must hold -1 or 1, got {array[place]} at index {place}{remedy}")
    return array.astype(np.int8)


def check_loads(loads: Any) -> FloatArray:
    """Return loads as a vector of positive numbers."""
    array = real_array("loads", loads)
    if array.ndim != 1 or not array.size:
        raise ValueError(f"loads must be a vector of at least one load, got shape {array.shape}")
    check_finite("loads", array)
    wrong = np.flatnonzero(array <= 0)
    if wrong.size:
        raise ValueError(f"loads must be positive, got {array[wrong[0]]} at index {wrong[0]}")
    return array


def random_cues(
    count: int, n: int, share: float, rng: np.random.Generator
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Return random patterns, and each with a share of its spins flipped."""
    patterns = rng.integers(0, 2, (count, n), np.int8) * np.int8(2) - np.int8(1)
    flips = np.tile(np.arange(n) < round(share * n), (count, 1))
    return patterns, np.where(rng.permuted(flips, axis=1), -patterns, patterns)


def factor_of(patterns: NDArray[np.int8], rule: Rule) -> FloatArray:
    """Return A, shape (n, r), of the couplings with their diagonal, ``W = A A^T``."""
    x = patterns.T.astype(np.float64)
    if rule == "hebbian":
        return np.asarray(x / np.sqrt(len(x)))
    left, sizes, _ = np.linalg.svd(x, full_matrices=False)
    return np.ascontiguousarray(left[:, sizes > SAME * sizes[0]])


def fixed_points(spins: NDArray[np.int8], factor: FloatArray) -> NDArray[np.bool_]:
    """Return which states have no spin against its field ``sum_{j != i} W_ij s_j``."""
    s = spins.astype(np.float64)
    along = s * (s @ factor @ factor.T) - np.square(factor).sum(axis=1)
    return np.asarray((along >= -TIE).all(axis=1))
