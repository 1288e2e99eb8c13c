"""A sample under way: chains at one beta, with their draws."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from magnetite import _core
from magnetite.checkpoints import Checkpoint, write_checkpoint
from magnetite.control import Tally
from magnetite.facts import run_facts, versions
from magnetite.jobs import RunJob
from magnetite.models import Model
from magnetite.moments import moments_in_values
from magnetite.plans import SamplePlan
from magnetite.recorded import NOT_RECORDED
from magnetite.results import Best, SampleResult
from magnetite.starts import tile_states

__all__ = ["SampleJob"]


class SampleJob(RunJob[_core.SampleRun]):
    """The job that the slice loop drives: one run of the core, timed."""

    def __init__(
        self,
        model: Model,
        plan: SamplePlan,
        num_threads: int,
        saved: dict[str, Any] | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._plan = plan
        run = _core.SampleRun(
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
        super().__init__(model, run, saved, clock)

    def tally(self) -> Tally:
        """Return how far the job is."""
        done, total, best_energy = self._run.progress()
        return Tally(done, total, best_energy, self._plan.num_chains if self._done else 0, 0)

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
            draws=model.from_spins(run.draws()) if self._plan.store_states else NOT_RECORDED,
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
