"""Ratings as triples: matrices with gaps, sparse ones, and files of users, items and ratings."""

from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite._checks import check_count, check_finite, check_real, index_vector, real_array
from magnetite.formats.source import Source, load_source
from magnetite.memory import check_memory
from magnetite.options import SeedLike, check_seed

__all__ = ["Ratings", "as_ratings", "read_ratings"]

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Ratings:
    """Ratings of items by users, those that there are: three vectors of the same length.

    Attributes
    ----------
    users, items : ndarrays of int64
        Who rated what, both counted from 0; no pair twice.
    values : ndarray of float64
        The ratings.
    shape : (int, int)
        Number of users and of items.

    Raises
    ------
    TypeError, ValueError
        Names argument, value and rule.

    Examples
    --------
    >>> from magnetite.relatives import Ratings
    >>> ratings = Ratings([0, 0, 1], [0, 2, 1], [5, 3, 4], (2, 3))
    >>> ratings
    Ratings(3 ratings of 3 items by 2 users)
    >>> ratings.to_matrix()
    array([[ 5., nan,  3.],
           [nan,  4., nan]])
    """

    users: Places
    items: Places
    values: Floats
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        users, items = index_vector("users", self.users), index_vector("items", self.items)
        values = real_array("values", self.values)
        counts = {"users": len(users), "items": len(items), "values": len(np.atleast_1d(values))}
        if len(set(counts.values())) > 1 or values.ndim != 1:
            raise ValueError(f"users, items and values must be as many, got {counts}")
        check_finite("values", values)
        if not isinstance(self.shape, tuple | list) or len(self.shape) != 2:
            raise TypeError(f"shape must be a pair (users, items), got {self.shape!r}")
        shape = tuple(check_count("shape", size, 1, bits=31) for size in self.shape)
        for name, places, size in (("users", users, shape[0]), ("items", items, shape[1])):
            if len(places) and places.max() >= size:
                raise ValueError(f"{name} must be below {size}, got {int(places.max())}")
        numbers = users * shape[1] + items
        different, first = np.unique(numbers, return_index=True)
        if len(different) < len(numbers):
            at = int(np.setdiff1d(np.arange(len(numbers)), first)[0])
            raise ValueError(
                f"users and items must be pairs that are all different, got user {users[at]} and "
                f"item {items[at]} again at index {at}"
            )
        for name, value in (("users", users), ("items", items), ("values", values)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "shape", (shape[0], shape[1]))

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        users, items = self.shape
        return f"Ratings({len(self)} ratings of {items} items by {users} users)"

    def to_matrix(self) -> Floats:
        """Return them as a matrix (users, items), nan where there is none.

        Examples
        --------
        >>> from magnetite.relatives import Ratings
        >>> Ratings([1], [0], [4.0], (2, 1)).to_matrix().tolist()
        [[nan], [4.0]]
        """
        check_memory({"the matrix of ratings": 8 * self.shape[0] * self.shape[1]})
        matrix = np.full(self.shape, np.nan)
        matrix[self.users, self.items] = self.values
        return matrix

    def split(self, share: float, *, seed: SeedLike = None) -> tuple["Ratings", "Ratings"]:
        """Return ratings to learn and others to test, at random.

        Parameters
        ----------
        share : float
            Of the ratings to test, between 0 and 1.
        seed
            As for `magnetite.sample`.

        Examples
        --------
        >>> from magnetite.relatives import Ratings
        >>> train, test = Ratings([0, 1, 2, 3], [0, 0, 0, 0], [1, 2, 3, 4], (4, 1)).split(0.25)
        >>> len(train), len(test)
        (3, 1)
        """
        if not 0 < check_real("share", share) < 1:
            raise ValueError(f"share must lie between 0 and 1, got {share!r}")
        order = np.random.default_rng(check_seed(seed).key).permutation(len(self))
        cut = round(share * len(self))
        return self._some(np.sort(order[cut:])), self._some(np.sort(order[:cut]))

    def _some(self, at: NDArray[np.int64]) -> "Ratings":
        return Ratings(self.users[at], self.items[at], self.values[at], self.shape)


def as_ratings(name: str, X: Any) -> Ratings:
    """Return the ratings of a matrix with nan, or of a sparse one, where zeros are none.

    Raises
    ------
    TypeError, ValueError
        If it is no matrix of real numbers.
    """
    if isinstance(X, Ratings):
        return X
    if hasattr(X, "tocsr"):
        entries = X.tocoo()  # which, other than CSR, does not add up what is there twice
        values = real_array(name, entries.data)
        check_finite(name, values)
        some = np.flatnonzero(values)
        return Ratings(entries.row[some], entries.col[some], values[some], X.shape)
    matrix = real_array(name, X)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ValueError(f"{name} must have shape (users, items), got {matrix.shape}")
    there = ~np.isnan(matrix)
    check_finite(name, np.where(there, matrix, 0.0))
    users, items = np.nonzero(there)
    return Ratings(users, items, matrix[users, items], matrix.shape)


def read_ratings(path: str | PathLike[str]) -> Ratings:
    """Read a file of ratings: a line each, ``user item rating``, and maybe a time stamp.

    That is the format of `u.data` of MovieLens 100K, which its users fetch themselves from
    grouplens.org. Users and items are numbers from 1; fields are separated by tabs or spaces.

    Parameters
    ----------
    path : path
        The file, plain or gzip.

    Returns
    -------
    Ratings
        Users and items counted from 0; as many as the largest numbers say.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        Names the first line that breaks a rule.

    Examples
    --------
    >>> import tempfile
    >>> import magnetite as mg
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with open(f"{folder}/u.data", "w") as file:
    ...         print("1 2 5 881250949", file=file)
    ...         print("2 1 3 891717742", file=file)
    ...     ratings = mg.read_ratings(f"{folder}/u.data")
    >>> ratings.users.tolist(), ratings.items.tolist(), ratings.values.tolist()
    ([0, 1], [1, 0], [5.0, 3.0])
    """
    source = load_source(path)
    seen: dict[tuple[int, int], int] = {}
    values: list[float] = []
    for number, line in enumerate(source.text.splitlines(), 1):
        if fields := line.split():
            pair, value = _entry(source, number, fields)
            if pair in seen:
                user, item = pair
                raise source.error(
                    number, f"user {user} has rated item {item} in line {seen[pair]} already"
                )
            seen[pair] = number
            values.append(value)
    if not values:
        raise source.error(1, "expected lines 'user item rating', got an empty file")
    users, items = np.array(list(seen), np.int64).T - 1
    return Ratings(users, items, np.array(values), (int(users.max()) + 1, int(items.max()) + 1))


def _entry(source: Source, number: int, fields: list[bytes]) -> tuple[tuple[int, int], float]:
    """Return user, item and rating of a line."""
    text = b" ".join(fields[:6]).decode("ascii", "replace")
    if len(fields) not in (3, 4):
        raise source.error(number, f"expected 'user item rating [time]', got {text!r}")
    try:
        user, item, value = int(fields[0]), int(fields[1]), float(fields[2])
    except ValueError:
        raise source.error(
            number, f"expected whole numbers and a rating 'user item rating', got {text!r}"
        ) from None
    if user < 1 or item < 1 or max(user, item) >= 2**31:
        raise source.error(number, f"users and items must be numbers from 1, got {text!r}")
    if not np.isfinite(value):
        raise source.error(number, f"the rating must be finite, got {text!r}")
    return (user, item), value
