"""What a machine of ratings predicts: chances, expected ratings, and items to recommend."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite._checks import check_choice, check_count
from magnetite.calibration import softmax
from magnetite.layers import Layers, Pair
from magnetite.likelihood.observed import matrix_product
from magnetite.memory import check_memory
from magnetite.models.rbm import RBM
from magnetite.relatives.rating_data import Ratings, as_ratings
from magnetite.units.base import Array
from magnetite.units.layer import Layer

__all__ = ["NUMBERS_AT_ONCE", "RatingPredictions", "Recommendations", "mean_field_chances"]

Floats = NDArray[np.float64]

METHODS = ("mean_field", "exact")

NUMBERS_AT_ONCE = 2**24
"""Chances of ratings in memory at a time."""


@dataclass(frozen=True, eq=False)
class Recommendations:
    """What `RatingsRBM.recommend` returns, best first.

    Attributes
    ----------
    items : ndarray of int64, shape (users, k)
        Items that the user has not rated; -1 where there are no more.
    ratings : ndarray of float64, shape (users, k)
        Their expected ratings; nan where there are no more.
    """

    items: NDArray[np.int64]
    ratings: Floats

    def __repr__(self) -> str:
        users, count = self.items.shape
        return f"<Recommendations: {count} items for each of {users} users>"


class RatingPredictions:
    """Predictions of ratings given others; base of `RatingsRBM`."""

    rbm: RBM
    """The machine, with a column for each rating of each item; and one for each item if it is
    conditional."""

    conditional: bool
    """Whether the machine knows which items have been rated."""

    _scale: Floats

    @property
    def num_items(self) -> int:
        """Items that can be rated."""
        return self.rbm.n_visible // (len(self._scale) + self.conditional)

    @property
    def n_hidden(self) -> int:
        """Hidden units."""
        return self.rbm.n_hidden

    @property
    def ratings(self) -> Floats:
        """The ratings there are, rising."""
        return self._scale.copy()

    def predict_proba(
        self, X: Any, *, method: str = "mean_field", num_threads: int | None = None
    ) -> Floats:
        """Return the chances of all ratings of all items, given the ratings that users have given.

        Parameters
        ----------
        X : array_like, sparse matrix or Ratings, shape (users, num_items)
            The ratings that there are; a user without any is an average one.
        method : "mean_field" (default) or "exact"
            Whether from the means of the hidden units, at once for all items, which for items that
            were rated is what the machine makes of that very rating; or with the hidden units
            summed out, for one item after the other given all others.
        num_threads : int, optional
            As for `magnetite.sample`; the result does not depend on it.

        Returns
        -------
        ndarray of float64, shape (users, num_items, number of ratings)

        Examples
        --------
        >>> import numpy as np
        >>> import magnetite as mg
        >>> mg.RatingsRBM(2, 3, ratings=[0, 1]).predict_proba([[1, np.nan]]).tolist()
        [[[0.5, 0.5], [0.5, 0.5]]]
        """
        return self._by_users(X, lambda chances: chances, method, num_threads)

    def predict(
        self, X: Any, *, method: str = "mean_field", num_threads: int | None = None
    ) -> Floats:
        """Return the expected rating of every item by every user.

        Parameters
        ----------
        X, method, num_threads
            As for `predict_proba`.

        Returns
        -------
        ndarray of float64, shape (users, num_items)

        Examples
        --------
        >>> import numpy as np
        >>> import magnetite as mg
        >>> mg.RatingsRBM(2, 3).predict([[5, np.nan]]).round(6).tolist()
        [[3.0, 3.0]]
        """
        return self._by_users(X, lambda chances: chances @ self._scale, method, num_threads)

    def _by_users(
        self, X: Any, result: Callable[[Floats], Floats], method: str, num_threads: int | None
    ) -> Floats:
        """Return what is made of the chances of ratings, for some users at a time."""
        check_choice("method", method, METHODS)
        v, pair, items = self._encoded(self._checked("X", X)), self.rbm.pair, self.num_items
        layers, levels = self.rbm.layers(num_threads), len(self._scale)
        size = max(1, NUMBERS_AT_ONCE // (items * levels + self.n_hidden))
        parts = []
        for some in (v[start : start + size] for start in range(0, len(v), size)):
            if method == "exact":
                hidden = self.rbm.hidden
                chances = _exact_chances(hidden, pair, some, items, levels, num_threads)
            else:
                chances = mean_field_chances(layers, pair, some, items, levels)
            parts.append(result(chances))
        return np.concatenate(parts)

    def rmse(
        self,
        X: Any,
        held_out: Any,
        *,
        method: str = "mean_field",
        num_threads: int | None = None,
    ) -> float:
        """Return the root mean square error of expected ratings, given others by the same users.

        Parameters
        ----------
        X : array_like, sparse matrix or Ratings, shape (users, num_items)
            What is known of the users.
        held_out : array_like, sparse matrix or Ratings, of the same shape
            What is predicted; one rating at least.
        method, num_threads
            As for `predict_proba`.

        Examples
        --------
        >>> import numpy as np
        >>> import magnetite as mg
        >>> round(mg.RatingsRBM(2, 3).rmse([[5, np.nan]], [[np.nan, 4]]), 6)  # 3 is expected
        1.0
        """
        known, others = self._checked("X", X), self._checked("held_out", held_out)
        if others.shape != known.shape or not len(others):
            raise ValueError(
                f"held_out must have the shape of X, {known.shape}, and at least one rating, "
                f"got {others}"
            )
        expected = self.predict(known, method=method, num_threads=num_threads)
        errors = expected[others.users, others.items] - others.values
        return float(np.sqrt(np.square(errors).mean()))

    def recommend(
        self,
        X: Any,
        k: int = 10,
        *,
        method: str = "mean_field",
        num_threads: int | None = None,
    ) -> Recommendations:
        """Return the items of highest expected rating among those that a user has not rated.

        Parameters
        ----------
        X : array_like, sparse matrix or Ratings, shape (users, num_items)
            What users have rated.
        k : int
            Items for each, 10 by default.
        method, num_threads
            As for `predict_proba`.

        Returns
        -------
        Recommendations
            Best first; of equally good items the first one.

        Examples
        --------
        >>> import numpy as np
        >>> import magnetite as mg
        >>> machine = mg.RatingsRBM(3, 2)
        >>> machine.rbm.visible_bias[-1] = 5.0  # all like the last item
        >>> machine.recommend([[np.nan, 2, np.nan]], 2).items.tolist()
        [[2, 0]]
        """
        known = self._checked("X", X)
        count = min(check_count("k", k, 1), self.num_items)
        expected = self.predict(known, method=method, num_threads=num_threads)
        expected[known.users, known.items] = -np.inf
        items = np.argsort(-expected, axis=1, kind="stable")[:, :count]
        ratings = np.take_along_axis(expected, items, axis=1)
        none = ~np.isfinite(ratings)
        return Recommendations(np.where(none, -1, items), np.where(none, np.nan, ratings))

    def _checked(self, name: str, X: Any) -> Ratings:
        known = as_ratings(name, X)
        if known.shape[1] != self.num_items:
            raise ValueError(f"{name} must have shape (users, {self.num_items}), got {known.shape}")
        wrong = np.flatnonzero(~np.isin(known.values, self._scale))
        if wrong.size:
            at, scale = int(wrong[0]), ", ".join(f"{value:g}" for value in self._scale)
            raise ValueError(
                f"{name} must hold ratings ({scale}), or nan for none, got {known.values[at]:g} at "
                f"index ({known.users[at]}, {known.items[at]})"
            )
        return known

    def _levels(self, known: Ratings) -> NDArray[np.int64]:
        return np.searchsorted(self._scale, known.values).astype(np.int64)

    def _encoded(self, known: Ratings) -> Array:
        """Return a row of visible states for every user."""
        users, items, levels = known.shape[0], self.num_items, len(self._scale)
        shape = users, self.rbm.n_visible
        check_memory({"a column for every rating": users * shape[1] * self.rbm.dtype.itemsize})
        v: Array = np.zeros(shape, self.rbm.dtype)
        v[known.users, known.items * levels + self._levels(known)] = 1
        if self.conditional:
            v[known.users, items * levels + known.items] = 1
        return v


# The law of ratings.


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


def _exact_chances(
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
