"""Figures that are taken while a Boltzmann machine learns."""

import numpy as np

from magnetite.boltzmann.likelihood import Divergence
from magnetite.boltzmann.objectives import Objective
from magnetite.boltzmann.phases import Rows
from magnetite.boltzmann.rows import distinct_rows
from magnetite.boltzmann.session import MachineSession

__all__ = ["MachineMonitors"]

QUICK_UNITS, QUICK_ROWS = 14, 256
"""Up to so many units, and distinct rows, the divergence is summed after every epoch."""

NUM_ROWS = 1000
"""Rows on which an objective is taken."""


class MachineMonitors:
    """What is told after every epoch."""

    def __init__(self, session: MachineSession) -> None:
        self.session = session
        source, topology = session.source, session.topology
        v = source.some_rows(NUM_ROWS)
        weights = np.full(len(v), 1 / len(v))
        whole = len(v) == len(source.weights)
        if whole:
            weights = source.weights / source.weights.sum()
        self.rows = Rows(*distinct_rows(session.rows.spins(v), weights))
        inputs, num_rows = session.plan.inputs, len(self.rows.spins)
        small = topology.num_units - len(inputs) <= QUICK_UNITS and num_rows <= QUICK_ROWS
        self.divergence = Divergence(topology, self.rows, inputs) if small and whole else None

    def figures(self) -> dict[str, float]:
        """Return the figures of now."""
        session, parameters = self.session, self.session.parameters
        found = {"moment_difference": session.difference}
        if self.divergence is not None:
            found["divergence"] = self.divergence.of(parameters)
        if isinstance(session.plan.objective, Objective):
            value = session.plan.objective.value(session.topology, parameters, self.rows)
            found["objective"] = value
        return found
