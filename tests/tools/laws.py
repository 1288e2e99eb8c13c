"""Exact laws by enumeration, exact draws from them, and the tests that judge samples."""

import math

import numpy as np
from numpy.typing import NDArray

from magnetite.models import Model


def all_states(model: Model) -> NDArray[np.int8]:
    """Return all states of a model in its own values; bit i of the row number is variable i."""
    bits = np.arange(2**model.num_variables)[:, None] >> np.arange(model.num_variables) & 1
    return np.array(model.values, np.int8)[bits]


def state_numbers(model: Model, states: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return the row numbers of states in `all_states`."""
    bits = (states == model.values[1]).astype(np.int64)
    numbers: NDArray[np.int64] = bits @ (1 << np.arange(model.num_variables))
    return numbers


def boltzmann(model: Model, beta: float, held: dict[int, int] | None = None) -> NDArray[np.float64]:
    """Return the law over `all_states`, given that some variables are held at values."""
    states = all_states(model)
    energies = np.asarray(model.energies(states))
    weights = np.exp(-beta * (energies - energies.min()))
    for variable, value in (held or {}).items():
        weights[states[:, variable] != value] = 0.0
    law: NDArray[np.float64] = weights / weights.sum()
    return law


def chi_square_excess(counts: NDArray[np.int64], law: NDArray[np.float64]) -> float:
    """Return the chi-square of counts over its quantile at 1 - 1e-6: above 1 refutes the law.

    Cells that expect fewer than ten are taken together. The quantile is that of Wilson and
    Hilferty (1931).
    """
    if counts[law == 0].any():
        return math.inf
    order = np.argsort(-law)
    expected = (law * counts.sum())[order]
    large = expected >= 10
    cells = np.append(expected[large], expected[~large].sum())
    seen = np.append(counts[order][large], counts[order][~large].sum())
    used = cells > 0
    chi2 = (((seen - cells)[used]) ** 2 / cells[used]).sum()
    spread = 2 / (9 * (used.sum() - 1))
    quantile = (used.sum() - 1) * (1 - spread + 4.753424 * math.sqrt(spread)) ** 3
    return float(chi2 / quantile)


def deviation(chains: NDArray[np.float64], exact: float) -> float:
    """Return by how many standard errors the mean of independent chains misses `exact`."""
    means = chains.reshape(len(chains), -1).mean(axis=1)
    error = means.std(ddof=1) / math.sqrt(len(means))
    return float(abs(means.mean() - exact) / error)
