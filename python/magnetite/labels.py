"""The labels of a classifier: what the user calls the classes, and their numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite._checks import check_count

__all__ = ["ClassesLike", "Labels"]

ClassesLike = int | Sequence[Any] | NDArray[Any]


class Labels:
    """The classes in their order, and the way from labels to their numbers and back.

    Parameters
    ----------
    classes : int or sequence
        How many there are, which are then called 0, 1, ...; or their labels, all different.

    Examples
    --------
    >>> from magnetite.labels import Labels
    >>> labels = Labels(["no", "yes"])
    >>> labels.numbers("y", ["yes", "no", "yes"], 3).tolist()
    [1, 0, 1]
    """

    def __init__(self, classes: ClassesLike) -> None:
        whole = isinstance(classes, int | np.integer)
        names = range(check_count("classes", classes, 2, bits=31)) if whole else classes
        self.names = _vector("classes", names)
        if len(self.names) < 2:
            raise ValueError(f"classes must be at least two, got {self.names.tolist()}")
        if any(name != name for name in self.names.tolist()):
            raise ValueError(f"classes must not be nan, got {self.names.tolist()}")
        self._numbers = {name: at for at, name in enumerate(self.names.tolist())}
        if len(self._numbers) < len(self.names):
            raise ValueError(f"classes must be all different, got {self.names.tolist()}")

    def __len__(self) -> int:
        return len(self.names)

    def numbers(self, name: str, y: Any, rows: int | None = None) -> NDArray[np.int64]:
        """Return the numbers of labels, one a row.

        Raises
        ------
        ValueError
            If there are more or fewer labels than `rows`, or one is no class: names the first.
        """
        given = _vector(name, y)
        if rows is not None and len(given) != rows:
            raise ValueError(f"{name} must have a label for each of {rows} rows, got {len(given)}")
        found = [self._number(label) for label in given.tolist()]
        if -1 in found:
            at = found.index(-1)
            raise ValueError(
                f"{name} must hold known classes ({self.described()}), "
                f"got {given.tolist()[at]!r} at index {at}"
            )
        return np.array(found, np.int64)

    def _number(self, label: Any) -> int:
        try:
            return self._numbers.get(label, -1)
        except TypeError:  # of what cannot be in a dict, and so is no class
            return -1

    def named(self, numbers: NDArray[np.int64]) -> NDArray[Any]:
        """Return the labels of these numbers."""
        names: NDArray[Any] = self.names[numbers]
        return names

    def described(self) -> str:
        """Return the classes in words, the first few of many."""
        names = [repr(name) for name in self.names.tolist()]
        return ", ".join(names if len(names) <= 12 else [*names[:10], "...", names[-1]])


def _vector(name: str, value: Any) -> NDArray[Any]:
    """Return labels as a vector; strings and numbers together stay what they are."""
    values = list(value) if isinstance(value, list | tuple | range) else value
    mixed = isinstance(values, list) and len({isinstance(label, str) for label in values}) > 1
    try:
        array = np.asarray(values, dtype=object if mixed else None)
    except ValueError:
        raise ValueError(f"{name} must be a vector of labels, got {value!r}") from None
    if array.ndim != 1:
        got = f"shape {array.shape}" if array.ndim else repr(value)
        raise ValueError(f"{name} must be a vector of labels, got {got}")
    return array
