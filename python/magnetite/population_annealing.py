"""Population annealing under way: the job that the slice loop drives."""

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
from magnetite.plans import PopulationPlan
from magnetite.population_result import PopulationResult
from magnetite.results import Best

__all__ = ["PopulationJob"]


class PopulationJob:
    """One run of the core, timed."""

    ending = "completed"

    def __init__(
        self,
        model: Model,
        plan: PopulationPlan,
        num_threads: int,
        saved: dict[str, Any] | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.preprocessing = 0.0
        self._model, self._plan, self._clock = model, plan, clock
        self._run = _core.PopulationRun(
            model.core,
            first_chain=plan.first_chain,
            population=plan.population,
            num_populations=plan.num_populations,
            betas=(plan.beta, plan.culling) if plan.betas is None else plan.betas,
            sweeps_per_step=plan.sweeps_per_step,
            num_threads=num_threads,
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
        replicas = self._plan.population * self._plan.num_populations
        return Tally(done, total, best_energy, replicas if self._done else 0, 0)

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

    def result(self, stop_reason: str) -> PopulationResult:
        """Return the populations as they are."""
        began, model, plan, run = self._clock(), self._model, self._plan, self._run
        shape = (plan.num_populations, plan.population)
        spins, best_energy = self._best()
        states = run.states()
        energies = model.core.energies(states).reshape(shape)
        betas, known = run.steps()
        timing = {"preprocessing": self.preprocessing, "sampling": self._seconds}
        result = PopulationResult(
            states=model.from_spins(states).reshape(*shape, model.num_variables),
            energies=energies,
            objectives=model.energy_to_objective(energies),
            best=Best(model.from_spins(spins), best_energy),
            best_objective=self.objective(best_energy),
            betas=betas,
            **known,
            families=run.families(),
            variables=model.variables,
            values=model.values,
            objective_name=model.objective_name,
            sense=model.sense,
            info={
                **plan.info(),
                **run_facts(run),
                "sweeps_done": run.progress()[0] // (plan.population * plan.num_populations),
                "stop_reason": stop_reason,
                "deterministic": self._done,
                "timing": timing,
                "versions": versions(),
            },
        )
        timing["postprocessing"] = self._clock() - began
        return result

    def save(self, path: Path, time_left: float) -> None:
        """Write a checkpoint over `path`."""
        state = {"run": self._run.snapshot(), "seconds": self._seconds, "done": self._done}
        checkpoint = Checkpoint("population_anneal", self._model, self._plan, state, time_left)
        write_checkpoint(path, checkpoint)
