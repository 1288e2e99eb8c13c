"""What the parameters may not leave: finite numbers, and weights that leave a distribution."""

import math
from typing import TYPE_CHECKING

import numpy as np

from magnetite.models.bipartite import PARAMETERS
from magnetite.models.normalisable import gain_of

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["OutOfBounds", "check_bounds", "keep_normalisable"]

LARGEST_WEIGHT = 200.0
"""Between units of finitely many values: more is no belief, but a rate that is too high."""

LARGEST_OF_CONTINUUM = 1e6
"""The same where values have a scale, so that nothing can be said of their weights."""

LARGEST_GAIN = 0.99
"""Weights between units of a continuum are scaled back to this, see `models.normalisable`."""


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


def keep_normalisable(rbm: "RBM") -> None:
    """Scale weights between units of a continuum back where they leave no distribution."""
    rows, cols = rbm.visible_precision > 0, rbm.hidden_precision > 0
    if not (rows.any() and cols.any()):
        return
    block = np.ix_(rows, cols)
    scaled = rbm.weights[block] / np.sqrt(
        np.multiply.outer(rbm.visible_precision[rows], rbm.hidden_precision[cols])
    )
    if (
        float(np.einsum("ij,ij->", scaled, scaled)) <= LARGEST_GAIN**2
        or not np.isfinite(scaled).all()
    ):
        return  # the norm of Frobenius bounds every other
    gain = gain_of(rbm)
    if gain > LARGEST_GAIN:
        rbm.weights[block] *= LARGEST_GAIN / gain
