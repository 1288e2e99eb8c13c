"""Population annealing under way: the job that the slice loop drives."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from magnetite import _core
from magnetite.checkpoints import Checkpoint, write_checkpoint
from magnetite.control import Tally
from magnetite.facts import run_facts, versions
from magnetite.jobs import RunJob
from magnetite.models import Model
from magnetite.plans import PopulationPlan
from magnetite.population_result import PopulationResult
from magnetite.results import Best

__all__ = ["PopulationJob"]


class PopulationJob(RunJob[_core.PopulationRun]):
    """One run of the core, timed."""

    def __init__(
        self,
        model: Model,
        plan: PopulationPlan,
        num_threads: int,
        saved: dict[str, Any] | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._plan = plan
        run = _core.PopulationRun(
            model.core,
            first_chain=plan.first_chain,
            population=plan.population,
            num_populations=plan.num_populations,
            betas=(plan.beta, plan.culling) if plan.betas is None else plan.betas,
            sweeps_per_step=plan.sweeps_per_step,
            num_threads=num_threads,
            **plan.core_options(),
        )
        super().__init__(model, run, saved, clock)

    def tally(self) -> Tally:
        """Return how far the job is."""
        done, total, best_energy = self._run.progress()
        replicas = self._plan.population * self._plan.num_populations
        return Tally(done, total, best_energy, replicas if self._done else 0, 0)

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
