"""A sample under way: chains at one beta, with their draws."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite import _core
from magnetite.checkpoints import Checkpoint, write_checkpoint
from magnetite.control import Tally
from magnetite.facts import run_facts, versions
from magnetite.models import Model
from magnetite.moments import moments_in_values
from magnetite.plans import SamplePlan
from magnetite.results import Best, SampleResult
from magnetite.starts import tile_states

__all__ = ["SampleJob"]


class SampleJob:
    """The job that the slice loop drives: one run of the core, timed."""

    ending = "completed"

    def __init__(
        self,
        model: Model,
        plan: SamplePlan,
        num_threads: int,
        saved: dict[str, Any] | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.preprocessing = 0.0
        self._model, self._plan, self._clock = model, plan, clock
        self._run = _core.SampleRun(
            model.core,
            first_chain=plan.first_chain,
            num_chains=plan.num_chains,
            beta=plan.beta,
            num_sweeps=plan.num_draws * plan.thin,  # sweeps after the last draw serve nothing
            warmup=plan.warmup,
            thin=plan.thin,
            initial_states=tile_states(plan.initial_states, plan.num_chains, "num_chains"),
            num_threads=num_threads,
            store_states=plan.store_states,
            moments=plan.moments,
            **plan.core_options(),
        )
        self._seconds, self._done = 0.0, False
        if saved is not None:
            self._run.restore(saved["run"])
            self._seconds, self._done = saved["seconds"], saved["done"]

    def advance(self, seconds: float, time_left: float) -> bool:
        """Work about `seconds`; return True when all is done."""
        began = self._clock()
        self._done = self._run.advance(seconds)
        self._seconds += self._clock() - began
        return self._done

    def tally(self) -> Tally:
        """Return how far the job is."""
        done, total, best_energy = self._run.progress()
        return Tally(done, total, best_energy, self._plan.num_chains if self._done else 0, 0)

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

    def result(self, stop_reason: str) -> SampleResult:
        """Return all that was drawn so far."""
        began, model, run = self._clock(), self._model, self._run
        spins, best_energy = self._best()
        states, energies = run.states(), run.energies()
        timing = {"preprocessing": self.preprocessing, "sampling": self._seconds}
        result = SampleResult(
            states=model.from_spins(states),
            last_energies=model.core.energies(states),
            energies=energies,
            objectives=model.energy_to_objective(energies),
            best=Best(model.from_spins(spins), best_energy),
            best_objective=self.objective(best_energy),
            **self._moments(),
            draws=model.from_spins(run.draws()) if self._plan.store_states else None,
            variables=model.variables,
            values=model.values,
            objective_name=model.objective_name,
            sense=model.sense,
            info={
                **self._plan.info(),
                **run_facts(run),
                "stop_reason": stop_reason,
                "deterministic": self._done,
                "timing": timing,
                "versions": versions(),
            },
        )
        timing["postprocessing"] = self._clock() - began
        return result

    def _moments(self) -> dict[str, NDArray[Any]]:
        """Return means and correlations, where they were recorded."""
        if not self._plan.moments:
            return {}
        return moments_in_values(self._model, self._run.mean(), self._run.correlations())

    def save(self, path: Path, time_left: float) -> None:
        """Write a checkpoint over `path`."""
        state = {"run": self._run.snapshot(), "seconds": self._seconds, "done": self._done}
        write_checkpoint(path, Checkpoint("sample", self._model, self._plan, state, time_left))
