"""Deep Boltzmann machines small enough to be summed, and their laws."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

import magnetite as mg

Floats = NDArray[np.float64]

SIZES = ((4, 3, 2), (3, 3, 2, 2))


def deep_machine(
    sizes: Sequence[int], *, scale: float = 0.8, seed: int = 1, dtype: str = "float64"
) -> mg.DBM:
    """Return a machine with random parameters."""
    rng = np.random.default_rng(seed)
    weights = [scale * rng.normal(size=shape) for shape in pairwise(sizes)]
    biases = [0.5 * rng.normal(size=size) for size in sizes]
    return mg.DBM(sizes, weights=weights, biases=biases, dtype=dtype)


def bits(count: int) -> Floats:
    """Return all states of so many bits, a row each."""
    return (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(np.float64)


def all_layers(dbm: mg.DBM) -> list[Floats]:
    """Return all states of the machine, layer by layer, the last bits changing slowest."""
    return np.split(bits(sum(dbm.sizes)), np.cumsum(dbm.sizes)[:-1], axis=1)


def log_probabilities(dbm: mg.DBM) -> Floats:
    """Return ``ln p(v)`` of all visible states, by summing over everything."""
    logs = -dbm.energy(*all_layers(dbm)).reshape(-1, 2**dbm.n_visible)
    return np.logaddexp.reduce(logs) - np.logaddexp.reduce(logs, axis=None)
