"""What all statistics of series share: checked chains, and sums of autocorrelations."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from magnetite._checks import check_finite, check_real, real_array
from magnetite.options import check_each_beta

Array = NDArray[np.float64]

# So many autocorrelation times lose exp(-5) of the sum, and take in little of its noise.
WINDOW = 5.0


class Chains(NamedTuple):
    """Draws (num_chains, num_draws), zero where a chain of fewer than num_draws `lengths` ends."""

    draws: Array
    lengths: NDArray[np.int64]

    @property
    def total(self) -> int:
        """Number of draws in all chains."""
        return int(self.lengths.sum())

    @property
    def mean(self) -> float:
        """Mean of the draws of all chains."""
        return float(self.draws.sum() / self.total)

    @property
    def deviations(self) -> Array:
        """Draws less the mean of all, still zero where a chain has ended."""
        made = np.arange(self.draws.shape[1]) < self.lengths[:, None]
        return np.where(made, self.draws - self.mean, 0.0)

    @property
    def constant(self) -> bool:
        """Whether all draws are the same number."""
        made = np.arange(self.draws.shape[1]) < self.lengths[:, None]
        return self.total == 0 or bool((self.draws[made] == self.draws[made][0]).all())


def as_chains(draws: Any, name: str = "draws") -> Chains:
    """Return (num_draws,) or (num_chains, num_draws), nan at the end of a chain, as `Chains`.

    Chains without any draw are left out.
    """
    array = np.atleast_2d(real_array(name, draws))
    if array.ndim != 2:
        raise ValueError(
            f"{name} must have shape (num_draws,) or (num_chains, num_draws), got {array.shape}"
        )
    lengths = lengths_of(array, name)
    array, lengths = array[lengths > 0], lengths[lengths > 0]
    return Chains(np.nan_to_num(array[:, : max(lengths, default=0)], nan=0.0), lengths)


def lengths_of(array: Array, name: str) -> NDArray[np.int64]:
    """Return how many draws along the last axis come before those that were not reached."""
    missing = np.isnan(array)
    lengths: NDArray[np.int64] = (~missing).sum(axis=-1)
    if missing.any():
        ended = np.arange(array.shape[-1]) >= lengths[..., None]
        if (missing != ended).any():
            index = tuple(int(i) for i in np.argwhere(missing & ~ended)[0])
            raise ValueError(
                f"{name} may be nan only at the end of a chain (draws not reached), "
                f"got nan before a number at index {index}"
            )
        check_finite(name, np.where(missing, 0.0, array))
    else:
        check_finite(name, array)
    return lengths


def as_ladders(name: str, energies: Any, betas: Array) -> Array:
    """Return draws (num_ladders, num_rungs, num_draws), cut to what every replica has reached."""
    array = real_array(name, energies)
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3 or array.shape[1] != betas.size:
        raise ValueError(
            f"{name} must have shape (num_ladders, num_rungs, num_draws) "
            f"with {betas.size} rungs as betas has, got {np.shape(energies)}"
        )
    lengths = lengths_of(array, name)
    return array[..., : int(lengths.min(initial=array.shape[-1]))]


def as_betas(betas: Any) -> Array:
    """Return the betas of a ladder: finite, non-negative, ascending."""
    array = np.atleast_1d(real_array("betas", betas))
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"betas must be a vector of at least 1, got shape {array.shape}")
    check_finite("betas", array)
    check_each_beta(array)
    falls = np.diff(array) <= 0
    if falls.any():
        k = int(np.argmax(falls)) + 1
        raise ValueError(f"betas must ascend, got {array[k]} after {array[k - 1]} at index {k}")
    return array


def check_positive(name: str, value: object) -> float:
    """Return `value` as a float above zero and finite."""
    number = check_real(name, value)
    if not 0 < number < np.inf:
        raise ValueError(f"{name} must be positive and finite, got {number}")
    return number


class Times(NamedTuple):
    """Integrated autocorrelation times (n,), the lags (n,) where sums end, and variances (n,).

    `found` (n,) tells where the series were long enough to end the sum by the rule.
    """

    tau: Array
    cut: NDArray[np.int64]
    variance: Array
    found: NDArray[np.bool_]


def autocovariances(deviations: Array, lengths: NDArray[np.int64]) -> Array:
    """Return autocovariances (num_draws, n) of deviations (num_chains, num_draws, n).

    The mean of all products of two deviations of a chain that are so many draws apart, by the
    fast Fourier transform (Wiener-Khinchin), padded so that no end meets a beginning.
    """
    num_draws = deviations.shape[1]
    size = 1 << (2 * num_draws - 1).bit_length()
    power = np.square(np.abs(np.fft.rfft(deviations, size, axis=1))).sum(axis=0)
    sums = np.fft.irfft(power, size, axis=0)[:num_draws]
    pairs = np.maximum(lengths[:, None] - np.arange(num_draws), 0).sum(axis=0)
    covariances: Array = sums / np.maximum(pairs, 1)[:, None]
    return covariances


def integrated_times(
    deviations: Array,
    lengths: NDArray[np.int64],
    window: float = WINDOW,
    num_means: int = 1,
) -> Times:
    """Sum autocorrelations up to the automatic window, for n series at once.

    `deviations` (num_chains, num_draws, n) are taken from `num_means` estimated means; that these
    follow the draws is corrected to first order (Wolff 2004, eq. 49). A constant series has the
    time 1/2 of independent draws.
    """
    covariances = autocovariances(deviations, lengths)
    total = int(lengths.sum())
    variance = covariances[0]
    # An irfft leaves rounding errors where all is zero.
    varies = variance > 1e-14 * np.square(deviations).max(axis=(0, 1), initial=0.0)
    varies &= variance > 0
    correlations = np.where(varies, covariances, 0.0) / np.where(varies, variance, 1.0)
    num_lags = max(1, deviations.shape[1] // 2)
    sums = 0.5 + np.concatenate(
        [np.zeros((1, variance.size)), np.cumsum(correlations[1:num_lags], axis=0)]
    )
    lags = np.arange(num_lags)[:, None]
    # From lag 1 on: a sum of no lag says nothing.
    ends = (lags >= window * sums) & (lags >= 1)
    found = ends.any(axis=0) | ~varies
    cut = np.where(found, ends.argmax(axis=0), num_lags - 1)
    tau = sums[cut, np.arange(variance.size)]
    tau = tau * (1.0 + num_means * (2 * cut + 1) / max(total, 1))
    variance = variance * (1.0 + 2 * num_means * np.maximum(tau, 0.0) / max(total, 1))
    # Strongly alternating series: as many effective draws as Stan allows, n log10 n.
    least = 0.5 / np.log10(max(total, 10))
    tau = np.where(varies, np.maximum(tau, least), 0.5)
    return Times(tau, cut, np.where(varies, variance, 0.0), found)


def relative_error(times: Times, total: int) -> Array:
    """Return the relative standard errors of autocorrelation times (Wolff 2004, eq. 42)."""
    spread = np.maximum(4 * (times.cut + 0.5 - times.tau), 2.0) / max(total, 1)
    errors: Array = np.sqrt(spread)
    return errors


def errors_of_means(deviations: Array, lengths: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return standard errors (n,) of the means of n series, and their degrees of freedom (n,).

    The variance of a mean of N draws is ``2 tau / N`` times that of a draw. It is as sure as one
    from N / (2 W + 1) independent numbers, where W is the window.
    """
    times = integrated_times(deviations, lengths)
    total = max(int(lengths.sum()), 1)
    errors: Array = np.sqrt(2 * times.tau * times.variance / total)
    return errors, total / (2 * times.cut + 1)


def wide_errors(deviations: Array, lengths: NDArray[np.int64]) -> Array:
    """Return `errors_of_means`, widened so that twice the error covers what it does of a normal.

    Student's law with so many degrees of freedom exceeds 2 sigma as often as the normal law does
    (Wallace, Ann. Math. Stat. 30 (1959) 1124, inverted).
    """
    errors, freedom = errors_of_means(deviations, lengths)
    score = 2 * (8 * freedom + 3) / (8 * freedom + 1)
    wide: Array = errors * np.sqrt(freedom * np.expm1(score**2 / freedom)) / 2
    return wide
