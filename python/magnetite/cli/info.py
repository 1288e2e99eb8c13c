"""``magnetite info``: say what a problem file holds, and how a run would go about it."""

import argparse
from typing import Any

import numpy as np

from magnetite import _core
from magnetite.anneal import NUM_READS
from magnetite.cli.arguments import Subparsers, add_problem_arguments
from magnetite.cli.exits import DONE
from magnetite.cli.facts import count_components, describe, summarise
from magnetite.cli.problem import Problem, load_problem
from magnetite.cli.words import count, dump_json, plain, table
from magnetite.models import Qubo
from magnetite.options import check_threads

__all__ = ["add_parser"]


def add_parser(commands: Subparsers) -> None:
    """Add the command to those of the parser."""
    parser = commands.add_parser(
        "info",
        help="say what a problem file holds",
        description="Say what a problem file holds, and how a run would go about it.",
        allow_abbrev=False,
    )
    add_problem_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print what there is to say."""
    problem = load_problem(args)
    facts = gather(problem)
    print(dump_json(facts) if args.json else as_text(problem, facts))
    return DONE


def gather(problem: Problem) -> dict[str, Any]:
    """Return all facts, as the JSON document has them."""
    model = problem.model
    energy = model.polynomial()
    if isinstance(model, Qubo) and model.sense == "maximise":
        energy = energy.negated()
    degrees = model.core.degrees()
    num_threads = check_threads(None)
    return {
        "command": "info",
        "version": _core.version(),
        "problem": problem.as_json(),
        "sense": model.sense,
        "objective": model.objective_name,
        "best_known": problem.best_known,
        "quadratic": summarise(energy.weights),
        "linear": summarise(energy.linear),
        "offset": energy.offset,
        "degrees": {
            "min": int(degrees.min(initial=max(0, model.num_variables - 1))),
            "mean": float(np.mean(degrees)) if degrees.size else 0.0,
            "max": int(degrees.max(initial=0)),
        },
        "bipartite": model.core.is_bipartite(),
        "components": count_components(model.num_variables, energy.rows, energy.cols),
        "beta_range": list(model.annealing_range()),
        "run": {
            "path": model.core.path(NUM_READS, num_threads),
            "simd": _core.simd_level(),
            "num_threads": num_threads,
        },
    }


def as_text(problem: Problem, facts: dict[str, Any]) -> str:
    """Put the facts into lines of a name and a text."""
    degrees, betas, run = facts["degrees"], facts["beta_range"], facts["run"]
    names = ("weights", None) if facts["objective"] == "cut" else ("quadratic", "linear")
    rows = [("problem", problem.title), (names[0], describe(facts["quadratic"]))]
    if names[1] is not None:
        rows.append((names[1], describe(facts["linear"])))
    if facts["offset"]:
        rows.append(("offset", plain(facts["offset"])))
    if facts["best_known"] is not None:
        rows.append(("best known", plain(facts["best_known"])))
    rows += [
        ("degrees", f"{degrees['min']:,} to {degrees['max']:,}, mean {degrees['mean']:.4g}"),
        ("components", f"{facts['components']:,}"),
        ("bipartite", "yes" if facts["bipartite"] else "no"),
        ("beta range", f"{betas[0]:.6g} to {betas[1]:.6g} by default"),
        ("path", f"{run['path']}, {run['simd']}, {count(run['num_threads'], 'thread')}"),
    ]
    return table(rows)
