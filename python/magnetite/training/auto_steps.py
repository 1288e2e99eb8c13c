"""Gibbs steps an update, as many as the chains need: ``steps="auto"``."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite.diagnostics._series import integrated_times
from magnetite.training.observables import Observables
from magnetite.training.phases import Context
from magnetite.units.base import Array

__all__ = ["AutoSteps"]

INTERVAL = 50
"""Updates between decisions."""


class AutoSteps:
    """Decides how many Gibbs steps persistent chains make between updates.

    They begin with one and are doubled when the integrated autocorrelation time of the chains
    exceeds them, up to a cap: states at successive updates are then never far from independent, and
    chains keep up with the machine. The time is measured every 50 updates, of the visible states
    along the three strongest directions of the weights, less the mean over the chains, which moves
    as the machine learns.

    Parameters
    ----------
    context : Context
        The training.
    cap : int
        Most steps, 100 by default.

    Attributes
    ----------
    steps : int
        Steps of the next update.
    autocorrelation_time : float
        What was measured last, in Gibbs steps; nan before.
    """

    def __init__(self, context: Context, cap: int = 100) -> None:
        self.cap, self.steps, self.autocorrelation_time = cap, 1, float("nan")
        self.seen = Observables(context.rbm, context.layers)
        self.series: list[NDArray[np.float64]] = []

    def next_steps(self, v: Array) -> int:
        """Take the chains' visible states after an update; return the steps of the next one."""
        self.series.append(self.seen.places(v))
        if len(self.series) == INTERVAL:
            self._decide()
        return self.steps

    def _decide(self) -> None:
        places = np.stack(self.series, axis=1)  # chains, updates, directions
        places -= places.mean(axis=0 if len(places) > 1 else 1, keepdims=True)
        times = integrated_times(places, np.full(len(places), INTERVAL), num_means=INTERVAL)
        tau = float(times.tau.max())
        self.autocorrelation_time = tau * self.steps
        if tau > 1 and self.steps < self.cap:
            self.steps = min(2 * self.steps, self.cap)
        self.series = []
        self.seen.turn()

    def figures(self) -> dict[str, float]:
        """Return the steps, and the autocorrelation time measured last, in Gibbs steps."""
        return {"steps": self.steps, "training_time": self.autocorrelation_time}

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        return {
            "steps": self.steps,
            "autocorrelation_time": self.autocorrelation_time,
            "directions": self.seen.directions,
            "series": np.array(self.series),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Undo `state`."""
        self.steps = int(state["steps"])
        self.autocorrelation_time = float(state["autocorrelation_time"])
        self.seen.directions = state["directions"]
        self.series = list(state["series"])
