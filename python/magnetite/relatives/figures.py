"""Figures of labels and of ratings, taken after an epoch."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite.models.rbm import RBM
from magnetite.relatives.rating_data import Ratings
from magnetite.relatives.rating_predictions import NUMBERS_AT_ONCE, mean_field_chances
from magnetite.training.data import pick_rows
from magnetite.training.discriminative import logits_of_rows
from magnetite.training.monitors import Monitors
from magnetite.training.result import TrainingProgress
from magnetite.units.base import Array
from magnetite.weights import log_sum

__all__ = ["Figures", "LabelFigures", "RatingFigures", "own_and"]

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

MEANINGLESS = ("reconstruction_error", "pseudo_log_likelihood")
"""Figures of `RBM.fit` that count items which nobody has rated."""


class Figures(ABC):
    """A callback that records figures, in the epochs that have any; base of those of relatives."""

    def __call__(self, progress: TrainingProgress) -> None:
        """Take the figures."""
        if "mean_abs_weight" in progress.figures:
            self.take(progress)

    @abstractmethod
    def take(self, progress: TrainingProgress) -> None:
        """Record the figures of now."""


def own_and(own: list[Any], callbacks: Any) -> Any:
    """Return a machine's own callbacks and the user's; what is no list, `RBM.fit` refuses."""
    return [*own, *callbacks] if isinstance(callbacks, list | tuple) else callbacks


class LabelFigures(Figures):
    """The mean of ``-ln p(label | data)``, and the share of right labels.

    Parameters
    ----------
    rows : dict of name: ndarray
        Rows ``[x | label]`` by what their figures' names begin with; up to 1,000 of each are used.
    count : int
        Labels.
    """

    def __init__(self, rows: Mapping[str, Array], count: int) -> None:
        limit = Monitors.num_rows
        self.rows = {name: v[pick_rows(len(v), limit, key=0)] for name, v in rows.items()}
        self.count, self.began = count, False

    def start(self, rbm: RBM) -> None:
        """Note that learning begins, and with it a change of the machine."""
        self.began = True

    def take(self, progress: TrainingProgress) -> None:
        """Record the figures of now."""
        for name, v in self.rows.items():
            logits = logits_of_rows(progress.layers, progress.rbm.pair, v, self.count)
            labels, each = v[:, -self.count :].argmax(axis=1), np.arange(len(v))
            logs = logits[each, labels] - log_sum(logits, axis=1)
            right = logits.argmax(axis=1) == labels
            progress.record(**{f"{name}log_loss": -logs.mean(), f"{name}accuracy": right.mean()})


class RatingFigures(Figures):
    """Root mean square errors of predicted ratings, in place of figures that mean nothing here.

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
        count = min(Monitors.num_rows, max(1, NUMBERS_AT_ONCE // v.shape[1]))
        self.ratings = {
            name: _of_some_users(known, count) for name, known in ratings.items() if len(known)
        }
        self.num_items = next(iter(ratings.values())).shape[1]

    def take(self, progress: TrainingProgress) -> None:
        """Record the figures of now."""
        for name in MEANINGLESS:
            progress.figures.pop(name, None)
        layers, pair = progress.layers, progress.rbm.pair
        for name, (users, rows, items, values) in self.ratings.items():
            v = self.v[users]
            chances = mean_field_chances(layers, pair, v, self.num_items, len(self.scale))
            errors = (chances @ self.scale)[rows, items] - values
            progress.record(**{f"{name}rmse": float(np.sqrt(np.square(errors).mean()))})


def _of_some_users(known: Ratings, count: int) -> tuple[Places, Places, Places, Floats]:
    """Return users with ratings, and of their ratings: number of the user, item, value."""
    users = np.unique(known.users)[:count]
    some = np.flatnonzero(known.users <= users[-1])
    rows = np.searchsorted(users, known.users[some])
    return users, rows, known.items[some], known.values[some]
