"""The graph of a Boltzmann machine: which units there are, which are visible, which are joined."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from magnetite.inputs import FloatArray, IntVector
from magnetite.models.polynomial import Polynomial

__all__ = ["Moments", "Parameters", "Topology"]


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

    def matrix(self, of_edges: FloatArray) -> FloatArray:
        """Return numbers of the edges as a symmetric matrix (n, n)."""
        matrix = np.zeros((self.num_units, self.num_units))
        matrix[self.rows, self.cols] = of_edges
        matrix[self.cols, self.rows] = of_edges
        return matrix

    def unreached(self) -> NDArray[np.int64]:
        """Return the hidden units from which no path leads to a visible one."""
        reached = np.zeros(self.num_units, np.bool_)
        reached[self.visible] = True
        while True:
            ends = reached[self.rows] | reached[self.cols]
            before = np.count_nonzero(reached)
            reached[self.rows[ends]] = True
            reached[self.cols[ends]] = True
            if np.count_nonzero(reached) == before:
                return np.flatnonzero(~reached)
