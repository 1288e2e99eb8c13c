"""What jobs of a single run of the core share: the clock, the best state, checkpoints taken up."""

import math
import time
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from magnetite.models import Model
from magnetite.results import Best

__all__ = ["RunJob"]


class CoreRun(Protocol):
    """A run of the core that can be advanced and put aside."""

    def advance(self, seconds: float) -> bool: ...
    def states(self) -> NDArray[np.int8]: ...
    def best(self) -> tuple[NDArray[np.int8], float]: ...
    def restore(self, snapshot: dict[str, NDArray[Any]]) -> None: ...


RunT = TypeVar("RunT", bound=CoreRun)


class RunJob(Generic[RunT]):
    """One run of the core, timed; a job is this and what it tells and returns."""

    ending = "completed"

    def __init__(
        self,
        model: Model,
        run: RunT,
        saved: dict[str, Any] | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.preprocessing = 0.0
        self._model, self._run, self._clock = model, run, clock
        self._seconds, self._done = 0.0, False
        if saved is not None:
            run.restore(saved["run"])
            self._seconds, self._done = saved["seconds"], saved.get("done", False)

    def advance(self, seconds: float, time_left: float) -> bool:
        """Work about `seconds`; return True when all is done."""
        began = self._clock()
        self._done = self._run.advance(seconds)
        self._seconds += self._clock() - began
        return self._done

    def best_state(self) -> NDArray[np.int8]:
        """Return the best state so far in the model's own values."""
        return self._model.from_spins(self._best().state)

    def _best(self) -> Best:
        """Return the best spins seen; before the start, the best of the starts."""
        best = Best(*self._run.best())
        if math.isfinite(best.energy):
            return best
        states = self._run.states()
        energies = self._model.core.energies(states)
        return Best(states[energies.argmin()], float(energies.min()))

    def objective(self, energy: float) -> float:
        """Return an energy in the model's own sign."""
        return float(self._model.energy_to_objective(energy))
