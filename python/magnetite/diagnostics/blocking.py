"""Means of correlated series, and functions of such means, with errors from blocks."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_count, check_finite, real_array
from magnetite.diagnostics._series import Chains, as_betas, as_chains, integrated_times
from magnetite.estimates import Estimate, Estimates

# A spread of fewer blocks is known to no better than a quarter of itself.
MIN_BLOCKS = 8

Means = NDArray[np.float64]


def blocked_mean(draws: ArrayLike) -> Estimate:
    """Estimate the mean of correlated draws, with an error from blocks of automatic length.

    Neighbours are averaged again and again, to blocks of 1, 2, 4, ... draws; the error from the
    spread of the block means grows until blocks are longer than the series remembers (Flyvbjerg
    and Petersen, J. Chem. Phys. 91 (1989) 461). The shortest length B with ``B**3 > 2 N (e_B /
    e_1)**4`` is taken, where e_B is the error from blocks of B of the N draws: there the bias and
    the noise of the error balance (Lee, Ma, Du and Ceperley, Phys. Rev. E 83 (2011) 066706).

    Parameters
    ----------
    draws : array_like
        Shape (num_draws,) or (num_chains, num_draws). Chains may end in nan (draws not reached);
        blocks do not reach from one chain into another.

    Returns
    -------
    Estimate
        The mean of all draws; refused where no length leaves 8 blocks.

    Raises
    ------
    ValueError
        If draws are infinite, or nan before a number.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.diagnostics import blocked_mean
    >>> steps = np.random.default_rng(1).normal(size=10_000)
    >>> mean = blocked_mean(np.convolve(steps, np.ones(10), mode="valid"))
    >>> 0.08 < mean.error < 0.12  # 10 / sqrt(10_000); draws taken as independent give 0.03
    True
    """
    chains = as_chains(draws)
    if chains.constant and chains.total >= MIN_BLOCKS:
        return Estimate(chains.mean, 0.0, (chains.mean, chains.mean), chains.total, True, "")
    first, length = _error_of_blocks(chains, 1), 1
    error = first
    while error is not None and first is not None:
        if length**3 > 2 * chains.total * (error / first) ** 4:
            bracket = (chains.mean - 2 * error, chains.mean + 2 * error)
            ess = chains.total * (first / error) ** 2 if error > 0 else float(chains.total)
            return Estimate(chains.mean, error, bracket, ess, True, "")
        length *= 2
        error = _error_of_blocks(chains, length)
    return Estimate.refused(
        f"{chains.total} draws do not make {MIN_BLOCKS} blocks that are longer than they remember"
    )


def jackknife(
    blocks: ArrayLike,
    function: Callable[[Means], NDArray[np.float64]],
    *,
    counts: ArrayLike | None = None,
) -> Estimates:
    """Estimate a function of means at every rung, leaving out one block at a time.

    With g blocks of equal counts, ``theta_(j)`` the function of all but block j and ``theta`` that
    of all, the value is the mean of the pseudo-values ``p_j = g theta - (g - 1) theta_(j)``, which
    is free of bias to first order, and the error is that of their mean (Tukey 1958). Blocks of
    unequal counts are weighted as in Busing, Meijer and van der Leeden, Stat. Comput. 9 (1999) 3.
    Pseudo-values are taken as a series in time: should neighbouring blocks still be correlated, the
    error grows by their integrated autocorrelation time.

    Parameters
    ----------
    blocks : array_like
        Sums of the draws of each block, (num_ladders, num_rungs, num_blocks, num_quantities), in
        the order of time.
    function : callable
        Takes means (..., num_rungs, num_quantities) to values (..., num_rungs). `binder_ratio`,
        `heat_capacity` and `susceptibility` are or make such functions.
    counts : array_like, optional
        Draws in each block, of a shape that broadcasts to (num_ladders, num_rungs, num_blocks).
        Blocks without draws are left out. By default every block has one, so that `blocks` may be
        means.

    Returns
    -------
    Estimates
        One element a rung; refused where fewer than 8 blocks have draws. `ess` is the number of
        independent blocks.

    Raises
    ------
    ValueError
        If a shape does not fit, a count is negative, or a block with draws is not finite.

    Examples
    --------
    The variance of normal draws at two rungs of one ladder, in 50 blocks of 20:

    >>> import numpy as np
    >>> from magnetite.diagnostics import jackknife
    >>> draws = np.random.default_rng(1).normal(size=(1, 2, 50, 20))
    >>> blocks = np.stack([draws.sum(axis=-1), np.square(draws).sum(axis=-1)], axis=-1)
    >>> variance = jackknife(blocks, lambda m: m[..., 1] - m[..., 0] ** 2, counts=20)
    >>> bool((abs(variance.value - 1) < 4 * variance.error).all())
    True
    """
    sums, sizes = _checked_blocks(blocks, counts)
    total = sizes.sum(axis=(0, 1))
    num_blocks = (sizes > 0).sum(axis=(0, 1))
    few = num_blocks < MIN_BLOCKS
    # Rungs that are refused are carried along with counts that divide.
    total = np.where(few, sizes.sum() + 1.0, total)
    whole = sums.sum(axis=(0, 1))
    theta = np.asarray(function(whole / total[:, None]), np.float64)
    left_out = np.asarray(function((whole - sums) / (total - sizes)[..., None]), np.float64)
    if theta.shape != total.shape or left_out.shape != sizes.shape:
        raise ValueError(
            f"function must take means of shape {sums.shape} to values of shape {sizes.shape}, "
            f"got {left_out.shape}"
        )
    # h - 1 of Busing et al.; a block without draws has no say.
    share = sizes / total
    odds = np.where(share > 0, (1 - share) / np.where(share > 0, share, 1.0), 0.0)
    pseudo = theta + odds * (theta - left_out)
    value = (share * pseudo).sum(axis=(0, 1)) + (1 - share.sum(axis=(0, 1))) * theta
    spread = np.where(share > 0, (pseudo - value) / np.sqrt(np.where(odds > 0, odds, 1.0)), 0.0)
    lengths = np.full(len(spread), spread.shape[1])
    tau = np.maximum(integrated_times(spread, lengths).tau, 0.5)
    variance = np.square(spread).sum(axis=(0, 1)) / np.maximum(num_blocks, 1)
    return Estimates(
        np.where(few, np.nan, value),
        np.where(few, np.nan, np.sqrt(2 * tau * variance)),
        np.where(few, 0.0, num_blocks / (2 * tau)),
        tuple(
            f"an error needs {MIN_BLOCKS} blocks with draws, got {number}" if short else ""
            for number, short in zip(num_blocks, few, strict=True)
        ),
    )


def binder_ratio(means: Means) -> Means:
    """Return Binder's ratio ``(3 - <q^4> / <q^2>^2) / 2`` of means of (q^2, q^4).

    0 where q is normal, 1 where it is one of two opposite numbers (Binder, Z. Phys. B 43 (1981)
    119, scaled as is usual for spin glasses). nan where q is always zero.

    Parameters
    ----------
    means : ndarray of float64
        Shape (..., 2): means of the second and the fourth power, of an overlap or a magnetisation.

    Returns
    -------
    ndarray of float64
        Shape (...).

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.diagnostics import binder_ratio
    >>> binder_ratio(np.array([[1.0, 3.0], [1.0, 1.0]])).tolist()
    [0.0, 1.0]
    """
    second, fourth = means[..., 0], means[..., 1]
    zero = second == 0
    ratio = fourth / np.where(zero, 1.0, second) ** 2
    return np.where(zero, np.nan, 1.5 - 0.5 * ratio)


def heat_capacity(betas: ArrayLike) -> Callable[[Means], Means]:
    """Return the function ``C = beta^2 (<E^2> - <E>^2)`` of means of (E, E^2), for `jackknife`.

    Of the whole system, with k = 1. Take energies from a number near their mean, lest the
    difference of large squares lose digits.

    Parameters
    ----------
    betas : array_like
        Betas (num_rungs,) of the ladder.

    Returns
    -------
    callable
        Takes means (..., num_rungs, 2) to heat capacities (..., num_rungs).

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.diagnostics import heat_capacity
    >>> heat_capacity([0.5, 2.0])(np.array([[0.0, 1.0], [1.0, 2.0]])).tolist()
    [0.25, 4.0]
    """
    squares = np.square(as_betas(betas))
    return lambda means: squares * (means[..., 1] - np.square(means[..., 0]))


def susceptibility(betas: ArrayLike, *, num_sites: int) -> Callable[[Means], Means]:
    """Return ``chi = beta n (<m^2> - <m>^2)`` of means of (m, m^2), for `jackknife`.

    m is the magnetisation of a site, within [-1, 1]; give that of |m| on a finite lattice below its
    transition, and zeros for <m> where the symmetry is known to hold.

    Parameters
    ----------
    betas : array_like
        Betas (num_rungs,) of the ladder.
    num_sites : int
        Number of sites n.

    Returns
    -------
    callable
        Takes means (..., num_rungs, 2) to susceptibilities (..., num_rungs).

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.diagnostics import susceptibility
    >>> susceptibility([0.5], num_sites=10)(np.array([[0.5, 0.5]])).tolist()
    [1.25]
    """
    scale = as_betas(betas) * check_count("num_sites", num_sites, 1)
    return lambda means: scale * (means[..., 1] - np.square(means[..., 0]))


def _error_of_blocks(chains: Chains, length: int) -> float | None:
    """Return the error of the mean from whole blocks of `length`; None with fewer than 8."""
    ends = np.arange(1, chains.draws.shape[1] // length + 1) * length
    cut = chains.deviations[:, : ends.size * length]
    means = cut.reshape(len(cut), ends.size, length).mean(axis=2)[ends <= chains.lengths[:, None]]
    if means.size < MIN_BLOCKS:
        return None
    return float(means.std(ddof=1)) / float(np.sqrt(means.size))


def _checked_blocks(
    blocks: ArrayLike, counts: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return sums (num_ladders, num_blocks, num_rungs, num_quantities), and counts without last."""
    sums = real_array("blocks", blocks)
    if sums.ndim != 4:
        raise ValueError(
            "blocks must have shape (num_ladders, num_rungs, num_blocks, num_quantities), "
            f"got {sums.shape}"
        )
    sizes = real_array("counts", 1.0 if counts is None else counts)
    check_finite("counts", sizes)
    if (sizes < 0).any():
        raise ValueError(f"counts must be non-negative, got {sizes.min()}")
    try:
        sizes = np.broadcast_to(sizes, sums.shape[:3])
    except ValueError:
        raise ValueError(
            f"counts must broadcast to {sums.shape[:3]}, the shape of blocks without quantities, "
            f"got {sizes.shape}"
        ) from None
    sums = np.where(sizes[..., None] > 0, sums, 0.0)
    check_finite("blocks", sums)
    return np.moveaxis(sums, 1, 2), np.moveaxis(sizes, 1, 2)
