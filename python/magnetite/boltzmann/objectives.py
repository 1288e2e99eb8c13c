"""Objectives of fully visible machines that need no partition function.

All are sums over units of a function of ``s_i a_i``, where ``a_i = sum_j J_ij s_j + h_i`` is what
the other units say of spin ``s_i``: ``p(s_i | the others) = 1 / (1 + exp(-2 s_i a_i))``.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from magnetite.boltzmann.phases import Rows
from magnetite.inputs import FloatArray
from magnetite.memory import check_memory
from magnetite.models.topology import Parameters, Topology

__all__ = ["MinimumProbabilityFlow", "Objective", "PseudoLikelihood", "RatioMatching"]


class Objective(ABC):
    """A sum over rows and units of a function of ``s_i a_i``, to be made large.

    An objective of one's own defines `values` and `slopes`.
    """

    @abstractmethod
    def values(self, agreement: FloatArray) -> FloatArray:
        """Return the function of ``s_i a_i``."""

    @abstractmethod
    def slopes(self, agreement: FloatArray) -> FloatArray:
        """Return its derivative."""

    def check(self, graph: Topology) -> None:
        """Refuse a machine that has hidden units, or too many edges for a full matrix."""
        if graph.hidden.size:
            raise ValueError(
                f"objective must be 'likelihood' for a machine with hidden units, got {self!r} and "
                f"{graph.hidden.size} hidden units"
            )
        n = graph.num_units
        if not graph.sparse:
            check_memory({f"full matrices of the weights of {n} units": 16 * n * n})

    def value(self, graph: Topology, parameters: Parameters, rows: Rows) -> float:
        """Return the weighted mean over rows."""
        _, agreement = self._agreement(graph, parameters, rows)
        return float(rows.weights @ self.values(agreement).sum(axis=1))

    def gradient(self, graph: Topology, parameters: Parameters, rows: Rows) -> Parameters:
        """Return the gradient of `value` by weights and biases."""
        spins, agreement = self._agreement(graph, parameters, rows)
        # c_i = d value / d a_i of every row; a_i depends on h_i, and on J_ij times s_j.
        c = rows.weights[:, None] * self.slopes(agreement) * spins
        by_field = c.sum(axis=0)
        by_coupling = graph.pair_sums(c, spins) + graph.pair_sums(spins, c)
        if not graph.binary:
            return Parameters(by_coupling, by_field)
        # J = W / 4 and h = b / 2 + sum_j W_ij / 4.
        by_weight = (by_coupling + by_field[graph.rows] + by_field[graph.cols]) / 4
        return Parameters(by_weight, by_field / 2)

    def _agreement(
        self, graph: Topology, parameters: Parameters, rows: Rows
    ) -> tuple[FloatArray, FloatArray]:
        """Return spins in the order of the units, and ``s_i a_i``, both (rows, n)."""
        energy = graph.energy(parameters)
        spins = np.empty(rows.spins.shape)
        spins[:, graph.visible] = rows.spins
        return spins, -spins * (graph.sums_of_rows(energy.weights)(spins) + energy.linear)


@dataclass(frozen=True)
class PseudoLikelihood(Objective):
    """The sum over units of ``ln p(s_i | the others)``.

    References
    ----------
    J. Besag, The Statistician 24, 179 (1975).

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.boltzmann.PseudoLikelihood().values(0.0).round(4).tolist()
    -0.6931
    """

    def values(self, agreement: FloatArray) -> FloatArray:
        """Return ``-ln(1 + exp(-2 x))``."""
        return -np.logaddexp(0, -2 * agreement)

    def slopes(self, agreement: FloatArray) -> FloatArray:
        """Return ``2 p(-s_i | the others)``."""
        return 2 * _wrong(agreement)


@dataclass(frozen=True)
class RatioMatching(Objective):
    """Minus the sum over units of ``p(-s_i | the others)**2``.

    References
    ----------
    A. Hyvarinen, Computational Statistics & Data Analysis 51, 2499 (2007).

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.boltzmann.RatioMatching().values(0.0).tolist()
    -0.25
    """

    def values(self, agreement: FloatArray) -> FloatArray:
        """Return minus the square of the chance of the other spin."""
        return -(_wrong(agreement) ** 2)

    def slopes(self, agreement: FloatArray) -> FloatArray:
        """Return ``4 q**2 (1 - q)``, q the chance of the other spin."""
        wrong = _wrong(agreement)
        return 4 * wrong**2 * (1 - wrong)


@dataclass(frozen=True)
class MinimumProbabilityFlow(Objective):
    """Minus the rate at which probability leaves rows of the data by single flips.

    A flip counts wherever it leads; the paper leaves out those that lead from one row of the data
    to another. In the limit of many draws the maximum is at the machine that drew them.

    References
    ----------
    J. Sohl-Dickstein, P. B. Battaglino, M. R. DeWeese, Physical Review Letters 107, 220601
    (2011).

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.boltzmann.MinimumProbabilityFlow().values(0.0).tolist()
    -1.0
    """

    def values(self, agreement: FloatArray) -> FloatArray:
        """Return ``-exp(-x)``: half the energy that the flip would cost."""
        return -np.exp(-agreement)

    def slopes(self, agreement: FloatArray) -> FloatArray:
        """Return ``exp(-x)``."""
        return np.exp(-agreement)


def _wrong(agreement: FloatArray) -> FloatArray:
    """Return ``p(-s_i | the others)``, without overflow."""
    return np.exp(-np.logaddexp(0, 2 * agreement))
