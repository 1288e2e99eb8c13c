"""Phases by the naive mean field: every unit in the mean of its neighbours."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from magnetite._checks import check_count, check_real
from magnetite.boltzmann.phases import Context, PhaseRun, Rows
from magnetite.inputs import FloatArray
from magnetite.memory import check_memory
from magnetite.models.topology import Moments, Parameters

__all__ = ["MeanField"]


@dataclass(frozen=True)
class MeanField:
    """Moments of independent units, ``m_i = tanh(a_i)`` with ``a_i`` made of the others' means.

    Good for the clamped phase, where it makes a lower bound of the likelihood rise; for the machine
    left alone it is an approximation without a bound, which fails where there are several modes:
    it then takes the mean over solutions from `num_starts` random starts.

    Parameters
    ----------
    num_iterations : int
        Rounds at most, 100 by default.
    tolerance : float
        Change of a mean at which to stop, 1e-4 by default.
    damping : float
        Share of the old means in the new ones, 0.5 by default, against oscillation.
    num_starts : int
        Solutions of the machine left alone, 16 by default.

    References
    ----------
    C. Peterson, J. R. Anderson, Complex Systems 1, 995 (1987).

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.boltzmann.MeanField(tolerance=1e-5).num_iterations
    100
    """

    num_iterations: int = 100
    tolerance: float = 1e-4
    damping: float = 0.5
    num_starts: int = 16

    def __post_init__(self) -> None:
        check_count("num_iterations", self.num_iterations, 1, bits=31)
        check_count("num_starts", self.num_starts, 1, bits=31)
        if not check_real("tolerance", self.tolerance) > 0:
            raise ValueError(f"tolerance must be positive, got {self.tolerance!r}")
        if not 0 <= check_real("damping", self.damping) < 1:
            raise ValueError(f"damping must be at least 0 and below 1, got {self.damping!r}")

    def start(self, context: Context) -> PhaseRun:
        """Begin."""
        if not context.graph.sparse:
            n = context.graph.num_units
            check_memory({f"full matrices of the weights of {n} units": 16 * n * n})
        return _MeanFieldRun(self, context)


class _MeanFieldRun:
    """`MeanField` at work."""

    def __init__(self, options: MeanField, context: Context) -> None:
        self.options, self.context = options, context
        rng = np.random.default_rng(context.key)
        self.starts = rng.uniform(-1, 1, (options.num_starts, context.graph.num_units))

    def moments(self, parameters: Parameters, rows: Rows, update: int) -> Moments:
        graph, context, count = self.context.graph, self.context, len(self.starts)
        if context.clamped:
            means, weights = np.zeros((len(rows.spins), graph.num_units)), rows.weights
            means[:, context.held] = rows.spins
        elif context.by_row:
            means = np.tile(self.starts, (len(rows.spins), 1))
            means[:, context.held] = np.repeat(rows.spins[:, context.columns], count, axis=0)
            weights = np.repeat(rows.weights / count, count)
        else:
            means, weights = self.starts.copy(), np.full(count, 1 / count)
        self._solve(parameters, means)
        products = graph.pair_sums(means * weights[:, None], means)
        return graph.moments(np.concatenate([weights @ means, products]))

    def _solve(self, parameters: Parameters, means: FloatArray) -> None:
        """Bring the means of units that are not held to a solution, in place."""
        options, graph = self.options, self.context.graph
        energy = graph.energy(parameters)
        is_free = np.ones(graph.num_units, np.bool_)
        is_free[self.context.held] = False
        free = np.flatnonzero(is_free)
        sums_of = graph.sums_of_rows(energy.weights, free)
        for _ in range(options.num_iterations):
            wanted = np.tanh(-(energy.linear[free] + sums_of(means)))
            change = (1 - options.damping) * (wanted - means[:, free])
            means[:, free] += change
            if not change.size or np.abs(change).max() < options.tolerance:
                break

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        pass
