"""The graph of a Boltzmann machine: which units there are, which are visible, which are joined."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from magnetite.inputs import FloatArray, IntVector
from magnetite.models.polynomial import Polynomial

__all__ = ["Moments", "Parameters", "Topology", "places_of"]

FEW_UNITS, FEW_EDGES = 500, 1 / 32
"""Graphs of more units, of whose pairs (i, j) fewer are edges, are gone through edge by edge.

That is quicker than products of full matrices, and takes no memory of their size.
"""

AT_ONCE = 2**21
"""Numbers of edges and rows that are in memory at once."""


class Parameters(NamedTuple):
    """Weights (m,) of the edges and biases (n,) of the units, in the values of the units."""

    weights: FloatArray
    biases: FloatArray


class Moments(NamedTuple):
    """Means (n,) of the units, and (m,) of the products of each edge, in the units' values."""

    means: FloatArray
    products: FloatArray


@dataclass(frozen=True, eq=False)
class Topology:
    """Units, edges, and what their values are.

    Parameters
    ----------
    num_units : int
        Number n of units.
    rows, cols : ndarray of int64, shape (m,)
        Ends of the edges, ``rows < cols``, in ascending order.
    visible : ndarray of int64
        Positions of the visible units.
    binary : bool
        Whether units are 0/1 or -1/+1.
    """

    num_units: int
    rows: IntVector
    cols: IntVector
    visible: IntVector
    binary: bool

    @cached_property
    def hidden(self) -> IntVector:
        """Positions of the hidden units, ascending."""
        hidden = np.ones(self.num_units, np.bool_)
        hidden[self.visible] = False
        return np.flatnonzero(hidden)

    @property
    def values(self) -> tuple[int, int]:
        """The two values of a unit."""
        return (0, 1) if self.binary else (-1, 1)

    def energy(self, parameters: Parameters) -> Polynomial:
        """Return the energy of spins: bits are ``x = (1 + s) / 2``."""
        energy = Polynomial(self.rows, self.cols, -parameters.weights, -parameters.biases, 0.0)
        return energy.in_spins() if self.binary else energy

    def moments(self, spins: FloatArray) -> Moments:
        """Return moments in the values of the units, given those of spins (n + m,)."""
        means, products = spins[: self.num_units], spins[self.num_units :]
        if not self.binary:
            return Moments(means, products)
        products = (1 + means[self.rows] + means[self.cols] + products) / 4
        return Moments((1 + means) / 2, products)

    def products(self, left: FloatArray, right: FloatArray) -> FloatArray:
        """Return for each edge the product of a number of its one and its other end."""
        result: FloatArray = left[self.rows] * right[self.cols]
        return result

    def sums(self, of_edges: FloatArray, units: FloatArray) -> FloatArray:
        """Return for each unit the sum, over its edges, of the edge's number times the neighbour's.

        The product of a symmetric matrix and a vector.
        """
        n = self.num_units
        sums = np.bincount(self.rows, of_edges * units[self.cols], n)
        sums += np.bincount(self.cols, of_edges * units[self.rows], n)
        return sums.astype(np.float64, copy=False)

    @cached_property
    def sparse(self) -> bool:
        """Whether sums go over edges, and not over full matrices (n, n)."""
        n = self.num_units
        return n > FEW_UNITS and self.rows.size < FEW_EDGES * n * n

    def sums_of_rows(
        self, of_edges: FloatArray, wanted: IntVector | None = None
    ) -> Callable[[FloatArray], FloatArray]:
        """Return the function that gives the `sums` of each row of its argument (rows, n).

        Those of the units `wanted`, or of all.
        """
        units = np.arange(self.num_units) if wanted is None else wanted
        if self.sparse:
            return lambda rows: np.array([self.sums(of_edges, row)[units] for row in rows])
        columns = self.columns(of_edges, units)
        return lambda rows: rows @ columns

    def pair_sums(self, left: FloatArray, right: FloatArray) -> FloatArray:
        """Return for each edge ``sum_r left[r, i] right[r, j]``, i its one and j its other end.

        Both have the shape (rows, n).
        """
        if not self.sparse:
            found: FloatArray = (left.T @ right)[self.rows, self.cols]
            return found
        one, other = (np.ascontiguousarray(side.T) for side in (left, right))
        sums = np.empty(self.rows.size)
        step = max(1, AT_ONCE // max(1, len(left)))
        for start in range(0, sums.size, step):
            part = slice(start, start + step)
            np.einsum("er,er->e", one[self.rows[part]], other[self.cols[part]], out=sums[part])
        return sums

    def matrix(self, of_edges: FloatArray) -> FloatArray:
        """Return numbers of the edges as a symmetric matrix (n, n)."""
        return self.columns(of_edges, np.arange(self.num_units))

    def columns(self, of_edges: FloatArray, units: IntVector) -> FloatArray:
        """Return the columns of some units, shape (n, units), of the `matrix`."""
        place = np.full(self.num_units, -1)
        place[units] = np.arange(units.size)
        columns = np.zeros((self.num_units, units.size))
        for ends, others in ((self.rows, self.cols), (self.cols, self.rows)):
            there = place[ends] >= 0
            columns[others[there], place[ends[there]]] = of_edges[there]
        return columns

    def digest(self) -> str:
        """Return what tells the edges and visible units from others."""
        parts = (self.rows, self.cols, self.visible)
        return sha256(b"|".join(part.astype("<i8").tobytes() for part in parts)).hexdigest()[:16]

    def unreached(self) -> NDArray[np.int64]:
        """Return the hidden units from which no path leads to a visible one."""
        # The least unit that each is known to be joined with; what was learnt of that one is passed
        # on as well, so that long paths are no matter.
        first = np.arange(self.num_units)
        while (first[self.rows] != first[self.cols]).any():
            one, other = first[self.rows], first[self.cols]
            np.minimum.at(first, np.maximum(one, other), np.minimum(one, other))
            while (first != first[first]).any():
                first = first[first]
        reached = np.zeros(self.num_units, np.bool_)
        reached[first[self.visible]] = True
        return np.flatnonzero(~reached[first])


def places_of(
    given: Iterable[Any], labels: Iterable[Any], name: str, known: str
) -> tuple[int, ...]:
    """Return where among labels those given are; refuse others, and one that comes twice.

    Examples
    --------
    >>> places_of("ca", "abc", "visible", "units")
    (2, 0)
    """
    places = {label: place for place, label in enumerate(labels)}
    found: dict[int, None] = {}
    for label in given:
        if not isinstance(label, Hashable) or label not in places:
            raise ValueError(f"{name} must name {known}, got {label!r}")
        if places[label] in found:
            raise ValueError(f"{name} must name each unit once, got {label!r} twice")
        found[places[label]] = None
    return tuple(found)
