"""Units of a continuum of values: Gaussian and rectified."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from magnetite import _core
from magnetite._checks import check_real
from magnetite.units.base import Array, Units

__all__ = ["Gaussian", "ReLU"]

LOG_2PI = math.log(2 * math.pi)
FAR = -30.0
"""Beyond so many standard deviations below zero, the tail's expansion is exact to rounding."""


def _like(x: Array, values: Array) -> Array:
    """Return values in the dtype of the input that they were made of."""
    return values.astype(x.dtype, copy=False)


def _check_variance(variance: float) -> None:
    value = check_real("variance", variance)
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"variance must be positive and finite, got {variance!r}")


@dataclass(frozen=True)
class Gaussian(Units):
    """Real units: normal with mean ``x / q`` and variance ``1 / q``.

    Parameters
    ----------
    variance : float
        Variance given the other layer, 1 by default: data are expected to be scaled to it.
    learn_variance : bool
        Whether training changes the variance, one a unit (its logarithm is what is learnt).

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.units import Gaussian
    >>> Gaussian().means(np.array([[0.5, 3.0]]), np.array([1.0, 2.0])).tolist()
    [[0.5, 1.5]]
    """

    variance: float = 1.0
    learn_variance: bool = False
    kind: ClassVar[str] = "gaussian"
    core_kind: ClassVar[str | None] = "gaussian"

    def __post_init__(self) -> None:
        _check_variance(self.variance)

    @property
    def precision(self) -> float:
        """Inverse of the variance."""
        return 1 / self.variance

    @property
    def learns_precision(self) -> bool:
        """Whether training changes the variance."""
        return self.learn_variance

    def log_norms(self, x: Array, q: Array) -> Array:
        """Return ``x**2 / 2 q + ln(2 pi / q) / 2``."""
        result: Array = x * x / (2 * q) + (LOG_2PI - np.log(q)) / 2
        return result

    def means(self, x: Array, q: Array) -> Array:
        """Return ``x / q``."""
        result: Array = x / q
        return result

    def draws(self, x: Array, q: Array, u: Array) -> Array:
        """Return the normal quantile of the uniform, scaled and shifted."""
        normal = _core.normal_quantile(np.asarray(u, np.float64))
        return _like(x, x / q + normal / np.sqrt(q))

    def second_moments(self, x: Array, q: Array) -> Array:
        """Return square of the mean plus variance."""
        result: Array = (x / q) ** 2 + 1 / q
        return result

    def bias_of(self, means: Array, variances: Array) -> Array:
        """Return the means times the precision."""
        return means * self.precision


@dataclass(frozen=True)
class ReLU(Units):
    """Units that are not negative: normal with mean ``x / q``, variance ``1 / q``, cut at zero.

    Parameters
    ----------
    variance : float
        Variance of the normal distribution that is cut, 1 by default.

    References
    ----------
    Su, Liao, Chen and Carin, "Nonlinear statistical learning with truncated Gaussian graphical
    models", ICML (2016) 1948.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.units import ReLU
    >>> ReLU().means(np.array([[-50.0, 0.0, 50.0]]), np.ones(3)).round(3).tolist()
    [[0.02, 0.798, 50.0]]
    """

    variance: float = 1.0
    kind: ClassVar[str] = "relu"
    core_kind: ClassVar[str | None] = "rectified"

    def __post_init__(self) -> None:
        _check_variance(self.variance)

    @property
    def precision(self) -> float:
        """Inverse of the variance."""
        return 1 / self.variance

    def log_norms(self, x: Array, q: Array) -> Array:
        """Return ``z**2 / 2 + ln Phi(z) + ln(2 pi / q) / 2`` with ``z = x / sqrt(q)``."""
        z = np.asarray(x / np.sqrt(q), np.float64)
        # In the lower tail ln Phi(z) is -z**2 / 2 and little more: the rest is expanded.
        inner = np.where(z < FAR, 0.0, z)
        near = inner**2 / 2 + _core.log_normal_cdf(inner)
        far = _log_mills(-np.where(z < FAR, z, FAR)) - LOG_2PI / 2
        result = np.where(z < FAR, far, near) + (LOG_2PI - np.log(q)) / 2
        return _like(x, result)

    def means(self, x: Array, q: Array) -> Array:
        """Return the mean of the cut normal distribution."""
        z = np.asarray(x / np.sqrt(q), np.float64)
        return _like(x, _cut_mean(z) / np.sqrt(q))

    def second_moments(self, x: Array, q: Array) -> Array:
        """Return ``(1 + z m) / q`` for the scaled mean m."""
        z = np.asarray(x / np.sqrt(q), np.float64)
        # Far below zero 1 + z m is what the series lacks to one.
        square = np.where(z < FAR, 1 - _tail_series(z), 1 + z * _cut_mean(z))
        return _like(x, square / q)

    def draws(self, x: Array, q: Array, u: Array) -> Array:
        """Return the quantile of the cut normal distribution."""
        z = np.asarray(x / np.sqrt(q), np.float64)
        rest = 1 - np.asarray(u, np.float64)
        inner = np.where(z < FAR, 0.0, z)
        near = inner - _core.normal_quantile(rest * np.exp(_core.log_normal_cdf(inner)))
        far = _tail_quantile(np.where(z < FAR, z, FAR), -np.log(rest))
        scaled = np.maximum(np.where(z < FAR, far, near), 0.0)
        return _like(x, scaled / np.sqrt(q))

    def bias_of(self, means: Array, variances: Array) -> Array:
        """Return the means times the precision, as if nothing were cut."""
        return means * self.precision

    def wrong(self, values: Array) -> NDArray[np.bool_]:
        """Return where values are negative or not finite."""
        return ~(np.isfinite(values) & (values >= 0))

    @property
    def rule(self) -> str:
        """What `wrong` asks for."""
        return "finite numbers that are not negative"


def _cut_mean(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of a normal of mean z and variance 1, cut at zero: ``z + phi(z) / Phi(z)``."""
    inner = np.where(z < FAR, 0.0, z)
    near = inner + np.exp(-(inner**2 + LOG_2PI) / 2 - _core.log_normal_cdf(inner))
    far = _tail_series(z) / -np.where(z < FAR, z, FAR)
    result: NDArray[np.float64] = np.where(z < FAR, far, near)
    return result


def _tail_series(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return -z times the mean far below zero: an asymptotic series in 1/z**2."""
    w = 1 / np.where(z < FAR, z, FAR) ** 2
    result: NDArray[np.float64] = 1 - w * (2 - w * (10 - w * (74 - w * (706 - w * 8162))))
    return result


def _tail_quantile(z: NDArray[np.float64], depth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where the mass above, of all above zero, is exp(-depth), for z far below zero."""
    lost = np.zeros_like(depth)
    for _ in range(4):  # each round gains three digits
        t = z + np.sqrt(z**2 + 2 * (depth - lost))
        lost = _log_mills(-z) - _log_mills(t - z)
    return z + np.sqrt(z**2 + 2 * (depth - lost))


def _log_mills(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithm of the normal law's upper tail over its density, for large x."""
    w = 1 / x**2
    result: NDArray[np.float64] = np.log1p(-w * (1 - 3 * w * (1 - 5 * w * (1 - 7 * w)))) - np.log(x)
    return result
