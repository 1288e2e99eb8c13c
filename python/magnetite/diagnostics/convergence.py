"""Whether chains agree: split R-hat and the effective sample size of what they found together."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite import _core
from magnetite.diagnostics._series import Chains, as_chains, autocovariances

# A half chain needs two draws for a variance.
MIN_DRAWS = 4


def split_r_hat(draws: ArrayLike, *, rank_normalised: bool = True) -> float:
    """Return the split R-hat of chains: near 1 when they, and their halves, agree.

    Each chain of n draws is split into halves of n/2. With W the mean variance inside a half and
    B/(n/2) the variance of their means, ``R-hat = sqrt(((n/2 - 1)/(n/2) W + B/(n/2)) / W)``
    (Gelman et al., Bayesian Data Analysis, 3rd ed., eq. 11.4). Ranked, draws are first replaced by
    normal scores of their ranks, and the larger of that of the draws and that of their distances
    from the median counts, so that heavy tails and chains of unequal spread show as well (Vehtari
    et al., Bayesian Analysis 16 (2021) 667, eqs. 3, 4, 14 and section 4).

    Parameters
    ----------
    draws : array_like
        Shape (num_chains, num_draws). Chains may end in nan (draws not reached); all are cut to
        the shortest, and those without draws left out.
    rank_normalised : bool, default True
        Whether ranks take the place of the draws.

    Returns
    -------
    float
        1 when all draws are the same; infinite when each half chain stands still at its own
        value; nan with fewer than 4 draws a chain.

    Raises
    ------
    ValueError
        If draws are infinite, or nan before a number.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.diagnostics import split_r_hat
    >>> draws = np.random.default_rng(1).normal(size=(4, 1000))
    >>> round(split_r_hat(draws), 2)
    1.0
    >>> draws[0] += 1
    >>> split_r_hat(draws) > 1.05
    True
    """
    halves = _halves(as_chains(draws))
    if halves is None:
        return math.nan
    if not rank_normalised:
        return _r_hat(halves)
    folded = np.abs(halves - np.median(halves))
    return max(_r_hat(normal_scores(halves)), _r_hat(normal_scores(folded)))


def ess_bulk(draws: ArrayLike) -> float:
    """Return the effective sample size of the bulk of the draws of all chains together.

    That of the mean of the normal scores of their ranks, over split chains: ``ESS = N / tau`` with
    ``tau = -1 + 2 sum_m P_m``, where ``P_m = rho(2m) + rho(2m+1)`` are summed while positive and
    kept from rising (Geyer), and the chains' disagreement is part of the correlations (Vehtari et
    al., Bayesian Analysis 16 (2021) 667, eqs. 10 to 13).

    Parameters
    ----------
    draws : array_like
        Shape (num_chains, num_draws), as for `split_r_hat`.

    Returns
    -------
    float
        The number of draws for those that are all the same; nan with fewer than 4 a chain.

    Raises
    ------
    ValueError
        If draws are infinite, or nan before a number.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.diagnostics import ess_bulk
    >>> ess = ess_bulk(np.random.default_rng(1).normal(size=(4, 1000)))
    >>> 3000 < ess < 5000
    True
    """
    halves = _halves(as_chains(draws))
    if halves is None:
        return math.nan
    scores = normal_scores(halves)
    num_chains, num_draws = scores.shape
    total = scores.size
    deviations = scores - scores.mean(axis=1, keepdims=True)
    pairs = num_draws - np.arange(num_draws)
    lengths = np.full(num_chains, num_draws)
    # Sums divided by n, not by the number of pairs: the definition that R-hat and Geyer's rule use.
    covariances = autocovariances(deviations[..., None], lengths)[:, 0] * pairs / num_draws
    within = covariances[0] * num_draws / (num_draws - 1)
    overall = covariances[0]
    if num_chains > 1:
        overall += scores.mean(axis=1).var(ddof=1)
    if overall <= 0:
        return float(total)
    correlations = 1.0 - (within - covariances) / overall
    correlations[0] = 1.0
    return total / max(_geyer_time(correlations), 1.0 / math.log10(total))


def normal_scores(draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replace draws by the normal quantiles of ``(rank - 3/8) / (n + 1/4)``, ties averaged.

    Vehtari et al. 2021, eq. 14.
    """
    _, where, counts = np.unique(draws, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    quantiles = (ranks - 0.375) / (draws.size + 0.25)
    scores = _core.normal_quantile(quantiles)
    return scores[where].reshape(draws.shape)


def _halves(chains: Chains) -> NDArray[np.float64] | None:
    """Split chains of one length into halves, without the middle draw of an odd number."""
    shortest = int(chains.lengths.min(initial=chains.draws.shape[1]))
    if shortest < MIN_DRAWS or not chains.lengths.size:
        return None
    half = shortest // 2
    return np.concatenate([chains.draws[:, :half], chains.draws[:, shortest - half : shortest]])


def _r_hat(chains: NDArray[np.float64]) -> float:
    num_draws = chains.shape[1]
    within = float(chains.var(axis=1, ddof=1).mean())
    between = float(chains.mean(axis=1).var(ddof=1))
    # Chains that stand still have a variance of rounding errors at most.
    if within <= 1e-28 * float(np.square(chains).max()):
        return 1.0 if bool((chains == chains[0, 0]).all()) else math.inf
    return math.sqrt((num_draws - 1) / num_draws + between / within)


def _geyer_time(correlations: NDArray[np.float64]) -> float:
    """Sum correlations (num_draws,) by Geyer's initial monotone sequence, with the odd one left."""
    num_pairs = max(1, (correlations.size - 1) // 2)
    pairs = correlations[0 : 2 * num_pairs : 2] + correlations[1 : 2 * num_pairs : 2]
    ended = pairs < 0
    # Of the last pair, where none is negative, Stan keeps but the first half.
    kept = int(ended.argmax()) if ended.any() else max(1, pairs.size - 1)
    left = float(correlations[2 * kept]) if 2 * kept < correlations.size else 0.0
    return -1.0 + 2.0 * float(np.minimum.accumulate(pairs[:kept]).sum()) + max(left, 0.0)
