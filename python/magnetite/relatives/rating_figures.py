"""Figures of ratings that are taken after an epoch, in place of those that mean nothing here."""

from collections.abc import Mapping

import numpy as np

from magnetite.relatives.rating_data import Ratings
from magnetite.relatives.rating_law import mean_field_chances
from magnetite.training.result import TrainingProgress
from magnetite.units.base import Array

__all__ = ["RatingFigures"]

MEANINGLESS = ("reconstruction_error", "pseudo_log_likelihood")
"""Figures of `RBM.fit` that count items which nobody has rated."""

NUM_USERS = 1000
"""Users that figures are taken on: the first ones."""


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
        self.v, self.scale = v[:NUM_USERS], scale
        self.ratings = {}
        for name, known in ratings.items():
            some = np.flatnonzero(known.users < NUM_USERS)
            self.ratings[name] = known.users[some], known.items[some], known.values[some]
        self.num_items = next(iter(ratings.values())).shape[1]

    def __call__(self, progress: TrainingProgress) -> None:
        """Take the figures, in the epochs that have any."""
        if "mean_abs_weight" not in progress.figures:
            return
        for name in MEANINGLESS:
            progress.figures.pop(name, None)
        layers, pair = progress.layers, progress.rbm.pair
        chances = mean_field_chances(layers, pair, self.v, self.num_items, len(self.scale))
        expected = chances @ self.scale
        for name, (users, items, values) in self.ratings.items():
            if len(values):
                errors = expected[users, items] - values
                progress.record(**{f"{name}rmse": float(np.sqrt(np.square(errors).mean()))})
