"""The parser of the command line, and the one place where errors become exit codes."""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from typing import TextIO

from magnetite import _core
from magnetite.cli import anneal, convert, demo, info, solve, temper
from magnetite.cli.exits import BAD_INPUT, INTERRUPTED, READER_GONE

__all__ = ["build_parser", "main"]

COMMANDS = (solve, anneal, temper, info, convert, demo)
EPILOG = """\
exit codes:
  0    done
  2    bad input: an option, or a file that cannot be read or written
  3    the target was missed
  130  interrupted; what was found until then has been printed and written
"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="magnetite",
        description="Solve, anneal and temper Ising, QUBO and MaxCut problems from files.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"magnetite {_core.version()}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments. Default: those of the process.

    Returns
    -------
    int
        0 done, 2 bad input, 3 target missed, 130 interrupted.

    Raises
    ------
    SystemExit
        By argparse: with 2 on bad options, with 0 after ``--help`` and ``--version``.

    Examples
    --------
    >>> from magnetite.cli import main
    >>> main(["info", "no-such-file.txt"])
    2
    """
    args = build_parser().parse_args(argv)
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            code: int = args.run(args)
            sys.stdout.flush()
        except BrokenPipeError:
            # Nobody reads any more; keep the interpreter from failing again when it flushes.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = READER_GONE
        except KeyboardInterrupt:
            code = _fail("interrupted", INTERRUPTED)
        except OSError as error:
            code = _fail(_os_error_text(error), BAD_INPUT)
        except (ValueError, MemoryError) as error:
            code = _fail(str(error), BAD_INPUT)
    return code


def _fail(text: str, code: int) -> int:
    print(f"magnetite: {' '.join(text.split())}", file=sys.stderr)
    return code


def _os_error_text(error: OSError) -> str:
    if error.filename is None or error.strerror is None:
        return str(error)
    return f"{os.fsdecode(error.filename)}: {error.strerror}"


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    print(f"magnetite: warning: {message}", file=sys.stderr)
