"""One stage of replica exchange in the core."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from magnetite import _core
from magnetite.models import Model
from magnetite.plans import TemperPlan
from magnetite.stages import Seen, Stage

__all__ = ["Clock", "StageRun"]

Clock = Callable[[], float]


class StageRun:
    """One stage and the core's run of it, timed."""

    def __init__(
        self,
        model: Model,
        plan: TemperPlan,
        stage: Stage,
        states: NDArray[np.int8] | None,
        num_threads: int,
        clock: Clock,
    ) -> None:
        began = clock()
        self.stage, self._plan, self._clock = stage, plan, clock
        self.run = _core.TemperRun(
            model.core,
            first_chain=plan.first_chain,
            num_ladders=plan.num_ladders,
            betas=stage.betas,
            num_sweeps=stage.num_sweeps,
            warmup=stage.warmup,
            thin=stage.thin,
            first_sweep=stage.first_sweep,
            swaps=plan.swaps,
            swap_interval=plan.swap_interval,
            cluster_interval=plan.cluster_interval if stage.clusters.any() else 0,
            cluster_rungs=stage.clusters,
            observe_interval=plan.observe_interval if stage.measured else 0,
            links=plan.links and stage.measured,
            moments=plan.moments and stage.measured,
            store_states=plan.store_states and stage.measured,
            initial_states=states,
            num_threads=num_threads,
            **plan.core_options(),
        )
        self.seconds, self.done = clock() - began, False

    def advance(self, seconds: float) -> None:
        """Work about `seconds`."""
        began = self._clock()
        self.done = self.run.advance(seconds)
        self.seconds += self._clock() - began

    def seen(self) -> Seen:
        """Return what the exchanges have shown so far."""
        tried, accepted, from_hot, from_cold, trips = self.run.flows()
        return Seen(
            tried=tried.sum(axis=0),
            accepted=accepted.sum(axis=0),
            from_hot=from_hot.sum(axis=0),
            from_cold=from_cold.sum(axis=0),
            round_trips=int(trips.sum()),
            moves=self.run.clusters(),
            exchanges=self.stage.num_sweeps // self._plan.swap_interval,
            num_ladders=self._plan.num_ladders,
        )

    def speed(self) -> float:
        """Return the sweeps of a replica that are done in a second, all replicas together."""
        replicas = self._plan.num_ladders * self.stage.betas.size
        return self.stage.total * replicas / max(self.seconds, 1e-9)
