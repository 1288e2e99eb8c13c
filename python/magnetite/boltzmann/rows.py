"""Rows of data as values of the visible units."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from magnetite.inputs import FloatArray
from magnetite.models.topology import Topology, places_of
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.models.boltzmann import BoltzmannMachine

__all__ = ["VisibleRows", "distinct_rows", "visible_columns"]


class VisibleRows:
    """What rows must be to be clamped to the visible units of a machine."""

    dtype = np.dtype(np.float32)

    def __init__(self, topology: Topology) -> None:
        if not topology.visible.size:
            raise ValueError("visible must name at least one unit, to be held at data, got none")
        self.topology = topology

    @property
    def n_visible(self) -> int:
        """Columns of a row."""
        return int(self.topology.visible.size)

    def visible_states(
        self, v: Any, *, name: str = "v", missing: bool = False, first_row: int = 0
    ) -> Array:
        """Return rows as a matrix; refuse other shapes and values (nan too), by row and column."""
        dense = v.toarray() if hasattr(v, "toarray") else np.asarray(v)
        rows = np.atleast_2d(dense)
        if rows.ndim != 2 or rows.shape[1] != self.n_visible:
            raise ValueError(
                f"{name} must have shape (rows, {self.n_visible}), a column for each visible unit, "
                f"got {dense.shape}"
            )
        if rows.dtype.kind not in "biuf":
            raise TypeError(f"{name} must hold numbers, got dtype {rows.dtype}")
        low, high = self.topology.values
        wrong = np.argwhere((rows != low) & (rows != high))
        if wrong.size:
            row, column = wrong[0]
            raise ValueError(
                f"{name} must hold {low} or {high}, got {rows[row, column]:g} in row "
                f"{row + first_row}, column {column}"
            )
        return rows.astype(self.dtype, copy=False)

    def spins(self, rows: Array) -> NDArray[np.int8]:
        """Return checked rows as spins."""
        up: NDArray[np.bool_] = rows == self.topology.values[1]
        return up.astype(np.int8) * np.int8(2) - np.int8(1)


def visible_columns(machine: "BoltzmannMachine", name: str, labels: Any) -> tuple[int, ...]:
    """Return the columns of data in which visible units with these labels have their values."""
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise TypeError(f"{name} must be a sequence of labels, got {labels!r}")
    visible = [machine.variables[unit] for unit in machine.visible]
    return places_of(labels, visible, name, "visible units")


def distinct_rows(
    spins: NDArray[np.int8], weights: FloatArray
) -> tuple[NDArray[np.int8], FloatArray]:
    """Return each row once, and the sum of the weights of those like it."""
    if spins.shape[1] == 0:
        return spins[:1], np.array([weights.sum()])
    rows, which = np.unique(spins, axis=0, return_inverse=True)
    sums = np.bincount(which.ravel(), weights, len(rows))
    return rows, sums.astype(np.float64, copy=False)
