"""Whether weights between units of a continuum leave a distribution that can be normalised."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from magnetite.units.continuous import ReLU

if TYPE_CHECKING:
    from magnetite.models.bipartite import Bipartite

__all__ = ["check_normalisable", "gain_of"]

ROUNDS = 200
SHARED_ROUNDS = 3
"""Rounds of the climb that all starts make; after them the best go on alone."""

SURVIVORS = 32
DIRECTIONS = 4


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
    strength = gain_of(rbm, enough=1.0)
    if strength >= 1:
        raise ValueError(
            "weights between gaussian and relu units must leave a distribution that can be "
            f"normalised: their scaled singular value must be below 1, got {strength:.4g}; take "
            "smaller weights, larger precisions, or binary units on one side"
        )


def scaled_weights(
    rbm: "Bipartite",
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Return the weights between units of a continuum, scaled, and which rows and columns are cut.

    None where there are none.
    """
    rows, cols = rbm.visible_precision > 0, rbm.hidden_precision > 0
    if not (rows.any() and cols.any()):
        return None
    scaled = np.asarray(rbm.weights[np.ix_(rows, cols)], np.float64)
    scaled /= np.sqrt(rbm.visible_precision[rows, None] * rbm.hidden_precision[None, cols])
    kinds = [
        np.concatenate([np.full(size, isinstance(u, ReLU)) for u, size in layer.groups])
        for layer in (rbm.visible, rbm.hidden)
    ]
    return scaled, kinds[0][rows], kinds[1][cols]


def gain_of(rbm: "Bipartite", enough: float = 0.0) -> float:
    """Return the scaled singular value that must stay below 1; zero where units are discrete.

    Where an upper bound shows that it is below `enough`, the bound, which takes less time.
    """
    found = scaled_weights(rbm)
    if found is None:
        return 0.0
    bound = min(_norm_bound(found[0]), _norm_bound(_without_opposed(*found)))
    return bound if bound < enough else largest_gain(*found, enough)


def _norm_bound(weights: NDArray[np.float64]) -> float:
    """Return what the largest singular value does not exceed, of two sums over the entries."""
    sizes = np.abs(weights)
    ones = float(np.sqrt(sizes.sum(axis=0).max() * sizes.sum(axis=1).max()))
    return min(ones, float(np.sqrt(np.einsum("ij,ij->", sizes, sizes))))


def _without_opposed(
    weights: NDArray[np.float64], rows_cut: NDArray[np.bool_], cols_cut: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the weights, zero where they are negative between two units that are not.

    Such weights only lower ``a^T W b``: the gain of what is left is no smaller.
    """
    both = np.logical_and.outer(rows_cut, cols_cut)
    return np.where(both, np.maximum(weights, 0), weights)


def largest_gain(
    weights: NDArray[np.float64],
    rows_cut: NDArray[np.bool_],
    cols_cut: NDArray[np.bool_],
    enough: float = 0.0,
) -> float:
    """Return the largest ``a^T W b`` of unit vectors, those entries that are cut not negative.

    Exact without cuts. With them a search by alternating steps, each of which takes the best
    vector for the other, from every column and from singular vectors. Where an upper bound is
    below `enough`, that is returned.

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
    if not cols_cut.any():
        return largest_gain(weights.T, cols_cut, rows_cut, enough)
    starts, bound = _directions(weights)
    left = _without_opposed(weights, rows_cut, cols_cut)
    if (left != weights).any():
        more, other = _directions(left)
        starts, bound = np.concatenate([starts, more], axis=1), min(bound, other)
    if bound < enough:
        return bound
    starts = np.concatenate([starts, -starts, np.abs(starts), np.eye(weights.shape[1])], axis=1)
    starts = np.where(cols_cut[:, None], np.maximum(starts, 0), starts)
    return _climb(weights, starts, rows_cut, cols_cut)


def _directions(weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the strongest directions of the columns, one a column, and the singular value."""
    if weights.shape[0] < weights.shape[1]:
        values, vectors = np.linalg.eigh(weights @ weights.T)
        vectors = weights.T @ vectors[:, -DIRECTIONS:]
    else:
        values, vectors = np.linalg.eigh(weights.T @ weights)
        vectors = vectors[:, -DIRECTIONS:]
    # Of a square the rounding is a share of the largest value: a bound has to be above it.
    return _unit(vectors), float(np.sqrt(max(values[-1], 0.0))) * (1 + 1e-9)


def _climb(
    weights: NDArray[np.float64],
    b: NDArray[np.float64],
    rows_cut: NDArray[np.bool_],
    cols_cut: NDArray[np.bool_],
) -> float:
    """Return the largest gain that climbs from any column of `b` come to."""
    b, best = _unit(b), 0.0
    free = not rows_cut.any() and len(weights) > len(b) / 2
    product = weights.T @ weights if free else None
    for done in range(ROUNDS):
        if product is not None:  # both halves of a step at once
            b, old = product @ b, b
            lengths = np.sqrt(np.maximum((b * old).sum(axis=0), 0))
            b = b / np.where(lengths > 0, lengths, 1.0)
        else:
            a = weights @ b
            b = weights.T @ _unit(np.where(rows_cut[:, None], np.maximum(a, 0), a))
        b = np.where(cols_cut[:, None], np.maximum(b, 0), b)
        gains = np.linalg.norm(b, axis=0)
        b = _unit(b)
        before, best = best, float(gains.max())
        if done >= SHARED_ROUNDS:
            if best <= before * (1 + 1e-9):
                break
        elif done == SHARED_ROUNDS - 1:  # all have left their starts: the best go on
            b = b[:, np.argsort(-gains, kind="stable")[:SURVIVORS]]
    return best


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return columns of length 1; those of zeros stay."""
    norms = np.linalg.norm(vectors, axis=0)
    return vectors / np.where(norms > 0, norms, 1.0)
