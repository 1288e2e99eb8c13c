"""``magnetite solve``: look for the best state of a problem in the given time."""

import argparse

from magnetite.cli.arguments import Subparsers, add_problem_arguments, at_least
from magnetite.cli.live import LiveLine
from magnetite.cli.problem import Problem
from magnetite.cli.report import SolveReport
from magnetite.cli.running import (
    add_goal_arguments,
    add_output_arguments,
    add_storage_arguments,
    add_time_limit_argument,
    control_options,
    resumed,
    run_command,
)
from magnetite.cli.states import read_initial
from magnetite.results import Result
from magnetite.solve import TIME_LIMIT, solve

__all__ = ["add_parser"]

FIXED_BY_CHECKPOINT = ("rounds", "seed", "initial")


def add_parser(commands: Subparsers) -> None:
    """Add the command to those of the parser."""
    parser = commands.add_parser(
        "solve",
        help="look for the best state of a problem in the given time, with nothing to tune",
        description="Look for the best state of a problem: exact reduction, then populations of "
        "states from annealing and replica exchange that are recombined and reheated. Ends with "
        "the time limit, at the target, after the rounds, or once the answer is proven.",
        allow_abbrev=False,
    )
    add_problem_arguments(parser)
    group = parser.add_argument_group("how much")
    add_time_limit_argument(group, f"default: {TIME_LIMIT:.0f}, or none where --rounds is given")
    group.add_argument("--rounds", metavar="N", type=at_least(1), help="stop after so many rounds")
    add_goal_arguments(group)
    add_storage_arguments(group)
    add_output_arguments(parser, plots="the search by round, and the energies of the best states")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Search, write and print what was found, and say by the exit code how it went."""
    return run_command(args, "solve", _find, SolveReport)


def _find(args: argparse.Namespace, problem: Problem, live: LiveLine) -> Result:
    if args.resume:
        return resumed(args, problem, live, sampler="solve", fixed=FIXED_BY_CHECKPOINT)
    model = problem.model
    return solve(
        model,
        num_rounds=args.rounds,
        seed=args.seed,
        initial_states=None if args.initial is None else read_initial(args.initial, model),
        **control_options(args, problem, live),
    )
