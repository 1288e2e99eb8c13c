"""Figures that are taken while a Boltzmann machine learns."""

import numpy as np

from magnetite.boltzmann.likelihood import Divergence
from magnetite.boltzmann.objectives import Objective
from magnetite.boltzmann.phases import Rows
from magnetite.boltzmann.rows import distinct_rows
from magnetite.boltzmann.session import MachineSession
from magnetite.inputs import FloatArray
from magnetite.models.topology import Parameters
from magnetite.training.data import pick_rows
from magnetite.training.plan import Keys
from magnetite.units.base import Array

__all__ = ["MachineMonitors"]

QUICK_UNITS, QUICK_ROWS = 14, 256
"""Up to so many units, and distinct rows, the divergence is summed after every epoch."""

NUM_ROWS = 1000
"""Rows on which an objective is taken."""


class MachineMonitors:
    """What is told after every epoch, of rows that are learnt and of `validation` rows."""

    def __init__(self, session: MachineSession, validation: Array | None = None) -> None:
        self.session = session
        source = session.source
        v = source.some_rows(NUM_ROWS)
        weights = source.weights if len(v) == len(source.weights) else None
        self.watched = {"": _Watched(session, v, weights)}
        if validation is not None:
            rows = pick_rows(len(validation), NUM_ROWS, Keys.of(session.seed).monitors)
            ones = np.ones(len(rows)) if len(rows) == len(validation) else None
            self.watched["validation_"] = _Watched(session, validation[rows], ones)

    def figures(self) -> dict[str, float]:
        """Return the figures of now."""
        found = {"moment_difference": self.session.difference}
        for name, watched in self.watched.items():
            figures = watched.figures(self.session.parameters)
            found |= {f"{name}{figure}": value for figure, value in figures.items()}
        return found


class _Watched:
    """Rows, and what is measured on them: all of the data where `weights` are given."""

    def __init__(self, session: MachineSession, v: Array, weights: FloatArray | None) -> None:
        self.topology, self.objective = session.topology, session.plan.objective
        shares = np.ones(len(v)) if weights is None else weights
        self.rows = Rows(*distinct_rows(session.rows.spins(v), shares / shares.sum()))
        inputs, num_rows = session.plan.inputs, len(self.rows.spins)
        small = self.topology.num_units - len(inputs) <= QUICK_UNITS and num_rows <= QUICK_ROWS
        whole = weights is not None
        self.divergence = Divergence(self.topology, self.rows, inputs) if small and whole else None

    def figures(self, parameters: Parameters) -> dict[str, float]:
        """Return the figures of now."""
        found = {}
        if self.divergence is not None:
            found["divergence"] = self.divergence.of(parameters)
        if isinstance(self.objective, Objective):
            found["objective"] = self.objective.value(self.topology, parameters, self.rows)
        return found
