"""``magnetite convert``: write a problem file in another format."""

import argparse
import sys

from magnetite.cli.arguments import Subparsers, add_problem_arguments
from magnetite.cli.exits import DONE
from magnetite.cli.problem import load_problem
from magnetite.cli.states import check_output
from magnetite.formats import FORMATS, write

__all__ = ["add_parser"]


def add_parser(commands: Subparsers) -> None:
    """Add the command to those of the parser."""
    parser = commands.add_parser(
        "convert",
        help="write a problem file in another format",
        description="Write a problem file in another format; a name in .gz is compressed.",
        allow_abbrev=False,
    )
    add_problem_arguments(parser)
    parser.add_argument("output", metavar="OUT", help="file to write")
    parser.add_argument(
        "--output-format",
        choices=FORMATS,
        help="format of OUT (default: by suffix)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read, write, and say on stderr what it was."""
    problem = load_problem(args)
    check_output(args.output)
    write(problem.model, args.output, format=args.output_format)
    print(f"{problem.title} -> {args.output}", file=sys.stderr)
    return DONE
