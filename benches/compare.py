"""Measure magnetite beside the packages that people use now.

Runs ours and every peer that can be imported (dwave-samplers, openjij) on the same problems with
the same betas, in turn, in one run, and prints medians and ratios. Nothing is installed. Problems
of the data folder are measured where MAGNETITE_DATA names it::

    python benches/compare.py                           # everything, about half an hour
    python benches/compare.py --only compare --problems G22 k2000 --repeats 1
    python benches/compare.py --json figures.json
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from comparing import machines, measures, tempering
from comparing.measures import Plan
from comparing.packages import Magnetite, Package, peers, vector_level
from comparing.problems import Problem, problems
from comparing.tables import markdown

PARTS = ("compare", "one_read", "threads", "levels", "memory", "readiness", "tempering", "machines")
# What the narrower questions are asked of, as far as it is there.
ONE_READ = ("G22", "G81", "regular6")
THREADS = ("G22", "G81", "regular6")
LEVELS = ("G1", "G22", "G81", "k2000", "gauss2000")
ENERGY_BOUND = 2.0


def main(arguments: Sequence[str] | None = None) -> int:
    args = parse(arguments)
    plan = Plan(reads=args.reads, repeats=args.repeats, seed=args.seed)
    folder = os.environ.get("MAGNETITE_DATA")
    found = list(problems(Path(folder) if folder else None))
    missing = set(args.problems or ()) - {problem.name for problem in found}
    if missing:
        print(
            f"no problem {', '.join(missing)}; those of Gset need MAGNETITE_DATA", file=sys.stderr
        )
        return 2
    chosen = [problem for problem in found if wanted(problem, args.problems)]
    others = [package for package in peers() if args.peers is None or package.name in args.peers]
    report: dict[str, Any] = {"machine": machine(others)}
    for part in PARTS:
        if args.only is None or part in args.only:
            report[part] = measure(part, chosen, others, plan)
    print(markdown(report))
    if args.json is not None:
        args.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return verdict(report)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--problems", nargs="+", metavar="NAME", help="default: all there are")
    parser.add_argument("--peers", nargs="*", metavar="PACKAGE", help="default: all there are")
    parser.add_argument("--reads", type=int, default=64, help="reads of ours (default 64)")
    parser.add_argument("--repeats", type=int, default=3, help="medians are over so many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    return parser.parse_args(arguments)


def wanted(problem: Problem, names: Sequence[str] | None) -> bool:
    return names is None or problem.name in names


def measure(
    part: str, chosen: Sequence[Problem], others: Sequence[Package], plan: Plan
) -> list[dict[str, Any]] | dict[str, Any]:
    """Make one part of the report, telling on standard error what is under way."""

    def each(names: Sequence[str] | None = None) -> Iterator[Problem]:
        for problem in chosen:
            if wanted(problem, names):
                print(f"{part}: {problem.name}, {problem.what}", file=sys.stderr, flush=True)
                yield problem

    if part == "compare":
        return [measures.compare(problem, others, plan) for problem in each()]
    if part == "one_read":
        return [measures.one_read(problem, others, plan) for problem in each(ONE_READ)]
    if part == "threads":
        return [
            measures.thread_scaling(problem, reads, plan)
            for problem in each(THREADS)
            for reads in (32, 64)
        ]
    if part == "levels":
        return [measures.vector_levels(problem, plan) for problem in each(LEVELS)]
    if part == "tempering":
        return tempering.measure(plan.repeats)
    if part == "machines":
        return machines.measure(plan.repeats)
    return measures.medians(lambda: measures.in_subprocess(part), plan.repeats)


def machine(others: Sequence[Package]) -> dict[str, Any]:
    """Say where the figures were measured, and of what."""
    versions = {package.name: package.version for package in (Magnetite(), *others)}
    return {
        "cpu": cpu_name(),
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        "vector_level": vector_level(),
        "versions": versions | {"numpy": np.__version__, "Python": platform.python_version()},
    }


def cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def verdict(report: dict[str, Any]) -> int:
    """Return 1, and say why, where our answers were worse than a peer's or changed with threads."""
    faults = [
        f"{record['problem']}: last energies {peer['energy_excess']:.1f} standard errors above "
        f"those of {peer['package']}"
        for part in ("compare", "one_read")
        for record in report.get(part, [])
        for peer in record["peers"]
        if (peer["energy_excess"] or 0.0) > ENERGY_BOUND
    ]
    faults += [
        f"{record['problem']}: energies differ between {part}"
        for part in ("threads", "levels")
        for record in report.get(part, [])
        if not record["same_energies"]
    ]
    for fault in faults:
        print(fault, file=sys.stderr)
    return int(bool(faults))


if __name__ == "__main__":
    raise SystemExit(main())
