"""Clauses as quadratic energies of bits.

A clause of the literals l_1 ... l_k is unsatisfied when all ``y_i = 1 - l_i`` are 1, so its energy
is the product of the y_i, each ``1 - x`` or ``x``. Products of one and two are quadratic as they
are. With S the sum of the y_i and ``S_2 = S (S - 1) / 2`` that of their pairs, a product of k >= 3
is

    min over w of  S_2 + sum_{i=1}^{n} w_i (c_i (2 i - S) - 1),     n = (k - 1) // 2,

over n bits w_i that no other clause has, where c_i is 2, but 1 for the last of an odd k (Ishikawa,
IEEE TPAMI 33, 1234 (2011), the positive case). Each w_i is 1 at its best where its bracket is
negative, so that the minimum is, for even k, ``S_2 - sum_i max(0, 2 S - 4 i + 1)``, which is 0 for
S < k and 1 for S = k. No penalty is at work that could be too small: whatever the w_i are, the
energy is at least that of the clause.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from magnetite.inputs import FloatArray, IntVector
from magnetite.models.polynomial import Polynomial

__all__ = ["clause_terms"]


def clause_terms(clauses: Mapping[tuple[int, ...], float], num_variables: int) -> Polynomial:
    """Return the energy of weighted clauses as a polynomial in bits.

    Parameters
    ----------
    clauses : mapping from tuples of int to float
        Weight of each clause; its literals are of different variables, 1 to `num_variables`.
    num_variables : int
        Variable v is bit v - 1; auxiliary bits come after them.

    Examples
    --------
    >>> terms = clause_terms({(1, -2): 3.0}, 2)
    >>> terms.rows, terms.cols, terms.weights, terms.linear, terms.offset
    (array([0]), array([1]), array([-3.]), array([0., 3.]), 0.0)
    """
    terms = _Terms(num_variables)
    by_length: dict[int, list[tuple[int, ...]]] = {}
    for clause in clauses:
        by_length.setdefault(len(clause), []).append(clause)
    for _, group in sorted(by_length.items()):
        literals = np.array(group, np.int64)
        weights = np.array([clauses[clause] for clause in group])
        terms.add_product(literals, weights)
    return terms.polynomial()


class _Terms:
    """Sums of products of literals, as they come to a polynomial."""

    def __init__(self, num_variables: int) -> None:
        self._size = num_variables
        self._pairs: list[tuple[IntVector, IntVector, FloatArray]] = []
        self._linear: list[tuple[IntVector, FloatArray]] = []
        self._offset = 0.0

    def add_product(self, literals: IntVector, weights: FloatArray) -> None:
        """Add ``weights[r] * prod_c (1 - literals[r, c])``."""
        number, length = literals.shape
        bits, signs = np.abs(literals) - 1, -np.sign(literals)
        if length == 1:
            self._add_one(bits[:, 0], signs[:, 0], weights)
            return
        for i in range(length):
            for j in range(i + 1, length):
                self._add_two(bits[:, i], signs[:, i], bits[:, j], signs[:, j], weights)
        last = (length - 1) // 2
        for i in range(1, last + 1):
            factor = 1 if length % 2 and i == last else 2
            extra = np.arange(self._size, self._size + number)
            self._size += number
            plain = np.ones_like(extra)
            self._add_one(extra, plain, weights * (2 * i * factor - 1))
            for c in range(length):
                self._add_two(extra, plain, bits[:, c], signs[:, c], -factor * weights)

    def _add_one(self, bits: IntVector, signs: npt.NDArray[np.int64], weights: FloatArray) -> None:
        """Add ``weights * y`` with y = x for sign +1, and 1 - x for sign -1."""
        self._linear.append((bits, signs * weights))
        self._offset += float(weights[signs < 0].sum())

    def _add_two(
        self,
        bits: IntVector,
        signs: npt.NDArray[np.int64],
        others: IntVector,
        other_signs: npt.NDArray[np.int64],
        weights: FloatArray,
    ) -> None:
        """Add ``weights * y * z``, both as in `_add_one`."""
        self._pairs.append((bits, others, signs * other_signs * weights))
        self._linear.append((bits, np.where(other_signs < 0, signs * weights, 0.0)))
        self._add_one(others, other_signs, np.where(signs < 0, weights, 0.0))

    def polynomial(self) -> Polynomial:
        """Return the sum of all that was added."""
        pairs = [np.concatenate(part) for part in zip(*self._pairs, strict=True)]
        rows, cols, weights = pairs or (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        linear = np.zeros(self._size)
        for bits, values in self._linear:
            linear += np.bincount(bits, values, self._size)
        return Polynomial(rows, cols, weights, linear, self._offset)
