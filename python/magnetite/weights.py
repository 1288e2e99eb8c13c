"""What the weights of annealed chains say of log Z: by their mean, or by both directions."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite.estimates import Estimate

__all__ = [
    "FEWEST_WEIGHTS",
    "bridged_log_ratio",
    "effective_weights",
    "log_mean",
    "log_mean_weight",
    "log_sum",
    "too_few_weights",
]

FloatArray = NDArray[np.float64]

FEWEST_WEIGHTS = 10.0
"""Below this effective sample size a few weights decide, and the error cannot be trusted."""


def log_mean_weight(log_weights: ArrayLike) -> Estimate:
    """Estimate the logarithm of the mean of independent weights.

    The error is the relative standard error of the mean weight (delta method); `ess` is
    ``(sum w)^2 / sum w^2`` (Kong 1992). Below an `ess` of 10 the estimate is refused.

    Parameters
    ----------
    log_weights : array
        Shape (k,).

    Examples
    --------
    >>> from magnetite.weights import log_mean_weight
    >>> print(log_mean_weight([0.0, 0.1, -0.1, 0.2] * 10))
    0.0562412 +- 0.018
    >>> log_mean_weight([0.0, -90.0, -99.0]).reliable
    False
    """
    logs = np.asarray(log_weights, np.float64)
    value, ess = float(log_mean(logs)), effective_weights(logs)
    if reason := too_few_weights(logs):
        return Estimate.refused(reason)
    weights = np.exp(logs - logs.max())
    error = 0.0 if logs.size < 2 else float(weights.std(ddof=1) / weights.mean())
    error /= math.sqrt(logs.size)
    return Estimate(value, error, (value - 2 * error, value + 2 * error), ess, True, "")


def log_sum(logs: FloatArray, axis: int | None = None) -> FloatArray:
    """Return the logarithm of a sum of exponentials, of all or along an axis.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.weights import log_sum
    >>> float(log_sum(np.log([1.0, 3.0])).round(6)), float(np.log(4).round(6))
    (1.386294, 1.386294)
    """
    largest = logs.max(axis=axis, keepdims=True)
    sums = np.log(np.exp(logs - largest).sum(axis=axis))
    result: FloatArray = sums + np.squeeze(largest, axis)
    return result


def log_mean(logs: FloatArray, axis: int | None = None) -> FloatArray:
    """Return the logarithm of a mean of exponentials, of all or along an axis.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.weights import log_mean
    >>> float(log_mean(np.log([1.0, 3.0])).round(6)), float(np.log(2).round(6))
    (0.693147, 0.693147)
    """
    count = logs.size if axis is None else logs.shape[axis]
    result: FloatArray = log_sum(logs, axis) - math.log(count)
    return result


def effective_weights(logs: FloatArray) -> float:
    """``(sum w)**2 / sum w**2``: Kong, technical report 348, University of Chicago (1992).

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.weights import effective_weights
    >>> effective_weights(np.zeros(5))
    5.0
    """
    weights = np.exp(logs - logs.max())
    return float(weights.sum() ** 2 / (weights**2).sum())


def too_few_weights(logs: FloatArray) -> str:
    """Say why the mean weight is not to be trusted; empty where it is.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.weights import too_few_weights
    >>> too_few_weights(np.array([0.0, -90.0]))
    '1 of 2 weights count: take more betas or more chains'
    >>> too_few_weights(np.zeros(2))
    ''
    """
    ess = effective_weights(logs)
    if ess >= FEWEST_WEIGHTS or np.ptp(logs) == 0:
        return ""
    return f"{ess:.3g} of {logs.size} weights count: take more betas or more chains"


def bridged_log_ratio(forward: FloatArray, reverse: FloatArray) -> tuple[float, float]:
    """Return log(Z_1 / Z_0) and its error from log weights from 0 to 1 and from 1 to 0.

    Bennett's acceptance ratio: J. Comput. Phys. 22 (1976) 245, with the error of Shirts et al.,
    Phys. Rev. Lett. 91 (2003) 140601, equation 10.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.weights import bridged_log_ratio
    >>> rng = np.random.default_rng(1)  # normal weights of variance 1 around 2 - 1/2, -2 - 1/2
    >>> value, error = bridged_log_ratio(rng.normal(1.5, 1, 500), rng.normal(-2.5, 1, 500))
    >>> abs(value - 2) < 3 * error < 0.2
    True
    """
    excess = math.log(forward.size / reverse.size)

    def chances(value: float) -> tuple[FloatArray, FloatArray]:
        """Return how likely each path of either kind is to be of the other kind."""
        return _logistic(forward - value - excess), _logistic(reverse + value + excess)

    low = float(min(forward.min(), (-reverse).min())) - abs(excess) - 1.0
    high = float(max(forward.max(), (-reverse).max())) + abs(excess) + 1.0
    for _ in range(80):
        value = 0.5 * (low + high)
        as_reverse, as_forward = chances(value)
        if as_reverse.sum() > as_forward.sum():
            low = value
        else:
            high = value
    as_reverse, as_forward = chances(value)
    information = float(
        (as_reverse * (1 - as_reverse)).sum() + (as_forward * (1 - as_forward)).sum()
    )
    if information == 0:
        return value, math.inf
    variance = 1 / information - 1 / forward.size - 1 / reverse.size
    return value, math.sqrt(max(variance, 0.0))


def _logistic(x: FloatArray) -> FloatArray:
    result: FloatArray = np.exp(-np.logaddexp(0.0, -x))
    return result
