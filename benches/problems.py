"""Measure which problems of the data folder plain annealing solves in a given time.

Reads cliques, colourings, clauses, numbers and planted problems from the folder that MAGNETITE_DATA
names, anneals each with all defaults until the best known value is reached or the time is over,
decodes the best state, and says how far its objective is from the best known::

    python benches/problems.py --seconds 10                      # about 8 minutes on two cores
    python benches/problems.py --families dimacs_color --seeds 3
"""

import argparse
import csv
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import magnetite as mg
from magnetite.models import Clique, GraphColoring, IndependentSet, Model
from magnetite.models.solutions import Decodable
from magnetite.results import AnnealResult

Row = dict[str, str]
FAMILIES = ("dimacs_clique", "dimacs_color", "satlib", "number_partitioning", "planted")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=FAMILIES)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, default=1)
    args = parser.parse_args(arguments)
    folder = os.environ.get("MAGNETITE_DATA")
    if folder is None:
        print("MAGNETITE_DATA does not name the folder of real instances", file=sys.stderr)
        return 2
    with open(Path(folder) / "best_known.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    print("| instance | variables | best known | found | solved | median time, s |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        if row["family"] in args.families and "xorsat" not in row["instance"]:
            print(measure(row, Path(folder), args.seconds, args.seeds), flush=True)
    return 0


def measure(row: Row, folder: Path, limit: float, seeds: int) -> str:
    """Return the line of the table about one instance."""
    model, best_known = load(row, folder)
    target = model.objective_to_energy(best_known)
    found, times = [], []
    for seed in range(1, seeds + 1):
        began = time.perf_counter()
        result = mg.anneal(model, time_limit=limit, target_energy=target, seed=seed)
        times.append(time.perf_counter() - began)
        found.append(objective(model, result))
    solved = sum(value == best_known for value in found)
    texts = " ".join(f"{value:g}" for value in found)
    median = sorted(times)[len(times) // 2]
    return (
        f"| {row['instance']} | {model.num_variables} | {best_known:g} | {texts} "
        f"| {solved} of {seeds} | {median:.2f} |"
    )


def load(row: Row, folder: Path) -> tuple[Model, float]:
    """Return a problem, and the best objective that is known."""
    path, best_known = folder / row["file"], float(row["best_known"])
    if row["family"] == "dimacs_color":  # with the chromatic number of colours no conflict is left
        return mg.read(path, num_colors=int(best_known)), 0.0
    return mg.read(path), best_known


def objective(model: Model, result: AnnealResult) -> float:
    """Return the objective of the best state, its constraints repaired where they are broken."""
    state = result.best.state
    if isinstance(model, IndependentSet | Clique | GraphColoring):
        return model.decode(state, repair=True).objective
    return model.decode(state).objective if isinstance(model, Decodable) else result.best_objective


if __name__ == "__main__":
    sys.exit(main())
