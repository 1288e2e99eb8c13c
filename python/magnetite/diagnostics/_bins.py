"""Logarithmic bins of the draws of many ladders, and how far apart what should agree is."""

from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from magnetite.diagnostics._series import Array, integrated_times, relative_error
from magnetite.diagnostics.convergence import split_r_hat

# The last half of the draws is compared with the two bins before it: a quarter and an eighth.
NUM_COMPARED = 3
BLOCKS_OF_BIN = 16
MIN_BIN = 2
# Shorter series have no three bins of 2 draws or more, beside the first.
MIN_DRAWS = MIN_BIN << NUM_COMPARED
# R-hat of a longer series is that of evenly spaced draws of it, which cost less and say as much.
MAX_RANKED = 4096


class Binned(NamedTuple):
    """Draws of one quantity in bins from `edges` (num_bins + 1,).

    `means` are (num_ladders, num_rungs, num_bins). Of each rung, from deviations from the means of
    the last three bins: the integrated autocorrelation time `tau` in draws, its relative `noise`,
    the `variance` of a draw, the degrees of `freedom` of errors, and whether tau was `found`.
    """

    edges: NDArray[np.int64]
    means: Array
    tau: Array
    noise: Array
    variance: Array
    freedom: Array
    found: NDArray[np.bool_]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Draws in each bin of a ladder."""
        return np.diff(self.edges)

    @property
    def compared(self) -> int:
        """Draws in the last three bins of a ladder."""
        return int(self.lengths[-NUM_COMPARED:].sum())

    def errors(self, num_draws: NDArray[np.int64] | int) -> Array:
        """Return standard errors (num_rungs, ...) of means of so many draws of one ladder."""
        errors: Array = np.sqrt(np.divide.outer(2 * self.tau * self.variance, num_draws))
        return errors


class Differences(NamedTuple):
    """Differences, their standard errors, and both as a normal score; all (num_tests, num_rungs).

    The scores have the normal law when there is no true difference.
    """

    value: Array
    error: Array
    score: Array

    @property
    def worst(self) -> NDArray[np.int64]:
        """The test with the largest score, per rung."""
        worst: NDArray[np.int64] = np.abs(self.score).argmax(axis=0)
        return worst


def bin_draws(draws: Array) -> Binned:
    """Sort draws (num_ladders, num_rungs, num_draws), at least `MIN_DRAWS`, into bins.

    Autocorrelations are summed over means of blocks, not over draws: energies in replica exchange
    forget most at once and the rest as slowly as replicas travel, a tail that a window of a few
    short times cuts off (at rungs of 20 spins errors came out two thirds of what they were).
    """
    num_ladders, num_rungs, num_draws = draws.shape
    halvings = (num_draws // MIN_BIN).bit_length() - 1
    edges = np.array([0, *(num_draws >> j for j in range(halvings, -1, -1))])
    lengths = np.diff(edges)
    means = np.add.reduceat(draws, edges[:-1], axis=2) / lengths
    size = max(1, int(lengths[-NUM_COMPARED]) // BLOCKS_OF_BIN)
    start = edges[-1 - NUM_COMPARED]
    start += (num_draws - start) % size
    own = np.repeat(np.arange(lengths.size), lengths)[start:]
    num_blocks = own.size // size
    blocks, variance = np.empty((num_ladders, num_blocks, num_rungs)), np.empty(num_rungs)
    # One rung after another: deviations of all are as large as the draws.
    for rung in range(num_rungs):
        deviations = draws[:, rung, start:] - means[:, rung, own]
        variance[rung] = np.square(deviations).mean()
        blocks[..., rung] = deviations.reshape(num_ladders, num_blocks, size).mean(axis=2)
    ends = np.full(num_ladders, num_blocks)
    times = integrated_times(blocks, ends, num_means=NUM_COMPARED * num_ladders)
    # Of blocks whose correlations are lost in noise, those that look alternating are independent.
    long = np.maximum(times.tau, 0.5) * times.variance * size
    # Nothing is known of a rung that never moves, or whose blocks are all alike.
    tau = np.divide(long, variance, out=np.full(num_rungs, 0.5), where=(variance > 0) & (long > 0))
    freedom = num_ladders * num_blocks / (2 * times.cut + 1)
    noise = relative_error(times, num_ladders * num_blocks)
    return Binned(edges, means, tau, noise, variance, freedom, times.found)


def drifts(binned: Binned) -> Differences:
    """Compare the last bin with each of the two before it, over all ladders."""
    means = binned.means.mean(axis=0)[:, -NUM_COMPARED:]
    lengths = binned.lengths[-NUM_COMPARED:]
    value = means[:, -1] - means[:, :-1].T
    variance = np.square(binned.errors(lengths)).T / len(binned.means)
    return _differences(value, np.sqrt(variance[-1] + variance[:-1]), binned.freedom)


def disagreements(draws: Array) -> Differences:
    """Compare each ladder with the mean of the others; two ladders make one comparison.

    The difference of every draw is a series with a time and a variance of its own, so that ladders
    may be correlated, as cluster moves make them.
    """
    num_ladders = len(draws)
    scale = num_ladders / (num_ladders - 1)
    mean = draws.mean(axis=0, keepdims=True)
    tests = []
    for ladder in range(num_ladders if num_ladders > 2 else 1):
        binned = bin_draws(scale * (draws[ladder] - mean))
        value = binned.means[0, :, -NUM_COMPARED:] @ binned.lengths[-NUM_COMPARED:]
        tests.append((value / binned.compared, binned.errors(binned.compared), binned.freedom))
    return _differences(*map(np.array, zip(*tests, strict=True)))


def groups(values: NDArray[Any], coupled: bool) -> NDArray[Any]:
    """Return `values` (num_ladders, ...) as (num_groups, size, ...), groups that are independent.

    Those are the ladders themselves or, `coupled`, pairs of them; where one has no partner, all
    make one group.
    """
    num_ladders = len(values)
    size = 1 if not coupled else num_ladders if num_ladders % 2 else 2
    grouped: NDArray[Any] = values.reshape(num_ladders // size, size, *values.shape[1:])
    return grouped


def own_changes(draws: Array, coupled: bool) -> NDArray[np.int64]:
    """Return how often (num_groups,) energies change from draw to draw but by changing places.

    Exchanges, and cluster moves between ladders of a group, leave the sum over a group's replicas
    as it is.
    """
    totals = groups(draws.sum(axis=1), coupled).sum(axis=1)
    rounding = 1e-9 * np.abs(draws).max(initial=0.0)
    changes: NDArray[np.int64] = (np.abs(np.diff(totals, axis=-1)) > rounding).sum(axis=-1)
    return changes


def r_hats(draws: Array) -> Array:
    """Return rank-normalised split R-hat (num_rungs,) of draws (num_ladders, num_rungs, ...)."""
    step = -(-draws.shape[2] // MAX_RANKED)
    return np.array([split_r_hat(draws[:, r, ::step]) for r in range(draws.shape[1])])


def chance_r_hat(ess: Array, num_ladders: int, num_draws: int, probability: float) -> Array:
    """Return what R-hat exceeds by chance with a probability, for ladders of so large an ESS.

    The variance of the means of k + 1 half ladders, in units of what independent draws would
    give, is chi-square over k; its quantile is that of Wilson and Hilferty (1931).
    """
    k = 2 * num_ladders - 1
    normal = NormalDist().inv_cdf(1 - probability)
    quantile = (1 - 2 / (9 * k) + normal * np.sqrt(2 / (9 * k))) ** 3
    step = -(-num_draws // MAX_RANKED)
    halves: Array = np.minimum(ess, num_draws / step) / 2
    bounds: Array = np.sqrt(1 + quantile / halves)
    return bounds


def normal_bound(num_tests: int, significance: float) -> float:
    """Return the score that the largest of so many exceeds with less than this probability."""
    return NormalDist().inv_cdf(1 - significance / (2 * num_tests))


def _differences(value: Array, error: Array, freedom: Array) -> Differences:
    ratio = np.where(value == 0, 0.0, np.inf)
    np.divide(value, error, out=ratio, where=error > 0)
    # Student's law as a normal score (Wallace, Ann. Math. Stat. 30 (1959) 1124).
    score = np.sqrt(freedom * np.log1p(np.square(ratio) / freedom))
    score = score * (8 * freedom + 1) / (8 * freedom + 3)
    return Differences(value, error, np.copysign(score, ratio))
