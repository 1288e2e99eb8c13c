"""``magnetite temper``: equilibrate a problem at many betas at once by replica exchange."""

import argparse
from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite.cli.arguments import Subparsers, add_problem_arguments, at_least
from magnetite.cli.live import LiveLine
from magnetite.cli.problem import Problem
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
from magnetite.cli.temper_report import TemperReport
from magnetite.results import Result
from magnetite.stored import load
from magnetite.temper import NUM_SWEEPS, temper
from magnetite.temper_result import TemperResult

__all__ = ["add_parser"]

CLUSTERS = {"auto": "auto", "on": True, "off": False}

FIXED_BY_CHECKPOINT = (
    "ladders",
    "rungs",
    "sweeps",
    "warmup",
    "thin",
    "seed",
    "betas",
    "beta-range",
    "clusters",
    "kernel",
    "scan",
    "initial",
)


def add_parser(commands: Subparsers) -> None:
    """Add the command to those of the parser."""
    parser = commands.add_parser(
        "temper",
        help="equilibrate a problem at many betas at once by replica exchange",
        description="Draw states at many inverse temperatures at once by replica exchange: means "
        "with errors at every rung, log Z where the ladder begins at 0, and whether all of it is "
        f"in equilibrium. Without --time-limit: {NUM_SWEEPS:,} sweeps of every replica. With it, "
        "and without --sweeps: as many as fill the time.",
        allow_abbrev=False,
    )
    add_problem_arguments(parser)
    _add_run_arguments(parser)
    _add_ladder_arguments(parser)
    add_output_arguments(
        parser,
        plots="energies, exchanges, flow of replicas, heat capacity, overlaps and autocorrelation",
    )
    parser.set_defaults(run=run)


def _add_run_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how much")
    group.add_argument(
        "--ladders",
        metavar="N",
        type=at_least(1),
        help="independent ladders (default: 2, which overlaps and cluster moves need)",
    )
    group.add_argument(
        "--sweeps",
        metavar="N",
        type=at_least(1),
        help=f"sweeps of every replica that count (default: {NUM_SWEEPS})",
    )
    group.add_argument(
        "--warmup",
        metavar="N",
        type=at_least(0),
        help="sweeps before those (default: half as many)",
    )
    group.add_argument(
        "--thin", metavar="N", type=at_least(1), help="sweeps from draw to draw (default: 1)"
    )
    add_time_limit_argument(group, "stop after this time; tuning takes a third of it at most")
    add_goal_arguments(group)


def _add_ladder_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how")
    group.add_argument(
        "--betas",
        metavar="LIST",
        type=ladder,
        help="inverse temperatures of the ladder, as in 0,0.5,1.2, or an .npz result of this "
        "command whose ladder to take (default: found in rounds before the run that counts)",
    )
    add_beta_range_argument(group, ("HOT", "COLD"))
    group.add_argument(
        "--rungs",
        metavar="N",
        type=at_least(2),
        help="betas of a ladder that is found (default: what exchanges ask for)",
    )
    group.add_argument(
        "--clusters",
        choices=tuple(CLUSTERS),
        help="cluster moves between ladders (default: auto, at rungs where clusters leave a part "
        "of the sites to others)",
    )
    add_rule_arguments(group)
    add_storage_arguments(group)


def ladder(text: str) -> NDArray[np.float64] | str:
    """Return the betas that a text lists, or the name of a file in .npz; an argparse type.

    >>> ladder("0,0.5,1.2").tolist()
    [0.0, 0.5, 1.2]
    """
    if text.endswith(".npz"):
        return text
    try:
        return np.array([float(beta) for beta in text.split(",")])
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be numbers with commas between them, or a file in .npz, got {text!r}"
        ) from None


def _betas(given: NDArray[np.float64] | str | None) -> NDArray[np.float64] | None:
    """Return the betas of a ladder; those of a saved result where it is the name of one."""
    if not isinstance(given, str):
        return given
    result = load(given)
    if not isinstance(result, TemperResult):
        raise ValueError(f"{given}: has no ladder, it holds a result of another sampler")
    return result.betas


def run(args: argparse.Namespace) -> int:
    """Temper, write and print what was found, and say by the exit code how it went."""
    return run_command(args, "temper", _find, TemperReport)


def _find(args: argparse.Namespace, problem: Problem, live: LiveLine) -> Result:
    if args.resume:
        return resumed(args, problem, live, sampler="temper", fixed=FIXED_BY_CHECKPOINT)
    model = problem.model
    options = {name: value for name, value in _plan_options(args).items() if value is not None}
    if args.initial is not None:
        options["initial_states"] = read_initial(args.initial, model)
    return temper(model, **options, **control_options(args, problem, live))


def _plan_options(args: argparse.Namespace) -> dict[str, Any]:
    """Return the options that a checkpoint remembers."""
    return {
        "betas": _betas(args.betas),
        "beta_range": args.beta_range,
        "num_rungs": args.rungs,
        "num_ladders": args.ladders,
        "num_sweeps": args.sweeps,
        "warmup": args.warmup,
        "thin": args.thin,
        "cluster_moves": None if args.clusters is None else CLUSTERS[args.clusters],
        "kernel": args.kernel,
        "scan": args.scan,
        "seed": args.seed,
    }
