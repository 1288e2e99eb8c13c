"""What networks take: rows of numbers, and a target of each."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from magnetite._checks import check_finite
from magnetite.units.base import Array

__all__ = ["Columns"]


@dataclass(frozen=True)
class Columns:
    """The inputs of a network, as `training.data` asks a machine for its visible units.

    Parameters
    ----------
    n_visible : int
        Columns of a row.
    dtype : dtype
        Of the network.
    chances : bool
        Whether values must lie between 0 and 1.
    """

    n_visible: int
    dtype: np.dtype[Any]
    chances: bool = False

    def check_shape(self, name: str, shape: tuple[int, ...]) -> None:
        """Refuse what is no matrix of so many columns, nor a row."""
        if len(shape) not in (1, 2) or shape[-1] != self.n_visible:
            raise ValueError(f"{name} must have shape (rows, {self.n_visible}), got {shape}")

    def visible_states(
        self, v: Any, *, name: str = "X", missing: bool = False, first_row: int = 0
    ) -> Array:
        """Return rows, checked, as a matrix of the network's dtype; nan is never allowed.

        Raises
        ------
        TypeError, ValueError
            Names the first wrong value and its place.
        """
        rows = np.asarray(v.toarray() if hasattr(v, "toarray") else v)
        if rows.dtype.kind not in "biuf":
            raise TypeError(f"{name} must hold numbers, got dtype {rows.dtype}")
        self.check_shape(name, rows.shape)
        rows = np.ascontiguousarray(np.atleast_2d(rows), self.dtype)

        def place(position: int) -> str:
            row, column = divmod(position, self.n_visible)
            return f" at row {first_row + row}, column {column}"

        check_finite(name, rows, place)
        wrong = (rows < 0) | (rows > 1) if self.chances else np.zeros(0)
        if wrong.any():
            at = int(np.argmax(wrong))
            raise ValueError(
                f"{name} must lie between 0 and 1 for sigmoid outputs, got "
                f"{rows.ravel()[at]:g}{place(at)}"
            )
        return rows
