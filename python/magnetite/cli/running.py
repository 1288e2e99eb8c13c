"""What the commands that look for a best state share: stopping, resuming, writing, exit codes."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from magnetite.checkpoints import read_checkpoint
from magnetite.cli.arguments import at_least, number, positive_number
from magnetite.cli.exits import BAD_INPUT, DONE, INTERRUPTED, TARGET_MISSED
from magnetite.cli.goal import Goal
from magnetite.cli.live import LiveLine
from magnetite.cli.pictures import add_plot_argument, check_plot, write_plot
from magnetite.cli.problem import Problem, load_problem
from magnetite.cli.report import Report
from magnetite.cli.states import check_output, write_best
from magnetite.models import Model
from magnetite.options import KERNELS, SCANS
from magnetite.results import Result
from magnetite.resume import resume

__all__ = [
    "add_beta_range_argument",
    "add_goal_arguments",
    "add_output_arguments",
    "add_rule_arguments",
    "add_storage_arguments",
    "add_time_limit_argument",
    "control_options",
    "resumed",
    "run_command",
]

Find = Callable[[argparse.Namespace, Problem, LiveLine], Result]


def add_time_limit_argument(group: Any, text: str = "stop after this time") -> None:
    """Add the seconds that a run may take."""
    group.add_argument("--time-limit", metavar="SECONDS", type=positive_number, help=text)


def add_beta_range_argument(group: Any, names: tuple[str, str]) -> None:
    """Add the two betas that a run goes between."""
    group.add_argument(
        "--beta-range",
        nargs=2,
        metavar=names,
        type=number,
        help="inverse temperatures (default: from the coefficients; `magnetite info` shows them)",
    )


def add_rule_arguments(group: Any) -> None:
    """Add how spins are updated."""
    group.add_argument(
        "--kernel", choices=KERNELS[:2], help="transition rule (default: metropolis)"
    )
    group.add_argument(
        "--scan", choices=SCANS, help="order of updates in a sweep (default: sequential)"
    )


def add_goal_arguments(group: Any) -> None:
    """Add the target, the seed and the number of threads."""
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


def add_storage_arguments(group: Any) -> None:
    """Add where to begin and where to save."""
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


def add_output_arguments(parser: argparse.ArgumentParser, *, plots: str | None = None) -> None:
    """Add the options that say what is printed and written; `plots` is what a picture shows."""
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
    add_plot_argument(group, plots)
    group.add_argument("--quiet", action="store_true", help="no line of progress on the terminal")


def run_command(args: argparse.Namespace, command: str, find: Find, kind: type[Report]) -> int:
    """Find, write and print what was found, and say by the exit code how it went."""
    for path in (args.output, args.checkpoint):
        check_output(path)
    check_plot(args.plot)
    problem = load_problem(args)
    live = LiveLine(sys.stderr, problem.model.objective_name, shown=not args.quiet)
    result, failure = _found(args, problem, live, find)
    written, unwritten = _write(args, result)
    failure = failure or unwritten
    best_known = problem.best_known if args.best_known is None else args.best_known
    report = kind(
        problem=problem,
        result=result,
        best_known=Goal.of(problem.model, best_known),
        target=Goal.of(problem.model, args.target),
        sweeps_done=live.sweeps_done,
        **written,
    )
    code = _exit_code(report) if failure is None else BAD_INPUT
    print(report.as_json(command, code) if args.json else report.as_text())
    if failure is not None:
        raise failure
    return code


def _found(
    args: argparse.Namespace, problem: Problem, live: LiveLine, find: Find
) -> tuple[Result, Exception | None]:
    """Return what was found and, where a checkpoint could not be written, say, what went wrong."""
    try:
        return find(args, problem, live), None
    except Exception as error:
        found = getattr(error, "result", None)
        if not isinstance(found, Result):
            raise
        return found, error
    finally:
        live.close()


def _write(
    args: argparse.Namespace, result: Result
) -> tuple[dict[str, str | None], Exception | None]:
    """Write what was found; return the files by name, None for one that could not be written."""
    written, failure = {"output": args.output, "plot": args.plot}, None
    for name, write in (("output", write_best), ("plot", write_plot)):
        try:
            if written[name] is not None:
                write(written[name], result)
        except OSError as error:
            written[name], failure = None, failure or error
    return written, failure


def _exit_code(report: Report) -> int:
    if report.interrupted:
        return INTERRUPTED
    return TARGET_MISSED if report.target_missed else DONE


def resumed(
    args: argparse.Namespace,
    problem: Problem,
    live: LiveLine,
    *,
    sampler: str,
    fixed: Sequence[str],
) -> Result:
    """Go on with a run of `sampler`, whose checkpoint knows the options `fixed`."""
    given = [f"--{name}" for name in fixed if getattr(args, name.replace("-", "_")) is not None]
    if given:
        raise ValueError(
            f"--resume goes on with the options the run began with: leave out {', '.join(given)}"
        )
    saved = read_checkpoint(args.resume)
    if saved.sampler != sampler:
        raise ValueError(f"{args.resume}: is a checkpoint of another sampler, {saved.sampler}")
    if not _same_energy(saved.model, problem.model):
        raise ValueError(f"{args.resume}: is a checkpoint of another problem than {problem.name}")
    return resume(args.resume, **control_options(args, problem, live))


def control_options(args: argparse.Namespace, problem: Problem, live: LiveLine) -> dict[str, Any]:
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


def _same_energy(one: Model, other: Model) -> bool:
    def parts(model: Model) -> list[np.ndarray[Any, Any]]:
        core = model.core
        return [*core.edges(), core.fields(), np.array(core.offset)]

    return all(map(np.array_equal, parts(one), parts(other)))
