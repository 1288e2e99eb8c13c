"""Phases of small machines by enumeration: no noise, no error."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite.boltzmann.phases import Context, PhaseRun, Rows
from magnetite.inputs import FloatArray
from magnetite.models.polynomial import Polynomial
from magnetite.models.topology import Moments, Parameters, Topology

__all__ = ["MOST_ENUMERATED", "Conditionals", "Enumeration"]

MOST_ENUMERATED = 20
"""Units whose states are listed at most."""

AT_ONCE = 2**22
"""Numbers that are in memory at once, of rows and states, or of rows and units."""


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

    def _blocks(self, spins: NDArray[Any]) -> Iterator[tuple[slice, FloatArray]]:
        """Yield parts of rows of the held units, filled up with zeros to all units."""
        n = self.graph.num_units
        step = max(1, AT_ONCE // max(len(self.states), n))
        for start in range(0, len(spins), step):
            part = slice(start, start + step)
            units = np.zeros((len(spins[part]), n))
            units[:, self.held] = spins[part]
            yield part, units

    def _logs(self, energy: Polynomial) -> Callable[[FloatArray], FloatArray]:
        """Return the function of held spins (rows, n) that gives -E, shape (rows, states).

        What does not depend on the free units is left out.
        """
        couplings = self.graph.columns(energy.weights, self.free)
        inner = self.states @ couplings[self.free]
        among_free = np.einsum("si,si->s", inner, self.states) / 2

        def logs(units: FloatArray) -> FloatArray:
            total: FloatArray = (energy.linear[self.free] + units @ couplings) @ self.states.T
            total += among_free
            return np.negative(total, out=total)

        return logs

    def moments(
        self, parameters: Parameters, spins: NDArray[Any], weights: FloatArray
    ) -> FloatArray:
        """Return weighted means of spins and of products of edges (n + m,), over rows."""
        graph, free = self.graph, self.free
        logs_of = self._logs(graph.energy(parameters))
        means, products = np.zeros(graph.num_units), np.zeros(graph.rows.size)
        of_states = np.zeros(len(self.states))
        for part, units in self._blocks(spins):
            w = weights[part]
            logs = logs_of(units)
            chances = np.exp(logs - logs.max(axis=1, keepdims=True))
            chances /= chances.sum(axis=1, keepdims=True)
            of_states += w @ chances
            units[:, free] = chances @ self.states
            means += w @ units
            products += graph.pair_sums(units * w[:, None], units)
        # Given a row, a held unit and another are independent, but free ones are not.
        place = np.full(graph.num_units, -1)
        place[free] = np.arange(free.size)
        one, other = place[graph.rows], place[graph.cols]
        both = (one >= 0) & (other >= 0)
        second = (self.states * of_states[:, None]).T @ self.states
        products[both] = second[one[both], other[both]]
        return np.concatenate([means, products])

    def log_sums(self, parameters: Parameters, spins: NDArray[Any]) -> FloatArray:
        """Return for each row ``ln sum exp(-E)`` over the states of the free units."""
        energy = self.graph.energy(parameters)
        logs_of, sums_of = self._logs(energy), self.graph.sums_of_rows(energy.weights)
        found = np.empty(len(spins))
        for part, units in self._blocks(spins):
            among_held = np.einsum("ri,ri->r", sums_of(units), units) / 2 + units @ energy.linear
            found[part] = np.logaddexp.reduce(logs_of(units), axis=1) - among_held - energy.offset
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
        spins, weights = np.empty((1, 0), np.int8), np.ones(1)
        if self.context.by_row:
            spins, weights = rows.spins[:, self.context.columns], rows.weights
        return self.context.graph.moments(self.conditionals.moments(parameters, spins, weights))

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        pass
