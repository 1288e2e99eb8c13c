"""``magnetite demo``: anneal a problem that ships with the package, and explain what is seen."""

import argparse
import sys

from magnetite import _core, instances
from magnetite.anneal import anneal
from magnetite.cli.arguments import Subparsers, at_least
from magnetite.cli.exits import DONE, INTERRUPTED
from magnetite.cli.goal import Goal
from magnetite.cli.live import LiveLine
from magnetite.cli.problem import Problem
from magnetite.cli.report import AnnealReport
from magnetite.cli.words import plain

__all__ = ["add_parser"]

NUM_READS = 64
NUM_SWEEPS = 20_000


def add_parser(commands: Subparsers) -> None:
    """Add the command to those of the parser."""
    parser = commands.add_parser(
        "demo",
        help="anneal a problem that ships with the package",
        description="Anneal a spin glass that ships with the package and has a proven optimum.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        type=at_least(0),
        default=1,
        help="same seed, same result (default: %(default)s)",
    )
    parser.add_argument(
        "--threads", metavar="N", type=at_least(1), help="default: the cores of this process"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Anneal the first shipped instance and print what it did."""
    name = instances.names()[0]
    problem = Problem(instances.load(name), name, instances.best_known(name))
    if not args.json:
        print(_introduction(problem))
    live = LiveLine(sys.stderr, problem.model.objective_name)
    try:
        result = anneal(
            problem.model,
            num_reads=NUM_READS,
            num_sweeps=NUM_SWEEPS,
            seed=args.seed,
            num_threads=args.threads,
            callback=live,
            on_interrupt="return",
        )
    finally:
        live.close()
    best_known = Goal.of(problem.model, problem.best_known)
    report = AnnealReport(problem, result, best_known, sweeps_done=live.sweeps_done)
    code = INTERRUPTED if report.interrupted else DONE
    print(report.as_json("demo", code) if args.json else f"{report.as_text()}\n{_verdict(report)}")
    return code


def _introduction(problem: Problem) -> str:
    return (
        f"magnetite {_core.version()} anneals a spin glass: {problem.model.num_variables} spins on "
        "a torus, couplings +1 and -1 at random,\n"
        "as a MaxCut problem. Its best cut is proven, so the answer can be judged.\n"
        f"{NUM_READS} reads of {NUM_SWEEPS:,} sweeps from random states, slowly cooled ...\n"
    )


def _verdict(report: AnnealReport) -> str:
    known, found = report.best_known, report.result.best_objective
    if known is None or known.reached(found):
        return "\nThe proven optimum was reached."
    return f"\nThe proven optimum was missed by {plain(known.gap(found))}."
