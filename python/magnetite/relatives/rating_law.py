"""The law of a user's ratings given those that are there: by hidden means, or exactly."""

import numpy as np
from numpy.typing import NDArray

from magnetite.calibration import softmax
from magnetite.layers import Layers, Pair
from magnetite.likelihood.observed import matrix_product
from magnetite.units.base import Array
from magnetite.units.layer import Layer

__all__ = ["exact_chances", "mean_field_chances"]

Floats = NDArray[np.float64]


def mean_field_chances(layers: Layers, pair: Pair, v: Array, num_items: int, levels: int) -> Floats:
    """Return the chance of every rating of every item given the means of the hidden units.

    Salakhutdinov, Mnih and Hinton (2007), equations 6 and 7: a product of matrices for all items.

    Parameters
    ----------
    layers, pair
        The machine, whose first visible columns are the ratings.
    v : ndarray, shape (users, n_visible)
        Users.
    num_items, levels : int
        Items, and ratings of each.

    Returns
    -------
    ndarray of float64, shape (users, num_items, levels)
    """
    ones = np.ones(len(v))
    means = layers.visible(layers.hidden(v, pair, ones)[0], pair, ones)[0]
    chances: Floats = means[:, : num_items * levels].astype(np.float64)
    return chances.reshape(len(v), num_items, levels)


def exact_chances(
    hidden: Layer, pair: Pair, v: Array, num_items: int, levels: int, num_threads: int | None
) -> Floats:
    """Return ``p(rating of an item | the user's other ratings)``, the hidden units summed out.

    ``p(k) ~ exp(b_k) prod_j (1 + exp(c_j + W_kj + sum of the others))``: equation 5 there, for one
    item after the other. An item's own rating does not count.

    Parameters
    ----------
    hidden : Layer
        The hidden units.
    pair, v, num_items, levels
        As for `mean_field_chances`.
    num_threads : int or None
        Of the product of matrices.

    Returns
    -------
    ndarray of float64, shape (users, num_items, levels)
    """
    weights, side = pair.weights, pair.hidden
    inputs = matrix_product(v, weights, num_threads).astype(np.float64) + side.bias
    logits = np.empty((len(v), num_items, levels))
    for item in range(num_items):
        columns = slice(item * levels, (item + 1) * levels)
        effects = weights[columns].astype(np.float64)
        others = inputs - np.einsum("uk,kj->uj", v[:, columns], effects)
        for level, effect in enumerate(effects):
            logits[:, item, level] = hidden.log_norms(others + effect, side.precision)
        logits[:, item] += pair.visible.bias[columns]
    chances: Floats = softmax(logits.reshape(-1, levels)).reshape(logits.shape)
    return chances
