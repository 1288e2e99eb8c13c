"""Measure how often, and how fast, ``magnetite solve`` finds the best known values.

Runs the command line on instances of the data folder, which MAGNETITE_DATA names, for several
seeds, and prints for each how often the target was reached, the median time to it, TTS(99 %), and
how far the worst answer lies from the best known value. A run that reaches its target is stopped::

    python benches/solve.py                       # everything, 60 s a run at most: hours
    python benches/solve.py --sets gset-large --seeds 3
    python benches/solve.py --instances G55 --command solve anneal dwave-samplers   # side by side

``anneal`` is the plain annealing of the command line; ``dwave-samplers`` is its simulated annealing
from Python, ten reads of 1,000 sweeps at a time until the target is met. Seconds are those of the
whole run, start of the process and reading of the file included.

TTS(99 %) is the time in which the target is reached with probability 0.99. Runs end when they reach
it, at rate r, so it is ``ln(100) / r``, where r is estimated by the number of runs that reached the
target over the seconds of all; its relative error is one over the root of that number.
"""

import argparse
import csv
import itertools
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

Row = dict[str, str]

# Targets that are not the best known value.
TARGETS = {"G81": 14050.0, "G70": 9595.0, "G55": 10298.0, "K2000": 33337.0}
ELSEWHERE = {"K2000": "k2000/WK2000_1.rud.gz"}


def family(name: str, start: str = "") -> Callable[[Row], bool]:
    return lambda row: row["family"] == name and row["instance"].startswith(start)


def gset(first: int, last: int) -> Callable[[Row], bool]:
    return lambda row: row["family"] == "gset" and first <= int(row["instance"][1:]) <= last


@dataclass(frozen=True)
class Instances:
    """Some instances and the seconds that a run on them gets."""

    wanted: Callable[[Row], bool]
    seconds: float = 60


SETS = {
    "gset-to-54": Instances(gset(1, 54)),
    "gset-large": Instances(gset(55, 81)),
    "sg3d": Instances(family("sg3d")),
    "torus": Instances(family("torus", "toruspm")),
    "ising": Instances(family("biqmac_ising")),
    "pm": Instances(family("biqmac_rudy", "pm")),
    "k2000": Instances(family("k2000"), seconds=20),
}


@dataclass(frozen=True)
class Answer:
    """What one run reached: the relative gap to the best known value, and the seconds taken."""

    value: float
    reached: bool
    gap: float
    seconds: float


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--instances", nargs="+", help="these alone")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--seconds", type=float, help="of a run, instead of each set's own")
    parser.add_argument("--command", nargs="+", choices=COMMANDS, default=["solve"])
    args = parser.parse_args(arguments)
    folder = os.environ.get("MAGNETITE_DATA")
    if folder is None:
        print("MAGNETITE_DATA does not name the folder of real instances", file=sys.stderr)
        return 2
    print(f"| {' | '.join(HEAD)} |")
    print("|" + len(HEAD) * "---|")
    for row, seconds in chosen(args.sets, args.instances, Path(folder)):
        seconds = seconds if args.seconds is None else args.seconds
        for command in args.command:
            answers = [
                COMMANDS[command](command, row, Path(folder), seconds, seed)
                for seed in range(1, args.seeds + 1)
            ]
            print_line(row, command, answers)
    return 0


def chosen(
    sets: Sequence[str], instances: Sequence[str] | None, folder: Path
) -> Iterator[tuple[Row, float]]:
    """Yield the rows of best_known.csv that are to be run, with their seconds."""
    with open(folder / "best_known.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for name in sets:
        for row in rows:
            if SETS[name].wanted(row) and (instances is None or row["instance"] in instances):
                yield row, SETS[name].seconds


def target_of(row: Row) -> float:
    return TARGETS.get(row["instance"], float(row["best_known"]))


def path_of(row: Row, folder: Path) -> Path:
    return folder / ELSEWHERE.get(row["instance"], row["file"])


def print_line(row: Row, command: str, answers: Sequence[Answer]) -> None:
    times = [answer.seconds for answer in answers if answer.reached]
    cells = [
        row["instance"],
        command,
        row["best_known"],
        f"{target_of(row):.12g}",
        f"{len(times)} of {len(answers)}",
        f"{statistics.median(times):.1f}" if times else "-",
        time_to_solution(answers),
        f"{100 * max(answer.gap for answer in answers):.4f}",
    ]
    print(f"| {' | '.join(cells)} |", flush=True)


def time_to_solution(answers: Sequence[Answer]) -> str:
    """Return TTS(99 %) with its standard error; a lower bound where no run reached the target."""
    reached = sum(answer.reached for answer in answers)
    seconds = math.log(100) * sum(answer.seconds for answer in answers)
    if reached == 0:
        return f"> {seconds:.0f}"
    return f"{seconds / reached:.1f} +- {seconds / reached**1.5:.1f}"


def run(command: str, row: Row, folder: Path, seconds: float, seed: int) -> Answer:
    """Run the command line on one instance."""
    target, best = target_of(row), float(row["best_known"])
    options = {"--time-limit": seconds, "--seed": seed, "--target": target}
    started = time.perf_counter()
    ran = subprocess.run(
        [sys.executable, "-m", "magnetite", command, str(path_of(row, folder)), "--json"]
        + [f"{option}={value}" for option, value in options.items()],
        capture_output=True,
        text=True,
    )
    taken = time.perf_counter() - started
    if not ran.stdout:
        raise RuntimeError(f"{row['instance']} failed:\n{ran.stderr}")
    report = json.loads(ran.stdout)
    value = report["best"]["objective"]
    worse = value - best if report["sense"].startswith("min") else best - value
    return Answer(value, report["target"]["reached"], worse / abs(best), taken)


def run_dwave(_: str, row: Row, folder: Path, seconds: float, seed: int) -> Answer:
    """Sample one instance with dwave-samplers until the target is met or the time is over."""
    from dwave.samplers import SimulatedAnnealingSampler

    import magnetite as mg

    target, best = target_of(row), float(row["best_known"])
    started = time.perf_counter()
    model = mg.read(path_of(row, folder))
    bqm = model.to_bqm()
    lowest, goal = math.inf, float(model.objective_to_energy(target))
    for call in itertools.count():
        reads = SimulatedAnnealingSampler().sample(
            bqm, num_reads=10, num_sweeps=1000, seed=1000 * seed + call
        )
        lowest = min(lowest, reads.first.energy)
        taken = time.perf_counter() - started
        if lowest <= goal + 1e-9 * abs(goal) or taken > seconds:
            break
    value = float(model.energy_to_objective(lowest))
    worse = value - best if model.sense == "minimise" else best - value
    return Answer(value, lowest <= goal + 1e-9 * abs(goal), worse / abs(best), taken)


COMMANDS = {"solve": run, "anneal": run, "dwave-samplers": run_dwave}
HEAD = (
    "instance",
    "command",
    "best known",
    "target",
    "reached",
    "median s",
    "TTS(99 %), s",
    "worst gap, %",
)

if __name__ == "__main__":
    raise SystemExit(main())
