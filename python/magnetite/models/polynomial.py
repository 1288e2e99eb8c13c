"""Energies as quadratic polynomials, and the change of variables between spins and bits."""

from dataclasses import dataclass

import numpy as np

from magnetite._checks import check_finite
from magnetite.inputs import FloatArray, IntVector

__all__ = ["Polynomial", "incident_sums"]


@dataclass(frozen=True, eq=False)
class Polynomial:
    """The energy ``sum_k weights[k] x[rows[k]] x[cols[k]] + sum_i linear[i] x[i] + offset``.

    Attributes
    ----------
    rows, cols : ndarray of int64, shape (m,)
        The two variables of each term; never the same one.
    weights : ndarray of float64, shape (m,)
        Coefficients of the terms of two variables.
    linear : ndarray of float64, shape (n,)
        Coefficients of the terms of one variable.
    offset : float
        The constant.
    """

    rows: IntVector
    cols: IntVector
    weights: FloatArray
    linear: FloatArray
    offset: float

    def in_spins(self) -> "Polynomial":
        """Return the same energy of ``s = 2 x - 1``, where this one is of bits ``x``."""
        weights = self.weights / 4
        linear = self.linear / 2 + incident_sums(self, weights)
        offset = self.offset + float(self.linear.sum()) / 2 + float(weights.sum())
        return Polynomial(self.rows, self.cols, weights, linear, offset)

    def in_bits(self) -> "Polynomial":
        """Return the same energy of ``x = (1 + s) / 2``, where this one is of spins ``s``."""
        with np.errstate(over="ignore"):
            weights = self.weights * 4
        check_finite("couplings in bits", weights)
        linear = 2 * (self.linear - incident_sums(self, self.weights))
        offset = self.offset - float(self.linear.sum()) + float(self.weights.sum())
        return Polynomial(self.rows, self.cols, weights, linear, offset)

    def negated(self) -> "Polynomial":
        """Return the energy of the other sign."""
        return Polynomial(self.rows, self.cols, -self.weights, -self.linear, -self.offset)


def incident_sums(terms: Polynomial, weights: FloatArray) -> FloatArray:
    """Return for each variable the sum of `weights` over the pair terms it is part of."""
    size = terms.linear.size
    sums = np.bincount(terms.rows, weights, size)
    sums += np.bincount(terms.cols, weights, size)
    return sums.astype(np.float64, copy=False)
