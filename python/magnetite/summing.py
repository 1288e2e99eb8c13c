"""Exact sums under way: by enumeration or by elimination, and which of the two it is to be."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from magnetite import _core
from magnetite.control import Control, Job, Tally, drive
from magnetite.memory import check_memory
from magnetite.models import Model
from magnetite.starts import Clamp

__all__ = ["MOST_VARIABLES", "Problem", "Way", "choose_way", "count_of", "sum_up"]

MOST_VARIABLES = 30
"""Free variables that are enumerated, at most."""

QUICK_VARIABLES = 20
"""So few are enumerated in milliseconds, which tells more than elimination does."""

ENTRY_COST = 128
"""States that are enumerated in the time that an entry of a table takes, about."""

STEPS = 10**6


class Run(Protocol):
    """What both runs of the core have."""

    def advance(self, seconds: float) -> bool: ...
    def progress(self) -> tuple[float, float]: ...
    def ground_states(self) -> NDArray[np.int8]: ...
    def residues(self) -> list[tuple[int, int]]: ...
    def weights(self) -> NDArray[np.float64]: ...
    def means(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
    @property
    def num_threads(self) -> int: ...


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be summed, on how many threads and in how much memory; it pickles."""

    model: Model
    clamp: Clamp
    num_threads: int
    max_entries: int

    @property
    def num_free(self) -> int:
        """Number of variables that are not held."""
        return self.model.num_variables - self.clamp.sites.size

    def tree(self) -> _core.EliminationTree:
        """Return an order of elimination and its tables."""
        return _core.EliminationTree(
            self.model.core, clamped=self.clamp.sites, clamped_values=self.clamp.spins
        )


@dataclass(frozen=True, eq=False)
class Way:
    """A way to sum that has been found possible: by a tree of tables, or state by state."""

    problem: Problem
    tree: _core.EliminationTree | None

    @property
    def method(self) -> str:
        """Its name, "enumeration" or "elimination"."""
        return "enumeration" if self.tree is None else "elimination"

    def run(
        self, betas: NDArray[np.float64], *, moments: bool = False, num_states: int = 0
    ) -> _core.EnumerationRun | _core.EliminationRun:
        """Prepare a run of the core; every number of it is relative to the lowest energy."""
        threads = self.problem.num_threads
        if self.tree is not None:
            return self.tree.run(
                betas=betas, moments=moments, num_states=num_states, num_threads=threads
            )
        clamp = self.problem.clamp
        return _core.EnumerationRun(
            self.problem.model.core,
            betas=betas,
            moments=moments,
            num_states=num_states,
            clamped=clamp.sites,
            clamped_values=clamp.spins,
            num_threads=threads,
        )


def choose_way(problem: Problem, method: str) -> Way:
    """Return the way to sum; refuse what is too large, with the limits and the remedy."""
    free = problem.num_free
    if method == "enumeration" and free > MOST_VARIABLES:
        raise ValueError(
            f"method='enumeration' takes at most {MOST_VARIABLES} free variables, got {free}: "
            f"method='elimination' takes more where the graph is narrow; {_OTHERWISE}"
        )
    if method == "enumeration" or (method == "auto" and free <= QUICK_VARIABLES):
        return Way(problem, None)
    tree = problem.tree()
    enumerable = method == "auto" and free <= MOST_VARIABLES
    if tree.entries > problem.max_entries and not enumerable:
        raise ValueError(_too_wide(problem, tree, method))
    if enumerable and ENTRY_COST * tree.entries > 2.0**free:
        return Way(problem, None)
    check_memory({f"tables of elimination of width {tree.width}": int(tree.num_bytes)})
    return Way(problem, tree)


_OTHERWISE = "clamp some variables, or estimate with magnetite.log_partition or magnetite.sample"


def _too_wide(problem: Problem, tree: _core.EliminationTree, method: str) -> str:
    found = f"width {tree.width} ({tree.entries:.3g} entries in all)"
    if tree.width > 60:  # the core looks no further
        found = "a width above 60"
    limit = f"max_entries={problem.max_entries}"
    if method == "elimination":
        return f"method='elimination' needs tables of {found}, more than {limit}: {_OTHERWISE}"
    return (
        f"model must have at most {MOST_VARIABLES} free variables to be enumerated, got "
        f"{problem.num_free}; elimination needs tables of {found}, more than {limit}: {_OTHERWISE}"
    )


class SumJob:
    """The job that the slice loop drives: one run of the core; it has no partial result."""

    ending = "completed"

    def __init__(self, model: Model, run: Run) -> None:
        self.preprocessing = 0.0
        self._model, self._run = model, run

    def advance(self, seconds: float, time_left: float) -> bool:
        """Work about `seconds`; return True when all is done."""
        return self._run.advance(seconds)

    def tally(self) -> Tally:
        """Return how far the job is."""
        behind, lowest = self._run.progress()
        return Tally(int(behind * STEPS), STEPS, lowest, 0, 0)

    def best_state(self) -> NDArray[np.int8]:
        """Return the ground states found so far."""
        return self._model.from_spins(self._run.ground_states())

    def objective(self, energy: float) -> float:
        """Return an energy in the model's own sign."""
        return float(self._model.energy_to_objective(energy))

    def result(self, stop_reason: str) -> None:
        """Return nothing: the run itself is asked."""

    def save(self, path: Path, time_left: float) -> None:
        """Do nothing: there are no checkpoints."""


def sum_up(model: Model, run: Run, *, progress: bool = False) -> None:
    """Carry a run to its end in short slices; Ctrl-C is answered between two."""
    job: Job[None] = SumJob(model, run)
    try:
        drive(job, Control(started=time.perf_counter(), progress=progress))
    except KeyboardInterrupt:
        raise KeyboardInterrupt("an exact sum has no partial result") from None


def count_of(residues: Sequence[tuple[int, int]]) -> int:
    """Return the smallest number with these residues (Chinese remainder theorem).

    Examples
    --------
    >>> from magnetite.summing import count_of
    >>> count_of([(2, 3), (3, 5), (2, 7)])
    23
    """
    count, product = 0, 1
    for residue, modulus in residues:
        step = (residue - count) * pow(product, -1, modulus) % modulus
        count, product = count + product * step, math.lcm(product, modulus)
    return count
