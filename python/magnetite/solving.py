"""A search for the best state under way."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite import _core
from magnetite.checkpoints import Checkpoint, write_checkpoint
from magnetite.control import Tally
from magnetite.facts import versions
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


class SolveJob:
    """The job that the slice loop drives: one search of the core, timed."""

    ending = "completed"

    def __init__(
        self,
        model: Model,
        plan: SolvePlan,
        num_threads: int,
        saved: dict[str, Any] | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.preprocessing = 0.0
        self._model, self._plan, self._clock = model, plan, clock
        self._run = _core.SolveRun(
            model.core,
            initial_states=plan.initial_states,
            num_rounds=plan.num_rounds,
            num_best=plan.num_best,
            num_threads=num_threads,
            **plan.core_options(),
        )
        self._seconds, self._done = 0.0, False
        if saved is not None:
            self._run.restore(saved["run"])
            self._seconds = saved["seconds"]

    def advance(self, seconds: float, time_left: float) -> bool:
        """Work about `seconds`; return True when all is done."""
        began = self._clock()
        self._done = self._run.advance(seconds)
        self._seconds += self._clock() - began
        return self._done

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

    def best_state(self) -> NDArray[np.int8]:
        """Return the best state so far in the model's own values."""
        return self._model.from_spins(self._run.best()[0])

    def objective(self, energy: float) -> float:
        """Return an energy in the model's own sign."""
        return float(self._model.energy_to_objective(energy))

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
