"""Phases of small machines by enumeration: no noise, no error."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite.boltzmann.phases import Context, PhaseRun, Rows
from magnetite.inputs import FloatArray
from magnetite.models.topology import Moments, Parameters, Topology

__all__ = ["MOST_ENUMERATED", "Conditionals", "Enumeration"]

MOST_ENUMERATED = 20
"""Units whose states are listed at most."""

AT_ONCE = 2**22
"""Probabilities that are in memory at once, of so many rows and states."""


class Conditionals:
    """The states of some units, the others being held, and their probabilities.

    Parameters
    ----------
    graph : Topology
    held : ndarray of int64
        Units that are held.
    """

    def __init__(self, graph: Topology, held: NDArray[np.int64]) -> None:
        self.graph, self.held = graph, held
        free = np.ones(graph.num_units, np.bool_)
        free[held] = False
        self.free = np.flatnonzero(free)
        count = self.free.size
        if count > MOST_ENUMERATED:
            what = "hidden units" if held.size else "units"
            raise ValueError(
                f"enumeration must have at most {MOST_ENUMERATED} {what}, got {count}; sample them "
                "with mg.boltzmann.Chains or Annealing"
            )
        self.states = 2.0 * (np.arange(2**count)[:, None] >> np.arange(count) & 1) - 1

    @property
    def rows_at_once(self) -> int:
        """Rows whose probabilities are made at once."""
        return max(1, AT_ONCE // len(self.states))

    def minus_energies(self, parameters: Parameters, spins: FloatArray) -> FloatArray:
        """Return -E of each row with each state of the free units, shape (rows, states)."""
        energy = self.graph.energy(parameters)
        couplings = self.graph.matrix(energy.weights)
        fields = energy.linear[self.free] + spins @ couplings[np.ix_(self.held, self.free)]
        inner = couplings[np.ix_(self.free, self.free)]
        among_free = np.einsum("si,si->s", self.states @ inner, self.states) / 2
        among_held = (
            np.einsum("ri,ri->r", spins @ couplings[np.ix_(self.held, self.held)], spins) / 2
            + spins @ energy.linear[self.held]
        )
        total: FloatArray = fields @ self.states.T + among_free
        total += among_held[:, None] + energy.offset
        return np.negative(total, out=total)

    def moments(self, parameters: Parameters, spins: FloatArray, weights: FloatArray) -> FloatArray:
        """Return weighted means of spins and of products of edges (n + m,), over rows."""
        n, held, free = self.graph.num_units, self.held, self.free
        second = np.zeros((n, n))
        means = np.zeros(n)
        of_states = np.zeros(len(self.states))
        for start in range(0, len(spins), self.rows_at_once):
            rows, w = (x[start : start + self.rows_at_once] for x in (spins, weights))
            logs = self.minus_energies(parameters, rows)
            chances = np.exp(logs - logs.max(axis=1, keepdims=True))
            chances *= (w / chances.sum(axis=1))[:, None]
            given = chances @ self.states  # weighted means of the free units of each row
            of_states += chances.sum(axis=0)
            means[held] += w @ rows
            means[free] += given.sum(axis=0)
            second[np.ix_(held, held)] += (rows * w[:, None]).T @ rows
            second[np.ix_(held, free)] += rows.T @ given
        second[np.ix_(free, held)] = second[np.ix_(held, free)].T
        second[np.ix_(free, free)] = (self.states * of_states[:, None]).T @ self.states
        return np.concatenate([means, second[self.graph.rows, self.graph.cols]])

    def log_sums(self, parameters: Parameters, spins: FloatArray) -> FloatArray:
        """Return for each row ``ln sum exp(-E)`` over the states of the free units."""
        found = np.empty(len(spins))
        for start in range(0, len(spins), self.rows_at_once):
            rows = slice(start, start + self.rows_at_once)
            found[rows] = np.logaddexp.reduce(self.minus_energies(parameters, spins[rows]), axis=1)
        return found


@dataclass(frozen=True)
class Enumeration:
    """Sum over all states: of the hidden units given each row, or of all units; 20 at most.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.boltzmann.Enumeration()
    Enumeration()
    """

    def start(self, context: Context) -> PhaseRun:
        """Begin."""
        return _EnumerationRun(context)


class _EnumerationRun:
    """`Enumeration` at work: the states are listed once."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.conditionals = Conditionals(context.graph, context.held)

    def moments(self, parameters: Parameters, rows: Rows, update: int) -> Moments:
        spins, weights = np.empty((1, 0)), np.ones(1)
        if self.context.by_row:
            spins = rows.spins[:, self.context.columns].astype(np.float64)
            weights = rows.weights
        return self.context.graph.moments(self.conditionals.moments(parameters, spins, weights))

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        pass
