"""What a run found, as text for people and as JSON for programs."""

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from textwrap import shorten
from typing import Any, ClassVar

import numpy as np

from magnetite import _core
from magnetite.cli.goal import Goal
from magnetite.cli.problem import Problem
from magnetite.cli.words import count, dump_json, plain, rate, rounded, seconds, table
from magnetite.models.solutions import Decodable, Solution
from magnetite.results import AnnealResult, Result
from magnetite.solve_result import SolveResult

__all__ = ["AnnealReport", "Report", "SolveReport"]

ANSWER_WIDTH = 500  # the whole answer is in the JSON document


@dataclass(frozen=True)
class Report(ABC):
    """One run, ready to be told; each kind of run says in its own words what it did.

    Attributes
    ----------
    problem : Problem
        What was worked on.
    result : Result
        What was found.
    best_known, target : Goal or None
        What it is compared with.
    sweeps_done : int
        Sweeps, summed over all reads of all rounds.
    output : str or None
        The file that the best state was written to.
    plot : str or None
        The file that a picture was written to.
    """

    problem: Problem
    result: Result
    best_known: Goal | None = None
    target: Goal | None = None
    sweeps_done: int = 0
    output: str | None = None
    plot: str | None = None

    done: ClassVar[str]  # what is said of a run that came to its end

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the run."""
        return bool(self.result.info["stop_reason"] == "interrupted")

    @property
    def target_missed(self) -> bool:
        """Whether there was a target and it was not reached."""
        return self.target is not None and not self.target.reached(self.result.best_objective)

    def as_text(self) -> str:
        """Return lines of a name and what is to be said of it."""
        result = self.result
        name = result.objective_name
        rows = [("problem", self.problem.title), (name, plain(result.best_objective))]
        if name != "energy":
            rows.append(("energy", plain(result.best.energy)))
        rows += self._solution_rows()
        for word, goal in (("best known", self.best_known), ("target", self.target)):
            if goal is not None:
                rows.append((word, goal.verdict(result.best_objective)))
        rows += [
            *self._work(),
            ("time", self._time_text()),
            *self._path(),
            ("seed", str(result.info["seed"])),
            ("stopped", self._stopped()),
        ]
        for word, path in (("written", self.output), ("picture", self.plot)):
            if path is not None:
                rows.append((word, path))
        return table(rows)

    def as_json(self, command: str, exit_code: int) -> str:
        """Return one JSON document."""
        result = self.result
        objective = result.best_objective
        return dump_json(
            {
                "command": command,
                "version": _core.version(),
                "problem": self.problem.as_json(),
                "objective": result.objective_name,
                "sense": self.problem.model.sense,
                "best": {
                    "objective": objective,
                    "energy": result.best.energy,
                    "state": result.best.state,
                },
                "solution": self._solution_json(),
                "best_known": None
                if self.best_known is None
                else self.best_known.as_json(objective),
                "target": None if self.target is None else self.target.as_json(objective),
                **self._draws_as_json(),
                **self._work_as_json(),
                "updates_per_second": self._updates_per_second(),
                "stop_reason": result.info["stop_reason"],
                "exit_code": exit_code,
                "output": self.output,
                "plot": self.plot,
                "info": result.info,
            }
        )

    def _solution(self) -> Solution | None:
        """Return what the best state means, where the model has more to say than the state."""
        model = self.problem.model
        if not isinstance(model, Decodable):
            return None
        found = model.decode(self.result.best.state)
        return found if found.text() else None

    def _solution_rows(self) -> list[tuple[str, str]]:
        found = self._solution()
        if found is None:
            return []
        broken = ", ".join(f"{kind}: {number:,}" for kind, number in found.violations.items())
        return [
            ("answer", shorten(found.text(), ANSWER_WIDTH, placeholder=" ...")),
            ("feasible", "yes" if found.feasible else f"no ({broken})"),
        ]

    def _solution_json(self) -> dict[str, Any] | None:
        found = self._solution()
        return None if found is None else {"feasible": found.feasible, **asdict(found)}

    def _stopped(self) -> str:
        reason: str = self.result.info["stop_reason"]
        return self.done if reason == "completed" else _STOPPED.get(reason, reason)

    def _draws_as_json(self) -> dict[str, Any]:
        """Return the values of all states that the result holds."""
        return {"objectives": self.result.objectives, "energies": self.result.energies}

    @abstractmethod
    def _work(self) -> list[tuple[str, str]]:
        """Return lines on what was done."""

    @abstractmethod
    def _work_as_json(self) -> dict[str, Any]:
        """Return entries on what was done."""

    def _path(self) -> list[tuple[str, str]]:
        """Return a line on the implementation that was taken."""
        return []

    def _time_text(self) -> str:
        return (
            f"{seconds(self._seconds())}, {rate(self._updates_per_second())}, "
            f"{count(self.result.info['num_threads'], 'thread')}"
        )

    def _seconds(self) -> float:
        """Return how long the sweeps took, those that tuned the run among them."""
        timing = self.result.info["timing"]
        return float(timing["sampling"] + timing.get("tuning", 0.0))

    def _updates_per_second(self) -> float:
        updates = self.sweeps_done * self.problem.model.num_variables
        return updates / max(1e-9, self._seconds())


class AnnealReport(Report):
    """An anneal, ready to be told."""

    done = "all reads done"

    def _work(self) -> list[tuple[str, str]]:
        result = self.result
        assert isinstance(result, AnnealResult)
        best = np.count_nonzero(result.energies <= result.best.energy)
        sweeps = np.unique(result.sweeps_done)
        lengths = f"{sweeps[0]:,}" if sweeps.size == 1 else f"{sweeps[0]:,} to {sweeps[-1]:,}"
        text = (
            f"{count(len(result.energies), 'read')} of {lengths} sweeps, {best:,} at the best; "
            f"mean {result.objective_name} {rounded(float(np.mean(result.objectives)))}"
        )
        return [("reads", text)]

    def _work_as_json(self) -> dict[str, Any]:
        assert isinstance(self.result, AnnealResult)
        return {"sweeps_done": self.result.sweeps_done}

    def _path(self) -> list[tuple[str, str]]:
        info = self.result.info
        return [("path", f"{info['path']}, {info['simd']}")]


class SolveReport(Report):
    """A search, ready to be told."""

    done = "all rounds done"

    def _work(self) -> list[tuple[str, str]]:
        result = self.result
        assert isinstance(result, SolveResult)
        left = result.info["reduced_to"]
        kept = (
            f"to {count(left['num_variables'], 'variable')}, "
            f"{count(left['num_couplings'], 'coupling')}"
        )
        if result.is_optimal:
            return [("reduced", kept), ("proven", "optimal")]
        return [("reduced", kept), ("rounds", self._rounds_text(result))]

    def _stopped(self) -> str:
        result = self.result
        assert isinstance(result, SolveResult)
        if result.is_optimal and result.info["stop_reason"] == "completed":
            return "the answer is proven"
        return super()._stopped()

    def _rounds_text(self, result: SolveResult) -> str:
        rounds = result.info["rounds"]
        populations = len({this["epoch"] for this in rounds})
        improved = {name: sum(this[name] for this in rounds) for name in ("recombined", "reheated")}
        return (
            f"{len(rounds):,}, with {count(populations, 'population')} of 64; children better than "
            f"their parent: {improved['recombined']:,} recombined, "
            f"{improved['reheated']:,} reheated as well"
        )

    def _work_as_json(self) -> dict[str, Any]:
        assert isinstance(self.result, SolveResult)
        return {"sweeps_done": self.sweeps_done, "is_optimal": self.result.is_optimal}


_STOPPED = {
    "time_limit": "time limit",
    "target_energy": "target reached",
}
