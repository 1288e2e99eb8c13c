"""The measurements: each returns plain records, which the tables print and ``--json`` dumps."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from comparing.packages import Magnetite, Outcome, Package
from comparing.problems import Problem

FOLDER = Path(__file__).parents[1]
Record = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    reads: int = 64
    repeats: int = 3
    seed: int = 1


@dataclass(frozen=True)
class Runner:
    """One package with its share of the work."""

    package: Package
    reads: int
    sweeps: int


def in_turn(problem: Problem, runners: Sequence[Runner], plan: Plan) -> list[list[Outcome]]:
    """Run all packages after each other, and all of that so often: a busy minute hits all alike."""
    outcomes: list[list[Outcome]] = [[] for _ in runners]
    for repeat in range(plan.repeats):
        for runner, found in zip(runners, outcomes, strict=True):
            found.append(
                runner.package.anneal(
                    problem, reads=runner.reads, sweeps=runner.sweeps, seed=plan.seed + repeat
                )
            )
    return outcomes


def rate(problem: Problem, runner: Runner, found: Sequence[Outcome], clock: str) -> float:
    """Return updates/s = reads x sweeps x n / time, the median over repeats."""
    updates = runner.reads * runner.sweeps * problem.edges.n
    return updates / statistics.median(getattr(outcome, clock) for outcome in found)


def excess(ours: Sequence[Outcome], theirs: Sequence[Outcome]) -> float | None:
    """Return by how many standard errors our mean last energy lies above theirs.

    The spread of a read is taken from our reads, of which there are many, for both; a single read
    has none, and gives None.
    """
    a = np.concatenate([outcome.energies for outcome in ours])
    if a.size < 2:
        return None
    b = np.concatenate([outcome.energies for outcome in theirs])
    error = a.std(ddof=1) * np.sqrt(1 / a.size + 1 / b.size)
    return float((a.mean() - b.mean()) / error) if error > 0 else 0.0


def compare(problem: Problem, peers: Sequence[Package], plan: Plan) -> Record:
    """Measure ours against every peer in one thread, at the same sweeps and betas."""
    runners = [Runner(Magnetite(), plan.reads, problem.sweeps)]
    runners += [Runner(p, min(plan.reads, problem.peer_reads), problem.sweeps) for p in peers]
    return _record(problem, runners, in_turn(problem, runners, plan))


def one_read(problem: Problem, peers: Sequence[Package], plan: Plan) -> Record:
    """Measure a single read, where no chains lie side by side."""
    sweeps = max(problem.sweeps, 20_000_000 // problem.edges.n)
    runners = [Runner(package, 1, sweeps) for package in (Magnetite(), *peers)]
    return _record(problem, runners, in_turn(problem, runners, plan))


def _record(
    problem: Problem, runners: Sequence[Runner], outcomes: Sequence[Sequence[Outcome]]
) -> Record:
    def rates(clock: str) -> list[float]:
        return [rate(problem, r, o, clock) for r, o in zip(runners, outcomes, strict=True)]

    sampling, wall = rates("sampling"), rates("wall")
    return {
        "problem": problem.name,
        "what": problem.what,
        "reads": runners[0].reads,
        "sweeps": runners[0].sweeps,
        "updates_per_second": sampling[0],
        "peers": [
            {
                "package": runner.package.name,
                "reads": runner.reads,
                "updates_per_second": sampling[k],
                "ratio": sampling[0] / sampling[k],
                "wall_ratio": wall[0] / wall[k],
                "energy_excess": excess(outcomes[0], outcomes[k]),
            }
            for k, runner in enumerate(runners[1:], 1)
        ],
    }


def thread_scaling(problem: Problem, reads: int, plan: Plan) -> Record:
    """Measure two threads against one."""
    runners = [Runner(Magnetite(threads), reads, 4 * problem.sweeps) for threads in (1, 2)]
    one, two = in_turn(problem, runners, plan)
    speed = [rate(problem, r, o, "sampling") for r, o in zip(runners, (one, two), strict=True)]
    same = all(np.array_equal(a.energies, b.energies) for a, b in zip(one, two, strict=True))
    return {
        "problem": problem.name,
        "reads": reads,
        "updates_per_second": speed,
        "ratio": speed[1] / speed[0],
        "same_energies": same,
    }


def vector_levels(problem: Problem, plan: Plan) -> Record:
    """Measure every vector level of this CPU, each in a process of its own."""
    from magnetite import _core

    levels = _core.simd_levels()
    found: dict[str, list[Record]] = {level: [] for level in levels}
    for repeat in range(plan.repeats):
        for level in levels:
            found[level].append(
                in_subprocess(
                    "level", problem.name, plan.reads, plan.seed + repeat, MAGNETITE_SIMD=level
                )
            )
    speeds = {
        level: statistics.median(record["updates_per_second"] for record in records)
        for level, records in found.items()
    }
    energies = [[record["energies"] for record in records] for records in found.values()]
    return {
        "problem": problem.name,
        "updates_per_second": speeds,
        "same_energies": all(other == energies[0] for other in energies),
    }


def in_subprocess(*arguments: object, **environment: str) -> Record:
    """Run one measurement of ``comparing.child`` in a fresh interpreter."""
    ran = subprocess.run(
        [sys.executable, "-m", "comparing.child", *map(str, arguments)],
        cwd=FOLDER,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    if ran.returncode:
        raise RuntimeError(f"{' '.join(map(str, arguments))} failed:\n{ran.stderr}")
    record: Record = json.loads(ran.stdout)
    return record


def medians(measure: Callable[[], Record], repeats: int) -> Record:
    """Repeat a measurement, and take the median of each number."""
    records = [measure() for _ in range(repeats)]
    return {key: statistics.median(record[key] for record in records) for key in records[0]}
