"""Ratings of planted low rank, and what is predicted without any machine."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite.relatives import Ratings

Rows = NDArray[Any]


@dataclass(frozen=True)
class Planted:
    """Ratings to learn, others to test, and what is expected of each by who planted them."""

    train: Ratings
    test: Ratings
    expected: Rows


def planted(
    users: int = 300,
    items: int = 100,
    rank: int = 3,
    observed: float = 0.3,
    noise: float = 0.4,
    seed: int = 1,
) -> Planted:
    """Round ``3.5 + item + user + tastes of low rank + noise`` to 1 .. 5, and hide most of them."""
    rng = np.random.default_rng(seed)
    tastes = rng.normal(size=(users, rank)) @ rng.normal(size=(rank, items)) / np.sqrt(rank)
    means = 3.3 + 0.4 * rng.normal(size=items) + 0.4 * rng.normal(size=(users, 1)) + 0.9 * tastes
    rated = np.clip(np.rint(means + noise * rng.normal(size=means.shape)), 1, 5)
    rated[rng.random(means.shape) >= observed] = np.nan
    rows, columns = np.nonzero(~np.isnan(rated))
    whole = Ratings(rows, columns, rated[rows, columns], (users, items))
    train, test = whole.split(0.2, seed=seed)
    return Planted(train, test, np.clip(means, 1, 5))


def damped_means(train: Ratings, damping: float = 5.0) -> Rows:
    """Predict ``mean + item + user``, shifts of items and users shrunk towards none."""
    mean = train.values.mean()
    shifts = []
    rest = train.values - mean
    for places, size in ((train.items, train.shape[1]), (train.users, train.shape[0])):
        counts = np.bincount(places, minlength=size)
        shift = np.bincount(places, rest, minlength=size) / (counts + damping)
        rest = rest - shift[places]
        shifts.append(shift)
    return mean + shifts[1][:, None] + shifts[0]


def errors_of(expected: Rows, test: Ratings) -> Rows:
    """Errors of expected ratings, one a rating."""
    found: Rows = np.clip(expected[test.users, test.items], 1, 5) - test.values
    return found


def rmse(errors: Rows) -> float:
    return float(np.sqrt(np.square(errors).mean()))
