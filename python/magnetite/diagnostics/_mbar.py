"""The equations of multistate reweighting (MBAR) for one energy at many betas."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from magnetite.diagnostics._series import Array, errors_of_means

# Inside a level of energies, beta differences of what is compared times energies stay below this;
# weights are then wrong by its square over 24, and means of energies are exact.
RESOLUTION = 0.02
MAX_LEVELS = 1 << 15
# Blocks that all ladders have together: enough to see their correlations, few enough to be kept.
MAX_BLOCKS = 512
MAX_STEPS = 300
# Shares of the draws that are further off than this are mended one by one, not by Newton's steps;
# and less than that is left of them in the end.
FAR = 0.5
SOLVED = 1e-6
# Newton steps end when the log-likelihood gains no more than this, and are taken unseen below that.
EXACT = 1e-12
SURE = 1e-3


class Levels(NamedTuple):
    """Draws sorted by energy: all that reweighting needs to know of them.

    Attributes
    ----------
    energies : ndarray
        Mean energy (num_levels,) of the draws of each level, less `reference`.
    blocks : ndarray
        Draws (num_ladders, num_blocks, num_levels) of all rungs together, block by block.
    lengths : ndarray
        Draws (num_blocks,) of a replica in each block.
    reference : float
        The lowest energy that was drawn.
    """

    energies: Array
    blocks: Array
    lengths: NDArray[np.int64]
    reference: float

    @property
    def draws(self) -> Array:
        """Draws (num_levels,) of all ladders and rungs."""
        draws: Array = self.blocks.sum(axis=(0, 1))
        return draws

    @property
    def per_rung(self) -> int:
        """Draws of all ladders at each rung."""
        return len(self.blocks) * int(self.lengths.sum())


def sort_draws(energies: Array, betas: Array) -> Levels:
    """Sort draws (num_ladders, num_rungs, num_draws) into levels and blocks.

    Every draw counts the same, correlated or not. Draws weighted by the inverse statistical
    inefficiency of their rung, as is usual, were tried: on replica exchange of 16 and 20 spins
    errors were the same within 5 %, because neighbours that share an energy remember equally long;
    but at cold rungs, where a rare excitation decides both the weight and the mean, it bound the
    two together and put energies 3 errors off (log Z within two errors in 52 of 100 runs).
    """
    num_ladders, num_rungs, num_draws = energies.shape
    num_blocks = min(num_draws, max(MAX_BLOCKS // num_ladders, 16))
    edges = block_edges(num_draws, num_blocks)
    lengths = np.diff(edges)
    block = np.repeat(np.arange(num_blocks), lengths)
    reference = float(energies.min())
    knots, numbers = _coordinates(energies, betas)
    num_levels = int(numbers[-1]) + 1
    blocks = np.zeros((num_ladders, num_blocks, num_levels))
    sums = np.zeros(num_levels)
    # A replica at a time, whose draws and levels fit the cache.
    for ladder, rung in np.ndindex(num_ladders, num_rungs):
        draws = energies[ladder, rung]
        level = np.interp(draws, knots, numbers).astype(np.int64)
        first = int(level.min())
        level -= first
        width = int(level.max()) + 1
        counts = np.bincount(block * width + level, minlength=num_blocks * width)
        here = slice(first, first + width)
        blocks[ladder, :, here] += counts.reshape(num_blocks, width)
        sums[here] += np.bincount(level, draws - reference, width)
    found = np.flatnonzero(blocks.any(axis=(0, 1)))
    blocks = np.ascontiguousarray(blocks[..., found])
    return Levels(sums[found] / blocks.sum(axis=(0, 1)), blocks, lengths, reference)


def block_edges(num_draws: int, num_blocks: int) -> NDArray[np.int64]:
    """Return where blocks of draws, as equal as can be, begin and end."""
    edges: NDArray[np.int64] = np.arange(num_blocks + 1) * num_draws // num_blocks
    return edges


def block_means(draws: Array, edges: NDArray[np.int64]) -> Array:
    """Return means (num_ladders, num_rungs, num_blocks) of draws between edges."""
    means: Array = np.add.reduceat(draws, edges[:-1], axis=2) / np.diff(edges)
    return means


def inefficiencies(energies: Array) -> Array:
    """Return 2 tau (num_rungs,), at least 1: how many draws are worth one, from block means."""
    num_ladders, _, num_draws = energies.shape
    num_blocks = min(num_draws, MAX_BLOCKS)
    means = block_means(energies, block_edges(num_draws, num_blocks))
    deviations = np.moveaxis(means - energies.mean(axis=(0, 2))[:, None], 1, 2)
    errors, _ = errors_of_means(deviations, np.full(num_ladders, num_blocks))
    # A rung at a time: deviations of all would be as large as the draws.
    variances = np.array([energies[:, r].var() for r in range(energies.shape[1])])
    variances /= num_ladders * num_draws
    ratio = np.divide(errors**2, variances, out=np.ones_like(errors), where=variances > 0)
    at_least_one: Array = np.maximum(ratio, 1.0)
    return at_least_one


def _coordinates(energies: Array, betas: Array) -> tuple[Array, Array]:
    """Return energies, ascending, and the number of the level where each lies.

    Levels are narrow where neighbouring rungs are far apart in beta: three gaps times the width
    make up the resolution.
    """
    low, high = float(energies.min()), float(energies.max())
    means = np.maximum.accumulate(energies.mean(axis=(0, 2))[::-1])
    knots = np.concatenate([[low], means, [high]])
    # Rung k is at knot num_rungs - k; between it and the colder one the gaps around count.
    below = np.concatenate([[0.0, 0.0], betas, betas[-1:], betas[-1:]])
    slopes = (below[3:] - below[:-3])[::-1] / RESOLUTION
    numbers = np.concatenate([[0.0], np.cumsum(slopes * np.diff(knots))])
    if numbers[-1] > MAX_LEVELS - 1:
        numbers *= (MAX_LEVELS - 1) / numbers[-1]
    return knots, numbers


class Solution(NamedTuple):
    """What solves the equations.

    Attributes
    ----------
    minus_log_z : ndarray
        f_k = -log Z(beta_k) (num_rungs,), 0 at rung 0, for energies less the reference.
    log_mixture : ndarray
        Log of ``sum_k N exp(f_k - beta_k E)`` (num_levels,).
    shares : ndarray
        Share (num_levels, num_rungs) of each rung in that sum.
    converged : bool
        Whether each rung's share of all draws is its number of draws.
    """

    minus_log_z: Array
    log_mixture: Array
    shares: Array
    converged: bool


def solve(levels: Levels, betas: Array, start: Array) -> Solution:
    """Solve ``sum_n p_k(E_n) = N`` for f, with p_k the share of rung k at the energy E_n.

    N is the number of draws at each rung. These are Shirts and Chodera, J. Chem. Phys. 129 (2008)
    124105, eq. 11 times N Z_k, and the derivatives of the convex function ``sum_n log sum_k N
    exp(f_k - beta_k E_n) - N sum_k f_k``, which damped Newton steps take to its minimum, after
    steps of plain iteration from far away.
    """
    draws, count = levels.draws, levels.per_rung
    exponents = np.log(count) - np.outer(levels.energies, betas)

    def value_at(f: Array) -> tuple[float, Array, Array]:
        terms = exponents + f
        top = terms.max(axis=1, keepdims=True)
        shares = np.exp(terms - top)
        sums = shares.sum(axis=1, keepdims=True)
        log_mixture = (top + np.log(sums))[:, 0]
        return float(draws @ log_mixture - count * f.sum()), log_mixture, shares / sums

    f = start - start[0]
    value, log_mixture, shares = value_at(f)
    for _ in range(MAX_STEPS):
        sums = draws @ shares
        off = float(np.abs(sums / count - 1).max())
        if off > FAR:
            # Far away a rung may have no share at all, and Newton no slope to go by.
            f = f + np.log(count / np.maximum(sums, 1e-300))
            f -= f[0]
        else:
            gradient = sums - count
            slope = hessian(draws, shares)[1:, 1:]
            step = np.append(0.0, -np.linalg.lstsq(slope, gradient[1:], rcond=1e-14)[0])
            # By so much it lowers the function, a log-likelihood, whose statistical error is 1.
            gain = -float(gradient @ step) / 2
            if gain <= EXACT and off < SOLVED:
                return Solution(f, log_mixture, shares, True)
            scale = 1.0
            # Close to the minimum the value's rounding errors outgrow its decrease.
            while gain > SURE and value_at(f + scale * step)[0] > value and scale > 1e-6:
                scale /= 2
            f = f + scale * step
        value, log_mixture, shares = value_at(f)
    return Solution(f, log_mixture, shares, False)


def hessian(draws: Array, shares: Array) -> Array:
    """Return ``diag(sum_n p_k) - sum_n p_k p_l``."""
    matrix: Array = np.diag(draws @ shares) - (shares * draws[:, None]).T @ shares
    return matrix
