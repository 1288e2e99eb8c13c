"""Whether weights between units of a continuum leave a distribution that can be normalised."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from magnetite.units.continuous import ReLU

if TYPE_CHECKING:
    from magnetite.models.bipartite import Bipartite

__all__ = ["check_normalisable", "gain_of"]

ROUNDS = 200


def check_normalisable(rbm: "Bipartite") -> None:
    """Refuse weights for which the energy has no lower bound.

    Only units of a continuum on both sides can do that: where ``v^T W h`` exceeds
    ``sum_i a_i v_i**2 / 2 + sum_j d_j h_j**2 / 2``, which is decided by the largest singular value
    of the weights, each divided by the root of its two precisions; for units that are not
    negative, by the largest value over vectors that are not negative either.

    Raises
    ------
    ValueError
        Gives the singular value.
    """
    strength = gain_of(rbm)
    if strength >= 1:
        raise ValueError(
            "weights between gaussian and relu units must leave a distribution that can be "
            f"normalised: their scaled singular value must be below 1, got {strength:.4g}; take "
            "smaller weights, larger precisions, or binary units on one side"
        )


def gain_of(rbm: "Bipartite") -> float:
    """Return the scaled singular value that must stay below 1; zero where units are discrete."""
    rows, cols = rbm.visible_precision > 0, rbm.hidden_precision > 0
    if not (rows.any() and cols.any()):
        return 0.0
    scaled = np.asarray(rbm.weights[np.ix_(rows, cols)], np.float64)
    scaled /= np.sqrt(rbm.visible_precision[rows, None] * rbm.hidden_precision[None, cols])
    kinds = [
        np.concatenate([np.full(size, isinstance(u, ReLU)) for u, size in layer.groups])
        for layer in (rbm.visible, rbm.hidden)
    ]
    return largest_gain(scaled, kinds[0][rows], kinds[1][cols])


def largest_gain(
    weights: NDArray[np.float64], rows_cut: NDArray[np.bool_], cols_cut: NDArray[np.bool_]
) -> float:
    """Return the largest ``a^T W b`` of unit vectors, those entries that are cut not negative.

    By alternating steps, each of which takes the best vector for the other; exact without cuts.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.models.normalisable import largest_gain
    >>> no, yes = np.array([False]), np.array([True])
    >>> largest_gain(np.array([[-2.0]]), no, no), largest_gain(np.array([[-2.0]]), yes, yes)
    (2.0, 0.0)
    """
    if not (rows_cut.any() or cols_cut.any()):
        return float(np.linalg.norm(weights, 2))
    _, _, right = np.linalg.svd(weights, full_matrices=False)
    starts = [*right[:4], *-right[:4], *np.eye(weights.shape[1])[:64], *np.abs(right[:4])]
    return max(_climb(weights, start, rows_cut, cols_cut) for start in starts)


def _climb(
    weights: NDArray[np.float64],
    start: NDArray[np.float64],
    rows_cut: NDArray[np.bool_],
    cols_cut: NDArray[np.bool_],
) -> float:
    b, gain = _unit(np.where(cols_cut, np.maximum(start, 0), start)), 0.0
    for _ in range(ROUNDS):
        a = weights @ b
        a = _unit(np.where(rows_cut, np.maximum(a, 0), a))
        b = a @ weights
        b = np.where(cols_cut, np.maximum(b, 0), b)
        before, gain = gain, float(np.linalg.norm(b))
        b = _unit(b)
        if gain <= before * (1 + 1e-9):
            break
    return gain


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    norm = float(np.linalg.norm(vector))
    return vector / norm if norm > 0 else vector
