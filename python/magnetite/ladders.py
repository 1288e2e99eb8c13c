"""Ladders of inverse temperatures: made, and tuned from what exchanges show."""

import math

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "barrier",
    "enough_rungs",
    "equalised",
    "expected_trips",
    "first_ladder",
    "flow_optimised",
]

FloatArray = NDArray[np.float64]

MOST_RUNGS = 512

# No interval counts as free, so that rungs never fall on each other.
LEAST_REJECTION = 1e-3


def first_ladder(hot: float, cold: float, num_rungs: int) -> FloatArray:
    """Return betas to begin with: as many per unit of beta as it is hot, roughly.

    The width of the energies falls towards the cold end, so steps may grow; they do as the square.

    Examples
    --------
    >>> first_ladder(0.0, 1.0, 5).tolist()
    [0.0, 0.0625, 0.25, 0.5625, 1.0]
    """
    steps = np.arange(num_rungs) / (num_rungs - 1)
    betas = hot + (cold - hot) * steps * steps
    betas[-1] = cold
    return betas


def barrier(rejections: FloatArray) -> FloatArray:
    """Return the communication barrier from the hot end to every rung.

    Mean rejection rates of neighbours add up: ``Lambda(beta_k) = sum_{i<k} r_i`` (Syed,
    Bouchard-Cote, Deligiannidis and Doucet, J. R. Stat. Soc. B 84 (2022) 321).

    Examples
    --------
    >>> barrier(np.array([0.5, 0.25])).tolist()
    [0.0, 0.5, 0.75]
    """
    return np.concatenate([[0.0], np.cumsum(np.maximum(rejections, LEAST_REJECTION))])


def enough_rungs(total: float) -> int:
    """Return how many rungs a ladder with this barrier should have on one machine.

    ``2 Lambda + 1``, so that neighbours change places every second time: more rungs cost more
    sweeps than they save (Syed et al. 2022).

    Examples
    --------
    >>> enough_rungs(4.2)
    10
    """
    return min(MOST_RUNGS, max(2, math.ceil(2 * total) + 1))


def expected_trips(rejections: FloatArray) -> float:
    """Return the round trips per exchange of a ladder whose rungs all forget at once.

    ``1 / (2 + 2 sum_i r_i / (1 - r_i))`` for non-reversible exchanges (Syed et al. 2022).

    Examples
    --------
    >>> expected_trips(np.array([0.5, 0.5]))
    0.16666666666666666
    """
    accepted = np.maximum(1.0 - rejections, 1e-12)
    return float(1.0 / (2.0 + 2.0 * (rejections / accepted).sum()))


def equalised(betas: FloatArray, rejections: FloatArray, num_rungs: int) -> FloatArray:
    """Return `num_rungs` betas between the same ends with equal rejection rates between neighbours.

    The barrier as a function of beta is taken to be linear between rungs (Syed et al. 2022).

    Examples
    --------
    >>> equalised(np.array([0.0, 1.0, 2.0]), np.array([0.6, 0.2]), 3).round(3).tolist()
    [0.0, 0.667, 2.0]
    """
    return _placed(betas, barrier(rejections), num_rungs)


def flow_optimised(
    betas: FloatArray, from_hot: NDArray[np.int64], from_cold: NDArray[np.int64], num_rungs: int
) -> FloatArray:
    """Return betas that are dense where replicas diffuse slowly.

    With f(beta) the share of replicas that were last at the hot end, and D ~ dbeta / |df/dbeta| the
    diffusivity, the density of rungs becomes proportional to sqrt(|df/dbeta| / dbeta) (Katzgraber,
    Trebst, Huse and Troyer, J. Stat. Mech. (2006) P03018).

    Examples
    --------
    >>> from_hot, from_cold = np.array([10, 9, 1, 0]), np.array([0, 1, 9, 10])
    >>> flow_optimised(np.array([0.0, 1.0, 2.0, 3.0]), from_hot, from_cold, 4).round(2).tolist()
    [0.0, 1.22, 1.78, 3.0]
    """
    share = from_hot / np.maximum(from_hot + from_cold, 1)
    share = np.minimum.accumulate(share)
    width = np.diff(betas)
    # Not less than a small part of the fall that a straight line would have.
    fall = np.maximum(-np.diff(share), 0.05 / width.size)
    weight = np.sqrt(fall / width) * width
    return _placed(betas, np.concatenate([[0.0], np.cumsum(weight)]), num_rungs)


def _placed(betas: FloatArray, heights: FloatArray, num_rungs: int) -> FloatArray:
    """Return betas at equal steps of a rising function that is known at `betas`."""
    levels = heights[-1] * np.arange(num_rungs) / (num_rungs - 1)
    placed = np.interp(levels, heights, betas)
    placed[0], placed[-1] = betas[0], betas[-1]
    return np.asarray(placed, np.float64)
