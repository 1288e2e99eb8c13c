"""How long a series remembers: autocorrelations, their integrated time, effective sample size."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_count
from magnetite.diagnostics._series import (
    WINDOW,
    Chains,
    as_chains,
    autocovariances,
    check_positive,
    integrated_times,
    relative_error,
)
from magnetite.estimates import Estimate

# Below this many autocorrelation times an estimate of the time itself is mostly noise.
MIN_TIMES = 50


def autocorrelation(draws: ArrayLike, *, max_lag: int | None = None) -> NDArray[np.float64]:
    """Return the autocorrelation function of one chain or several.

    ``rho(t) = C(t) / C(0)``, where ``C(t)`` is the mean of ``(x_i - m) (x_{i+t} - m)`` over all
    pairs of draws of a chain, and m the mean of all chains: chains that disagree are correlated
    for good.

    Parameters
    ----------
    draws : array_like
        Shape (num_draws,) or (num_chains, num_draws). Chains may end in nan (draws not reached).
    max_lag : int, optional
        The largest lag, in draws; by default that of the longest chain.

    Returns
    -------
    ndarray of float64
        Shape (max_lag + 1,), 1 at lag 0; nan for a series that never changes.

    Raises
    ------
    ValueError
        If draws are infinite, or nan before a number.

    Examples
    --------
    >>> from magnetite.diagnostics import autocorrelation
    >>> autocorrelation([1.0, -1.0, 1.0, -1.0], max_lag=2).round(3).tolist()
    [1.0, -1.0, 1.0]
    """
    chains = as_chains(draws)
    longest = max(chains.draws.shape[1] - 1, 0)
    num_lags = longest if max_lag is None else min(longest, check_count("max_lag", max_lag))
    if chains.constant:
        return np.full(num_lags + 1, np.nan)
    covariances = autocovariances(chains.deviations[..., None], chains.lengths)[:, 0]
    correlations: NDArray[np.float64] = covariances[: num_lags + 1] / covariances[0]
    return correlations


def autocorrelation_time(draws: ArrayLike, *, window: float = WINDOW) -> Estimate:
    """Estimate the integrated autocorrelation time of one chain or several.

    ``tau = 1/2 + sum_{t=1}^W rho(t)``, in draws: 1/2 for independent draws, and the error of a
    mean of N draws is ``sqrt(2 tau / N)`` times the spread of one. The sum ends at the smallest W
    with ``W >= window * tau(W)`` (Sokal 1997, section 3); value and error are corrected for the
    estimated mean as in Wolff, Comput. Phys. Commun. 156 (2004) 143, eqs. 42 and 49.

    Parameters
    ----------
    draws : array_like
        Shape (num_draws,) or (num_chains, num_draws). Chains may end in nan (draws not reached).
    window : float, default 5
        Length of the sum in autocorrelation times.

    Returns
    -------
    Estimate
        The time in draws; refused where the series is shorter than 50 times, or never changes.

    Raises
    ------
    ValueError
        If draws are infinite, or nan before a number, or `window` is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.diagnostics import autocorrelation_time
    >>> draws = np.random.default_rng(1).normal(size=(4, 2500))
    >>> time = autocorrelation_time(draws)
    >>> abs(time.value - 0.5) < 4 * time.error
    True
    >>> print(autocorrelation_time([1.0, 2.0, 3.0]))
    nan (unreliable: 3 draws are too few to see how long the series remembers)
    """
    window = check_positive("window", window)
    chains = as_chains(draws)
    if chains.constant:
        return Estimate.refused(_why_constant(chains))
    times = integrated_times(chains.deviations[..., None], chains.lengths, window)
    tau, total = float(times.tau[0]), chains.total
    if chains.draws.shape[1] < 4 or not times.found[0] or total < MIN_TIMES * tau:
        return Estimate.refused(_why_short(chains, tau))
    error = tau * float(relative_error(times, total)[0])
    bracket = (max(tau - 2 * error, 0.0), tau + 2 * error)
    return Estimate(tau, error, bracket, total / (2 * tau), True, "")


def effective_sample_size(draws: ArrayLike, *, window: float = WINDOW) -> Estimate:
    """Estimate how many independent draws would give a mean of the same error.

    ``ESS = N / (2 tau)`` with `autocorrelation_time`, which see for the parameters; N counts the
    draws of all chains.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.diagnostics import effective_sample_size
    >>> size = effective_sample_size(np.random.default_rng(1).normal(size=10_000))
    >>> abs(size.value - 10_000) < 4 * size.error
    True
    """
    time = autocorrelation_time(draws, window=window)
    if not time.reliable:
        return time
    error = time.ess * time.error / time.value
    bracket = (max(time.ess - 2 * error, 0.0), time.ess + 2 * error)
    return Estimate(time.ess, error, bracket, time.ess, True, "")


def _why_constant(chains: Chains) -> str:
    if chains.total < 2:
        return f"it needs at least 2 draws, got {chains.total}"
    return f"all {chains.total} draws are the same, {chains.mean:.10g}"


def _why_short(chains: Chains, tau: float) -> str:
    if chains.draws.shape[1] < 4 or tau < 1:
        return f"{chains.total} draws are too few to see how long the series remembers"
    return (
        f"{chains.total} draws are too few for an autocorrelation time of {tau:.2g} draws or more: "
        f"at least {MIN_TIMES * tau:.2g} are needed"
    )
