"""``magnetite anneal``: look for the best state of a problem."""

import argparse
import sys
from dataclasses import replace
from typing import Any

import numpy as np

from magnetite.anneal import anneal
from magnetite.checkpoints import read_checkpoint
from magnetite.cli.arguments import (
    Subparsers,
    add_problem_arguments,
    at_least,
    number,
    positive_number,
)
from magnetite.cli.exits import BAD_INPUT, DONE, INTERRUPTED, TARGET_MISSED
from magnetite.cli.goal import Goal
from magnetite.cli.live import LiveLine
from magnetite.cli.problem import Problem, load_problem
from magnetite.cli.report import Report
from magnetite.cli.states import check_output, read_initial, write_best
from magnetite.models import Model
from magnetite.options import SCANS
from magnetite.results import AnnealResult
from magnetite.resume import resume
from magnetite.schedules import SCHEDULES

__all__ = ["add_parser"]

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
    _add_output_arguments(parser)
    parser.set_defaults(run=run)


def _add_run_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how much")
    group.add_argument("--reads", metavar="N", type=at_least(1), help="independent anneals")
    group.add_argument("--sweeps", metavar="N", type=at_least(0), help="sweeps of each read")
    group.add_argument(
        "--time-limit", metavar="SECONDS", type=positive_number, help="stop after this time"
    )
    group.add_argument(
        "--target",
        metavar="VALUE",
        type=number,
        help="stop at this value, exit with 3 if it is missed: a cut for MaxCut files, else a "
        "value in the objective's own sense",
    )
    group.add_argument("--seed", metavar="N", type=at_least(0), help="same seed, same result")
    group.add_argument(
        "--threads", metavar="N", type=at_least(1), help="default: the cores of this process"
    )


def _add_rule_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how")
    group.add_argument(
        "--beta-range",
        nargs=2,
        metavar=("FIRST", "LAST"),
        type=number,
        help="inverse temperatures (default: from the coefficients; `magnetite info` shows them)",
    )
    group.add_argument("--schedule", choices=SCHEDULES, help="how beta grows (default: geometric)")
    group.add_argument(
        "--kernel", choices=("metropolis", "gibbs"), help="transition rule (default: metropolis)"
    )
    group.add_argument(
        "--scan", choices=SCANS, help="order of updates in a sweep (default: sequential)"
    )
    group.add_argument(
        "--initial",
        metavar="STATES",
        help="start here: a text file with one value a line, or an .npz result",
    )
    group.add_argument("--checkpoint", metavar="NPZ", help="save the run here every minute")
    group.add_argument(
        "--resume",
        metavar="NPZ",
        help="carry on from this checkpoint of the same problem, with the options it began with",
    )


def _add_output_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument(
        "--best-known", metavar="VALUE", type=number, help="print the gap to this value"
    )
    group.add_argument("--json", action="store_true", help="print one JSON document")
    group.add_argument(
        "--output",
        metavar="OUT",
        help="write the best state, one value a line, or the whole result if OUT ends in .npz",
    )
    group.add_argument("--quiet", action="store_true", help="no line of progress on the terminal")


def run(args: argparse.Namespace) -> int:
    """Anneal, write and print what was found, and say by the exit code how it went."""
    for path in (args.output, args.checkpoint):
        check_output(path)
    problem = load_problem(args)
    live = LiveLine(sys.stderr, problem.model.objective_name, shown=not args.quiet)
    result, failure = _find(args, problem, live)
    best_known = problem.best_known if args.best_known is None else args.best_known
    report = Report(
        problem=problem,
        result=result,
        best_known=Goal.of(problem.model, best_known),
        target=Goal.of(problem.model, args.target),
        sweeps_done=live.sweeps_done,
        output=args.output,
    )
    if args.output is not None:
        try:
            write_best(args.output, result)
        except OSError as error:
            report, failure = replace(report, output=None), failure or error
    code = _exit_code(report) if failure is None else BAD_INPUT
    print(report.as_json("anneal", code) if args.json else report.as_text())
    if failure is not None:
        raise failure
    return code


def _find(
    args: argparse.Namespace, problem: Problem, live: LiveLine
) -> tuple[AnnealResult, Exception | None]:
    """Return what was found and, where a checkpoint could not be written, say, what went wrong."""
    try:
        return (_resume if args.resume else _anneal)(args, problem, live), None
    except Exception as error:
        found = getattr(error, "result", None)
        if not isinstance(found, AnnealResult):
            raise
        return found, error
    finally:
        live.close()


def _exit_code(report: Report) -> int:
    if report.interrupted:
        return INTERRUPTED
    return TARGET_MISSED if report.target_missed else DONE


def _anneal(args: argparse.Namespace, problem: Problem, live: LiveLine) -> AnnealResult:
    model = problem.model
    options = {name: value for name, value in _plan_options(args).items() if value is not None}
    if args.initial is not None:
        options["initial_states"] = read_initial(args.initial, model)
    return anneal(model, **options, **_control_options(args, problem, live))


def _resume(args: argparse.Namespace, problem: Problem, live: LiveLine) -> AnnealResult:
    given = [f"--{name}" for name in FIXED_BY_CHECKPOINT if getattr(args, _dest(name)) is not None]
    if given:
        raise ValueError(
            f"--resume goes on with the options the run began with: leave out {', '.join(given)}"
        )
    saved = read_checkpoint(args.resume)
    if saved.sampler != "anneal":
        raise ValueError(f"{args.resume}: is a checkpoint of another sampler, {saved.sampler}")
    if not _same_energy(saved.model, problem.model):
        raise ValueError(f"{args.resume}: is a checkpoint of another problem than {problem.name}")
    result = resume(args.resume, **_control_options(args, problem, live))
    assert isinstance(result, AnnealResult)
    return result


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


def _control_options(args: argparse.Namespace, problem: Problem, live: LiveLine) -> dict[str, Any]:
    """Return the options that are given anew whenever a run goes on."""
    target = args.target
    return {
        "num_threads": args.threads,
        "time_limit": args.time_limit,
        "target_energy": None if target is None else problem.model.objective_to_energy(target),
        "callback": live,
        "checkpoint": args.checkpoint,
        "on_interrupt": "return",
    }


def _dest(option: str) -> str:
    return option.replace("-", "_")


def _same_energy(one: Model, other: Model) -> bool:
    def parts(model: Model) -> list[np.ndarray[Any, Any]]:
        core = model.core
        return [*core.edges(), core.fields(), np.array(core.offset)]

    return all(map(np.array_equal, parts(one), parts(other)))
