"""Replica exchange against Kaufman's exact energies and heat capacities of finite lattices."""

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

import magnetite as mg
from tools.lattice import log_partition, square_lattice

CRITICAL = math.log(1 + math.sqrt(2)) / 2
POINTS = (0.2, 0.4, CRITICAL, 0.5, 0.6)
NUM_LADDERS = 16

Array = NDArray[np.float64]


def exact(size: int) -> Array:
    """Return energies and heat capacities (2, num_points) a site, by differences of log Z."""
    step, values = 1e-3, []
    for beta in POINTS:
        below, here, above = (log_partition(size, beta + k * step) for k in (-1, 0, 1))
        capacity = beta**2 * (above - 2 * here + below) / step**2
        values.append([-(above - below) / (2 * step), capacity])
    return np.array(values).T / size**2


def moments(size: int, num_sweeps: int, seed: int) -> Array:
    """Return mean energies and mean squares (2, num_points, num_ladders) of every ladder."""
    rungs = 2 + size // 4
    parts = [np.linspace(hot, cold, rungs) for hot, cold in itertools.pairwise(POINTS)]
    betas = np.unique(np.concatenate(parts))
    result = mg.temper(
        square_lattice(size), betas=betas, num_ladders=NUM_LADDERS, num_sweeps=num_sweeps, seed=seed
    )
    at_points = [int(np.abs(betas - beta).argmin()) for beta in POINTS]
    draws = result.energies[:, at_points]
    return np.array([draws.mean(axis=2).T, (draws**2).mean(axis=2).T])


def observables(means: Array) -> Array:
    """Return energies and heat capacities from means over ladders."""
    first, second = means
    return np.array([first, np.square(POINTS) * (second - first**2)])


def deviations(size: int, num_sweeps: int, seed: int) -> Array:
    """Return (2, num_points): how many errors the measured values lie from the exact ones.

    Values and errors are the jackknife's, which leaves out one ladder at a time.
    """
    each = moments(size, num_sweeps, seed)
    sums = each.sum(axis=2)
    without = np.array(
        [observables((sums - each[..., k]) / (NUM_LADDERS - 1)) for k in range(NUM_LADDERS)]
    )
    whole = observables(sums / NUM_LADDERS)
    value = NUM_LADDERS * whole - (NUM_LADDERS - 1) * without.mean(axis=0)
    error = np.sqrt((NUM_LADDERS - 1) * without.var(axis=0))
    return np.asarray((value / size**2 - exact(size)) / (error / size**2))


def test_a_small_lattice() -> None:
    assert (np.abs(deviations(8, 2000, 1)) < 4.5).all()


@pytest.mark.slow
@pytest.mark.parametrize("size", [8, 16, 32])
def test_finite_lattices(size: int) -> None:
    assert (np.abs(deviations(size, 20_000, 2)) < 4).all()


@pytest.mark.slow
def test_the_errors_are_as_large_as_they_say() -> None:
    """Runs scatter by their errors: scores have the variance of Student's law."""
    scores = np.array([deviations(8, 1500, seed) for seed in range(40)])
    student = (NUM_LADDERS - 1) / (NUM_LADDERS - 3)
    # Points of a run share replicas: no more than the 40 runs are taken to be independent.
    spread = math.sqrt(2 / 40)
    for quantity in (0, 1):
        assert abs((scores[:, quantity] ** 2).mean() / student - 1) < 4 * spread
