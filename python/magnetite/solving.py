"""A search for the best state under way."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from magnetite import _core
from magnetite.checkpoints import Checkpoint, write_checkpoint
from magnetite.control import Tally
from magnetite.facts import versions
from magnetite.jobs import RunJob
from magnetite.models import Model
from magnetite.plans import SolvePlan
from magnetite.results import Best
from magnetite.solve_result import SolveResult

__all__ = ["SolveJob"]

ROUND = (
    "step",
    "epoch",
    "num_sweeps",
    "first_beta",
    "clusters",
    "recombined",
    "reheated",
    "best_energy",
    "mean_energy",
)
"""What the core says of a round, in its order; see `SolveResult`."""


class SolveJob(RunJob[_core.SolveRun]):
    """The job that the slice loop drives: one search of the core, timed."""

    def __init__(
        self,
        model: Model,
        plan: SolvePlan,
        num_threads: int,
        saved: dict[str, Any] | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._plan = plan
        run = _core.SolveRun(
            model.core,
            initial_states=plan.initial_states,
            num_rounds=plan.num_rounds,
            num_best=plan.num_best,
            num_threads=num_threads,
            **plan.core_options(),
        )
        super().__init__(model, run, saved, clock)

    def tally(self) -> Tally:
        """Return how far the job is."""
        rounds, sweeps, best_energy = self._run.progress()
        return Tally(
            done=sweeps,
            total=None,
            best_energy=best_energy,
            reads_done=0,
            round=rounds,
            num_rounds=self._plan.num_rounds,
        )

    def result(self, stop_reason: str) -> SolveResult:
        """Return all that was found so far."""
        began, model, run = self._clock(), self._model, self._run
        spins = run.states()
        energies = model.core.energies(spins)
        order = np.argsort(energies, kind="stable")
        states, energies = model.from_spins(spins[order]), energies[order]
        num_variables, num_couplings = run.kernel
        timing = {"preprocessing": self.preprocessing, "sampling": self._seconds}
        result = SolveResult(
            states=states,
            energies=energies,
            objectives=model.energy_to_objective(energies),
            best=Best(states[0], float(energies[0])),
            best_objective=self.objective(float(energies[0])),
            is_optimal=run.is_solved,
            variables=model.variables,
            values=model.values,
            objective_name=model.objective_name,
            sense=model.sense,
            info={
                **self._plan.info(),
                "num_threads": run.num_threads,
                "reduced_to": {"num_variables": num_variables, "num_couplings": num_couplings},
                "rounds": [self._round(this) for this in run.rounds()],
                "sweeps_done": run.progress()[1],
                "stop_reason": stop_reason,
                "deterministic": self._done,
                "timing": timing,
                "versions": versions(),
            },
        )
        timing["postprocessing"] = self._clock() - began
        return result

    def _round(self, told: tuple[Any, ...]) -> dict[str, Any]:
        return dict(zip(ROUND, told, strict=True))

    def save(self, path: Path, time_left: float) -> None:
        """Write a checkpoint over `path`."""
        state = {"run": self._run.snapshot(), "seconds": self._seconds}
        write_checkpoint(path, Checkpoint("solve", self._model, self._plan, state, time_left))
