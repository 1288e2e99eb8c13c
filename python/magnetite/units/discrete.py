"""Units of finitely many values: 0/1, -1/+1, one of several categories."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from magnetite._checks import check_count
from magnetite.units.base import Array, Units

__all__ = ["Binary", "Categorical", "Spin"]

CLIP = 0.001
"""Means of data are kept so far from the ends where a bias would be infinite."""

SUM_ROUNDING = 1e-3
"""By so much the sum of the chances of categories may differ from 1."""


def _logistic(x: Array) -> Array:
    small: Array = np.exp(-np.abs(x))
    result: Array = np.where(x >= 0, 1.0, small) / (1.0 + small)
    return result.astype(x.dtype, copy=False)


def _softplus(x: Array) -> Array:
    """Return ``ln(1 + exp(x))``, several times as fast as `np.logaddexp`."""
    result: Array = np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)
    return result


@dataclass(frozen=True)
class Binary(Units):
    """Units 0 and 1: ``p(1) = 1 / (1 + exp(-x))``.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.units import Binary
    >>> Binary().means(np.array([[0.0, 50.0]]), np.zeros(2)).tolist()
    [[0.5, 1.0]]
    """

    kind: ClassVar[str] = "binary"
    core_kind: ClassVar[str | None] = "binary"

    @property
    def site_states(self) -> NDArray[np.float64]:
        """The two values."""
        return np.array([[0.0], [1.0]])

    def log_norms(self, x: Array, q: Array) -> Array:
        """Return ``ln(1 + exp(x))``."""
        return _softplus(x)

    def means(self, x: Array, q: Array) -> Array:
        """Return the chance of 1."""
        return _logistic(x)

    def draws(self, x: Array, q: Array, u: Array) -> Array:
        """Return 1 where the uniform lies below the chance of it."""
        return (u < _logistic(x)).astype(x.dtype)

    def second_moments(self, x: Array, q: Array) -> Array:
        """Return the means: a bit is its own square."""
        return _logistic(x)

    def bias_of(self, means: Array, variances: Array) -> Array:
        """Return the logits of the means, which are kept 0.001 from 0 and 1."""
        clipped = np.clip(means, CLIP, 1 - CLIP)
        result: Array = np.log(clipped / (1 - clipped))
        return result


@dataclass(frozen=True)
class Spin(Units):
    """Units -1 and +1: ``<s> = tanh(x)``.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.units import Spin
    >>> Spin().means(np.array([[0.0, 50.0]]), np.zeros(2)).tolist()
    [[0.0, 1.0]]
    """

    kind: ClassVar[str] = "spin"
    core_kind: ClassVar[str | None] = "spin"

    @property
    def site_states(self) -> NDArray[np.float64]:
        """The two values."""
        return np.array([[-1.0], [1.0]])

    def log_norms(self, x: Array, q: Array) -> Array:
        """Return ``ln(2 cosh(x))``."""
        large = np.abs(x)
        return large + _softplus(-2 * large)

    def means(self, x: Array, q: Array) -> Array:
        """Return ``tanh(x)``."""
        result: Array = np.tanh(x)
        return result

    def draws(self, x: Array, q: Array, u: Array) -> Array:
        """Return +1 where the uniform lies below the chance of it."""
        return np.where(u < _logistic(2 * x), 1, -1).astype(x.dtype)

    def second_moments(self, x: Array, q: Array) -> Array:
        """Return ones."""
        return np.ones_like(x)

    def bias_of(self, means: Array, variances: Array) -> Array:
        """Return the inverse hyperbolic tangent of the means, kept 0.002 from -1 and 1."""
        result: Array = np.arctanh(np.clip(means, 2 * CLIP - 1, 1 - 2 * CLIP))
        return result


@dataclass(frozen=True)
class Categorical(Units):
    """One of several categories (softmax, Potts), written as a group of columns of which one is 1.

    ``p(category k) ~ exp(x_k)``. `one_hot` writes categories so, `from_one_hot` reads them back.

    Parameters
    ----------
    num_states : int
        Categories of a site, at least 2; a site has as many columns.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.units import Categorical
    >>> x = np.log(np.array([[1.0, 2.0, 1.0]]))
    >>> Categorical(3).means(x, np.zeros(3)).round(2).tolist()
    [[0.25, 0.5, 0.25]]
    """

    num_states: int
    kind: ClassVar[str] = "categorical"
    core_kind: ClassVar[str | None] = "categorical"

    def __post_init__(self) -> None:
        check_count("num_states", self.num_states, 2, bits=31)

    @property
    def site_states(self) -> NDArray[np.float64]:
        """The one-hot vectors."""
        return np.eye(self.num_states)

    @property
    def width(self) -> int:
        """Columns of one site."""
        return self.num_states

    def _sites(self, x: Array) -> Array:
        return x.reshape(*x.shape[:-1], x.shape[-1] // self.num_states, self.num_states)

    def log_norms(self, x: Array, q: Array) -> Array:
        """Return ``ln sum_k exp(x_k)`` of every site."""
        sites = self._sites(x)
        largest = sites.max(axis=-1)
        result: Array = largest + np.log(np.exp(sites - largest[..., None]).sum(axis=-1))
        return result

    def means(self, x: Array, q: Array) -> Array:
        """Return the chance of every category."""
        sites = self._sites(x)
        weights = np.exp(sites - sites.max(axis=-1, keepdims=True))
        chances: Array = weights / weights.sum(axis=-1, keepdims=True)
        return chances.reshape(x.shape)

    def draws(self, x: Array, q: Array, u: Array) -> Array:
        """Return one-hot draws; the uniform of a site's first column decides."""
        below = np.cumsum(self._sites(self.means(x, q)), axis=-1)
        chosen = (self._sites(u)[..., :1] >= below[..., :-1]).sum(axis=-1)
        drawn: Array = np.eye(self.num_states, dtype=x.dtype)[chosen]
        return drawn.reshape(x.shape)

    def second_moments(self, x: Array, q: Array) -> Array:
        """Return the means: a bit is its own square."""
        return self.means(x, q)

    def bias_of(self, means: Array, variances: Array) -> Array:
        """Return the logarithms of the means, kept above 0.001, of zero sum over a site."""
        logs = self._sites(np.log(np.maximum(means, CLIP)))
        result: Array = (logs - logs.mean(axis=-1, keepdims=True)).reshape(means.shape)
        return result

    def wrong(self, values: Array) -> NDArray[np.bool_]:
        """Return where a group of columns is not one 1 among zeros."""
        sites = self._sites(values)
        right = np.isin(sites, (0, 1)).all(axis=-1) & (sites.sum(axis=-1) == 1)
        return np.repeat(~right, self.num_states, axis=-1)

    @property
    def rule(self) -> str:
        """What `wrong` asks for."""
        return (
            f"groups of {self.num_states} columns with one 1 among zeros "
            "(as magnetite.units.one_hot writes them)"
        )

    def wrong_means(self, values: Array) -> NDArray[np.bool_]:
        """Return where values are no chances, or a group of them does not sum to 1."""
        right = np.abs(self._sites(values).sum(axis=-1) - 1) <= SUM_ROUNDING
        wrong: NDArray[np.bool_] = np.repeat(~right, self.num_states, axis=-1)
        return wrong | super().wrong_means(values)

    @property
    def rule_of_means(self) -> str:
        """What `wrong_means` asks for."""
        return f"groups of {self.num_states} columns with chances, whose sum is 1,"
