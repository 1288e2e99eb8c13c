"""Differences of log Z along a ladder by integrating its mean energies."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite.diagnostics._mbar import MAX_BLOCKS, block_edges, block_means
from magnetite.diagnostics._series import Array, as_betas, as_ladders, wide_errors
from magnetite.estimates import Estimates

MIN_DRAWS = 16


class Integral(NamedTuple):
    """What `thermodynamic_integration` returns: see there."""

    log_z_ratios: Estimates
    discretisation: NDArray[np.float64]


def thermodynamic_integration(energies: ArrayLike, betas: ArrayLike) -> Integral:
    """Estimate log Z at every rung less that at the first, from mean energies and variances.

    ``log Z(b) - log Z(a) = -int_a^b <E> dbeta``. The integral over a gap of width w is taken as
    ``w/2 (U_a + U_b) + w^2/12 (V_b - V_a)``: the trapezoid with the correction of Euler and
    Maclaurin, where ``dU/dbeta = -V`` is known from the variance V of the energies. Statistical
    errors are those of the sum over rungs, draw by draw, so that correlations in time and between
    rungs count.

    It asks for no overlap of neighbouring rungs, as `reweighting` does, but pays with an error of
    discretisation.

    Parameters
    ----------
    energies : array_like
        Shape (num_ladders, num_rungs, num_draws), of at least 16 draws; what follows the first nan
        of any replica (draws not reached) is left out.
    betas : array_like
        Betas (num_rungs,) of the ladder, ascending.

    Returns
    -------
    log_z_ratios : Estimates
        One element a rung, 0 at the first; `error` is the statistical one.
    discretisation : ndarray of float64
        Shape (num_rungs,): how far the sum over gaps may be off, judged from what doubling the gaps
        changes; nan for fewer than 3 rungs.

    Raises
    ------
    ValueError
        If a shape does not fit, betas do not ascend, or numbers are not finite.

    Examples
    --------
    Energies of 100 independent spins in a field of 1, where ``<E> = -100 tanh(beta)``:

    >>> import numpy as np
    >>> from magnetite.diagnostics import thermodynamic_integration
    >>> betas = np.linspace(0, 1, 9)
    >>> up = 1 / (1 + np.exp(-2 * betas[:, None]))
    >>> energies = 100 - 2 * np.random.default_rng(1).binomial(100, up, size=(2, 9, 4000))
    >>> ratio = thermodynamic_integration(energies, betas).log_z_ratios[8]
    >>> bool(abs(ratio.value - 100 * np.log(np.cosh(1))) < 4 * ratio.error)
    True
    """
    betas = as_betas(betas)
    array = as_draws(energies, betas)
    num_ladders, _, num_draws = array.shape
    means = array.mean(axis=(0, 2))[:, None]
    num_blocks = min(num_draws, MAX_BLOCKS)
    edges = block_edges(num_draws, num_blocks)
    deviations = array - means
    first = block_means(deviations, edges)
    variances = np.square(deviations).mean(axis=(0, 2))
    second = block_means(np.square(deviations), edges) - variances[:, None]
    value = _integrate(betas, means[:, 0], variances)
    # The sum is linear in means and variances: what each block adds to it is its own integral.
    parts = np.moveaxis(_integrate(betas, first, second, axis=1), 1, 2)
    errors = wide_errors(parts, np.full(num_ladders, num_blocks))
    naive = parts.std(axis=(0, 1)) / np.sqrt(num_ladders * num_draws)
    ess = (
        num_ladders
        * num_draws
        * np.square(np.divide(naive, errors, out=np.ones_like(errors), where=errors > 0))
    )
    ratios = Estimates(value, errors, ess, ("",) * betas.size)
    return Integral(ratios, _discretisation(betas, means[:, 0], variances))


def as_draws(energies: ArrayLike, betas: Array) -> Array:
    """Return draws of ladders, at least 16 at each rung."""
    array = as_ladders("energies", energies, betas)
    if array.shape[2] < MIN_DRAWS or not array.size:
        raise ValueError(
            f"energies must have at least {MIN_DRAWS} draws at each rung, got {array.shape[2]}"
        )
    return array


def _integrate(betas: Array, means: Array, variances: Array, axis: int = 0) -> Array:
    """Return minus the integral of the energy from the first rung to each, along `axis`."""
    means, variances = np.moveaxis(means, axis, -1), np.moveaxis(variances, axis, -1)
    widths = np.diff(betas)
    gaps = widths / 2 * (means[..., 1:] + means[..., :-1])
    gaps = gaps + widths**2 / 12 * (variances[..., 1:] - variances[..., :-1])
    sums = np.concatenate([np.zeros((*gaps.shape[:-1], 1)), -np.cumsum(gaps, axis=-1)], axis=-1)
    return np.moveaxis(sums, -1, axis)


def _discretisation(betas: Array, means: Array, variances: Array) -> Array:
    """Return how much the sums up to each rung change with gaps twice as wide, over 15.

    The error of a gap goes with the fifth power of its width, that of a sum with the fourth: both
    gaps of a pair together are off by a fifteenth of what joining them changes.
    """
    if betas.size < 3:
        return np.full(betas.size, np.nan)
    fine = _integrate(betas, means, variances)
    wide = betas[2:] - betas[:-2]
    joined = wide / 2 * (means[2:] + means[:-2]) + wide**2 / 12 * (variances[2:] - variances[:-2])
    change = np.abs(fine[2:] - fine[:-2] + joined) / 15
    # Each gap belongs to two pairs, but for the first and the last.
    per_gap = (np.append(change, change[-1]) + np.append(change[0], change)) / 4
    return np.concatenate([[0.0], np.cumsum(per_gap)])
