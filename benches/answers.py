"""Measure how good the answers are that the command line finds in a given time.

Runs ``magnetite anneal FILE --time-limit T`` on instances of the data folder, which MAGNETITE_DATA
names, for several seeds, and prints how often the best known value was reached and how far the
worst answer lies from it. A run that reaches the best known value is stopped there::

    python benches/answers.py              # everything, about 10 minutes on two cores
    python benches/answers.py --seeds 3 --sets gset-10s
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

Row = dict[str, str]


@dataclass(frozen=True)
class Instances:
    """Some instances, the seconds that a run on them gets, and how many seeds they are run with."""

    wanted: Callable[[Row], bool]
    seconds: int
    seeds: int


def gset(*names: str) -> Callable[[Row], bool]:
    return lambda row: row["instance"] in names


def family(name: str, start: str) -> Callable[[Row], bool]:
    return lambda row: (
        row["family"] == name
        and row["instance"].startswith(start)
        and not row["file"].endswith(".qubo")
    )


SETS = {
    "gset-10s": Instances(gset("G1", "G6", "G11", "G22", "G43"), seconds=10, seeds=10),
    "gset-30s": Instances(gset("G35", "G55", "G60", "G81"), seconds=30, seeds=3),
    "be": Instances(family("biqmac_be", "be"), seconds=10, seeds=1),
    "bqp250": Instances(family("orlib_bqp", "bqp250"), seconds=10, seeds=1),
}


@dataclass(frozen=True)
class Answer:
    """What one run reached: the relative gap to the best known value, and the seconds taken."""

    gap: float
    seconds: float


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--seeds", type=int, help="instead of each set's own number")
    args = parser.parse_args(arguments)
    folder = os.environ.get("MAGNETITE_DATA")
    if folder is None:
        print("MAGNETITE_DATA does not name the folder of real instances", file=sys.stderr)
        return 2
    with open(Path(folder) / "best_known.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    print("| instance | best known | seconds | reached | worst gap, % | median time, s |")
    print("|---|---|---|---|---|---|")
    for name in args.sets:
        measure(name, SETS[name], rows, Path(folder), args.seeds)
    return 0


def measure(
    name: str, chosen: Instances, rows: Sequence[Row], folder: Path, seeds: int | None
) -> None:
    """Print a line for each instance of a set, or one for all where they are many."""
    found = [row for row in rows if chosen.wanted(row)]
    answers = [
        [
            anneal(row, folder, chosen.seconds, seed)
            for seed in range(1, (seeds or chosen.seeds) + 1)
        ]
        for row in found
    ]
    if name.startswith("gset"):
        for row, of_row in zip(found, answers, strict=True):
            print_line(row["instance"], row["best_known"], chosen.seconds, of_row)
    else:
        everything = [answer for of_row in answers for answer in of_row]
        print_line(f"{name}, {len(found)} instances", "optimal", chosen.seconds, everything)


def print_line(name: str, best: str, seconds: int, answers: Sequence[Answer]) -> None:
    reached = sum(answer.gap <= 0 for answer in answers)
    worst = 100 * max(answer.gap for answer in answers)
    median = statistics.median(answer.seconds for answer in answers)
    cells = [name, best, seconds, f"{reached} of {len(answers)}", f"{worst:.3f}", f"{median:.1f}"]
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def anneal(row: Row, folder: Path, seconds: int, seed: int) -> Answer:
    """Run the command line on one instance."""
    command = [sys.executable, "-m", "magnetite", "anneal", str(folder / row["file"]), "--json"]
    best = float(row["best_known"])
    options = {"--time-limit": seconds, "--seed": seed, "--target": best}
    started = time.perf_counter()
    ran = subprocess.run(
        [*command, *(f"{option}={value}" for option, value in options.items())],
        capture_output=True,
        text=True,
    )
    taken = time.perf_counter() - started
    if not ran.stdout:
        raise RuntimeError(f"{row['instance']} failed:\n{ran.stderr}")
    report = json.loads(ran.stdout)
    value = report["best"]["objective"]
    worse = value - best if report["sense"].startswith("min") else best - value
    return Answer(worse / abs(best), taken)


if __name__ == "__main__":
    raise SystemExit(main())
