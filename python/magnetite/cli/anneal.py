"""``magnetite anneal``: look for the best state of a problem."""

import argparse
from typing import Any

from magnetite.anneal import anneal
from magnetite.cli.arguments import (
    Subparsers,
    add_problem_arguments,
    at_least,
)
from magnetite.cli.live import LiveLine
from magnetite.cli.problem import Problem
from magnetite.cli.report import AnnealReport
from magnetite.cli.running import (
    add_beta_range_argument,
    add_goal_arguments,
    add_output_arguments,
    add_rule_arguments,
    add_storage_arguments,
    add_time_limit_argument,
    control_options,
    resumed,
    run_command,
)
from magnetite.cli.states import read_initial
from magnetite.results import Result
from magnetite.schedules import SCHEDULES

__all__ = ["add_parser"]

NUM_POINTS = 200  # of a picture

FIXED_BY_CHECKPOINT = (
    "reads",
    "sweeps",
    "seed",
    "beta-range",
    "schedule",
    "kernel",
    "scan",
    "initial",
)


def add_parser(commands: Subparsers) -> None:
    """Add the command to those of the parser."""
    parser = commands.add_parser(
        "anneal",
        help="look for the best state of a problem",
        description="Look for the best state of a problem. Without --time-limit: 64 reads of "
        "1,000 sweeps. With it: rounds of reads with more and more sweeps, until the time is over, "
        "or one round that it may cut where --reads and --sweeps are both given.",
        allow_abbrev=False,
    )
    add_problem_arguments(parser)
    _add_run_arguments(parser)
    _add_rule_arguments(parser)
    add_output_arguments(parser, plots="the lowest energy on the way")
    parser.set_defaults(run=run)


def _add_run_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how much")
    group.add_argument("--reads", metavar="N", type=at_least(1), help="independent anneals")
    group.add_argument("--sweeps", metavar="N", type=at_least(0), help="sweeps of each read")
    add_time_limit_argument(group)
    add_goal_arguments(group)


def _add_rule_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how")
    add_beta_range_argument(group, ("FIRST", "LAST"))
    group.add_argument("--schedule", choices=SCHEDULES, help="how beta grows (default: geometric)")
    add_rule_arguments(group)
    add_storage_arguments(group)


def run(args: argparse.Namespace) -> int:
    """Anneal, write and print what was found, and say by the exit code how it went."""
    return run_command(args, "anneal", _find, AnnealReport)


def _find(args: argparse.Namespace, problem: Problem, live: LiveLine) -> Result:
    if args.resume:
        return resumed(args, problem, live, sampler="anneal", fixed=FIXED_BY_CHECKPOINT)
    model = problem.model
    options = {name: value for name, value in _plan_options(args).items() if value is not None}
    if args.initial is not None:
        options["initial_states"] = read_initial(args.initial, model)
    counted = args.time_limit is None or None not in (args.reads, args.sweeps)
    if args.plot is not None and counted:  # else the picture shows the rounds
        options["trajectory"] = NUM_POINTS
    return anneal(model, **options, **control_options(args, problem, live))


def _plan_options(args: argparse.Namespace) -> dict[str, Any]:
    """Return the options that a checkpoint remembers."""
    return {
        "num_reads": args.reads,
        "num_sweeps": args.sweeps,
        "beta_range": args.beta_range,
        "beta_schedule": args.schedule,
        "kernel": args.kernel,
        "scan": args.scan,
        "seed": args.seed,
    }
