"""Where annealing begins: visible units that are independent of each other."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_finite, real_array
from magnetite.layers import Pair, Side
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.models.bipartite import Bipartite

__all__ = ["Base", "BaseLike", "bridge", "choose_base", "flat_base", "log_base", "mean_base"]

FloatArray = NDArray[np.float64]
BaseLike = ArrayLike | None

LEAST_VARIANCE = 1e-3
"""Variances of data are taken to be at least this part of the unit's own."""


@dataclass(frozen=True, eq=False)
class Base:
    """The distribution at beta = 0: ``p(v) ~ exp(b v - a v**2 / 2)``; hidden units have input 0.

    `origin` says in words where it comes from.
    """

    visible_bias: FloatArray
    visible_precision: FloatArray
    origin: str


def choose_base(rbm: "Bipartite", base: BaseLike) -> Base | None:
    """Return what the user wants as a base, or what the machine remembers; None if nothing is.

    Parameters
    ----------
    base : array_like, "model" or None
        Rows of data, shape (rows, n_visible), nan where missing; or means of the visible units,
        shape (n_visible,); or the machine's own visible biases.
    """
    if isinstance(base, str):
        if base != "model":
            raise ValueError(f"base must be data, means of data, or 'model', got {base!r}")
        bias, precision = rbm.visible_bias, rbm.visible_precision
        return Base(bias.astype(np.float64), precision.astype(np.float64), "the visible biases")
    if base is None:
        means = getattr(rbm, "data_means", None)
        if means is None:
            return None
        return mean_base(rbm, np.asarray(means, np.float64), None, "the means of the training data")
    if np.ndim(base) == 1 and not hasattr(base, "toarray"):
        means = real_array("base", base)
        if means.shape != (rbm.n_visible,):
            raise ValueError(f"base must have shape ({rbm.n_visible},), got {means.shape}")
        check_finite("base", means)
        return mean_base(rbm, means, None, "the given means")
    rows = rbm.visible_states(base, name="base", missing=True)
    return data_base(rbm, rows, "the means of the given data")


def data_base(rbm: "Bipartite", rows: Array, origin: str) -> Base:
    """Return the base with the means and, for a continuum, the variances of rows of data.

    One row more, of units without bias, keeps a few rows from being taken for all there is.
    """
    known = ~np.isnan(rows)
    counts = known.sum(axis=0) + 1
    own = rbm.visible_precision.astype(np.float64)
    prior = rbm.visible.means(np.zeros((1, rows.shape[1])), own)[0]
    means = (np.where(known, rows, 0).sum(axis=0, dtype=np.float64) + prior) / counts
    if not own.any():
        return mean_base(rbm, means, None, origin)
    squares = (np.where(known, rows - means, 0) ** 2).sum(axis=0, dtype=np.float64)
    return mean_base(rbm, means, (squares + _variances(own)) / counts, origin)


def mean_base(
    rbm: "Bipartite", means: FloatArray, variances: FloatArray | None, origin: str
) -> Base:
    """Return the base with given means; without variances, units keep their own precision."""
    own = rbm.visible_precision.astype(np.float64)
    if variances is None:
        variances = _variances(own)
    bias = rbm.visible.bias_of(means, variances).astype(np.float64)
    precision = own.copy()
    continuum = own > 0
    least = LEAST_VARIANCE / own[continuum]
    precision[continuum] = 1 / np.maximum(variances[continuum], least)
    bias[continuum] = means[continuum] * precision[continuum]
    return Base(bias, precision, origin)


def _variances(precisions: FloatArray) -> FloatArray:
    """Return inverse precisions; 1 for units that have none."""
    inverse: FloatArray = 1 / np.where(precisions > 0, precisions, 1.0)
    return inverse


def flat_base(rbm: "Bipartite") -> Base:
    """Return the base without any bias."""
    own = rbm.visible_precision.astype(np.float64)
    return Base(np.zeros_like(own), own, "units without bias")


def bridge(pair: Pair, base: Base) -> Pair:
    """Return the parameters of the machines between: the base at beta = 0, `pair` at beta = 1.

    ``p_beta(v, h) ~ p_base(v, h)**(1 - beta) p(v, h)**beta``: Salakhutdinov and Murray, "On the
    quantitative analysis of deep belief networks", ICML (2008), equation 17. Hidden units of a
    continuum keep their precision, so that there is a distribution at every beta. The weights, and
    what is promised of them, are those of `pair`.
    """

    def cast(values: FloatArray) -> Array:
        return values.astype(pair.weights.dtype)

    b, a = cast(base.visible_bias), cast(base.visible_precision)
    visible = Side(pair.visible.bias - b, b, pair.visible.precision - a, a)
    nothing = np.zeros_like(pair.hidden.bias)
    hidden = Side(pair.hidden.bias, nothing, nothing, pair.hidden.precision)
    return pair._replace(visible=visible, hidden=hidden)


def log_base(rbm: "Bipartite", pair: Pair) -> float:
    """Return log Z at beta = 0."""
    total = 0.0
    for layer, side in ((rbm.visible, pair.visible), (rbm.hidden, pair.hidden)):
        x, q = (
            np.asarray(part[None], np.float64) for part in (side.base_bias, side.base_precision)
        )
        total += float(layer.log_norms(x, q)[0])
    return total
