"""Figures of ratings that are taken after an epoch, in place of those that mean nothing here."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from magnetite.relatives.rating_data import Ratings
from magnetite.relatives.rating_law import mean_field_chances
from magnetite.training.result import TrainingProgress
from magnetite.units.base import Array

__all__ = ["RatingFigures"]

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

MEANINGLESS = ("reconstruction_error", "pseudo_log_likelihood")
"""Figures of `RBM.fit` that count items which nobody has rated."""

NUM_USERS = 1000
"""Users that figures are taken on: the first that have such ratings."""


class RatingFigures:
    """A callback that records root mean square errors of predicted ratings.

    Parameters
    ----------
    v : ndarray, shape (users, n_visible)
        What is known of the users.
    ratings : dict of name: Ratings
        Theirs, which are predicted from it, by what the figures' names begin with.
    scale : ndarray
        The ratings there are.
    """

    def __init__(self, v: Array, ratings: Mapping[str, Ratings], scale: Array) -> None:
        self.v, self.scale = v, scale
        self.ratings = {
            name: _of_some_users(known) for name, known in ratings.items() if len(known)
        }
        self.num_items = next(iter(ratings.values())).shape[1]

    def __call__(self, progress: TrainingProgress) -> None:
        """Take the figures, in the epochs that have any."""
        if "mean_abs_weight" not in progress.figures:
            return
        for name in MEANINGLESS:
            progress.figures.pop(name, None)
        layers, pair = progress.layers, progress.rbm.pair
        for name, (users, rows, items, values) in self.ratings.items():
            v = self.v[users]
            chances = mean_field_chances(layers, pair, v, self.num_items, len(self.scale))
            errors = (chances @ self.scale)[rows, items] - values
            progress.record(**{f"{name}rmse": float(np.sqrt(np.square(errors).mean()))})


def _of_some_users(known: Ratings) -> tuple[Places, Places, Places, Floats]:
    """Return users with ratings, and of their ratings: number of the user, item, value."""
    users = np.unique(known.users)[:NUM_USERS]
    some = np.flatnonzero(known.users <= users[-1])
    rows = np.searchsorted(users, known.users[some])
    return users, rows, known.items[some], known.values[some]
