"""Argument types and groups that the commands share."""

import argparse
import math
from collections.abc import Callable
from typing import TypeAlias

from magnetite.formats import FORMATS, PROBLEMS, VARTYPES

__all__ = ["add_problem_arguments", "at_least", "number", "positive_number"]

# Subparsers of argparse, which have no public type.
Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def at_least(minimum: int) -> Callable[[str], int]:
    """Return the argparse type of integers that are `minimum` or more.

    >>> at_least(1)("1_000")
    1000
    """

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = minimum - 1
        if value < minimum:
            raise argparse.ArgumentTypeError(
                f"must be an integer of at least {minimum}, got {text!r}"
            )
        return value

    return convert


def number(text: str) -> float:
    """Return a finite number; the argparse type of values and betas."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"must be a finite number, got {text!r}")
    return value


def positive_number(text: str) -> float:
    """Return a finite number above zero; the argparse type of durations."""
    value = number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"must be positive, got {text!r}")
    return value


def add_problem_arguments(parser: argparse.ArgumentParser) -> None:
    """Add FILE and the options that say how to read it."""
    parser.add_argument(
        "file",
        metavar="FILE",
        help="problem file, gzip allowed, or the name of a shipped instance",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="format of FILE (default: by suffix and content)",
    )
    parser.add_argument(
        "--instance",
        metavar="K",
        type=at_least(1),
        default=1,
        help="which instance of a file that holds several, from 1 (default: %(default)s)",
    )
    parser.add_argument(
        "--vartype",
        choices=VARTYPES,
        help="what the variables of a coo file are that does not say so",
    )
    parser.add_argument(
        "--problem",
        choices=PROBLEMS,
        help="what is asked of the graph in a rudy or dimacs file",
    )
    parser.add_argument(
        "--colors", metavar="K", type=at_least(1), help="number of colours, for --problem coloring"
    )
