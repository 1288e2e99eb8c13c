"""What the parameters may not leave: finite numbers, and weights that leave a distribution."""

import math
from typing import TYPE_CHECKING

import numpy as np

from magnetite.models.bipartite import PARAMETERS
from magnetite.models.normalisable import gain_of
from magnetite.training.summary import Summary
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["OutOfBounds", "check_bounds", "keep_normalisable", "precision_limits"]

Limits = tuple[Array, Array]

LARGEST_WEIGHT = 200.0
"""Between units of finitely many values: more is no belief, but a rate that is too high."""

LARGEST_OF_CONTINUUM = 1e6
"""The same where values have a scale, so that nothing can be said of their weights."""

LARGEST_GAIN = 0.99
"""Weights between units of a continuum are scaled back to this, see `models.normalisable`."""

LARGEST_PRECISION = 1e4
"""Precisions that are learnt stay within this factor of the inverse variance of the data."""

LARGEST_PRECISION_UNKNOWN = 1e8
"""The same about a unit's first precision, where the variance is that of rows still to come."""


class OutOfBounds(FloatingPointError):
    """Says which parameters have left all bounds."""


def check_bounds(rbm: "RBM") -> None:
    """Refuse parameters that have left all bounds.

    Raises
    ------
    OutOfBounds
        Says which.
    """
    for name in PARAMETERS:
        if not np.isfinite(getattr(rbm, name)).all():
            raise OutOfBounds(f"{name} is no longer finite")
    largest = float(np.abs(rbm.weights).max())
    discrete = math.isfinite(rbm.visible.log_states) and math.isfinite(rbm.hidden.log_states)
    if largest > (LARGEST_WEIGHT if discrete else LARGEST_OF_CONTINUUM):
        raise OutOfBounds(f"a weight has become {largest:.3g}")


def precision_limits(rbm: "RBM", summary: Summary, lasting: bool) -> tuple[Limits, Limits]:
    """Return the least and largest precisions of both layers that learning may come to.

    Those of hidden units, and of columns that are constant, are relative to the precisions that
    such units begin with; a column that is constant in the first chunk of a stream (`lasting` is
    False) may not be so later. Where the machine has another precision already, it is within.
    """
    found = []
    known = summary.known & (summary.variances > 0)
    inverse = np.divide(1, summary.variances, out=rbm.visible.precisions(), where=known)
    spread = np.where(known | lasting, LARGEST_PRECISION, LARGEST_PRECISION_UNKNOWN)
    middles = (inverse, spread), (rbm.hidden.precisions(), LARGEST_PRECISION)
    precisions = rbm.visible_precision, rbm.hidden_precision
    for (middle, factor), q in zip(middles, precisions, strict=True):
        low, high = (middle / factor).astype(q.dtype), (middle * factor).astype(q.dtype)
        found.append((np.minimum(low, q), np.maximum(high, q)))
    return found[0], found[1]


def keep_normalisable(rbm: "RBM") -> None:
    """Scale weights between units of a continuum back where they leave no distribution."""
    rows, cols = rbm.visible_precision > 0, rbm.hidden_precision > 0
    if not (rows.any() and cols.any()):
        return
    block = np.ix_(rows, cols)
    if not np.isfinite(rbm.weights[block]).all():
        return  # which `check_bounds` finds
    # Always of the weights alone: a training that goes on from a checkpoint does the same.
    gain = gain_of(rbm, enough=LARGEST_GAIN)
    if gain > LARGEST_GAIN:
        rbm.weights[block] *= LARGEST_GAIN / gain
