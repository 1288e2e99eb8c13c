"""What the tests of the command line share: small problem files, and ways to run the command."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from magnetite.cli import main

MAXCUT = "5 6\n1 2 1\n2 3 1\n3 4 1\n4 5 1\n5 1 1\n1 3 1\n"  # the best cut is 5
QUBO = "3 4\n1 1 -3\n2 2 -2\n3 3 -3\n1 2 1\n"  # minimise x'Qx, pairs twice: -6
BQP = "1\n3 4\n1 1 3\n2 2 2\n3 3 3\n1 2 -1\n"  # the same, maximised: 6


def write_file(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="ascii")
    return str(path)


def start(*args: str, **options: object) -> subprocess.Popen[str]:
    """Start the command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "magnetite", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        **options,  # type: ignore[call-overload]
    )


def shell(*args: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, its output in pipes."""
    return subprocess.run(
        [sys.executable, "-m", "magnetite", *args], capture_output=True, text=True, timeout=120
    )


def fields(text: str) -> dict[str, str]:
    """Read lines of a name, two blanks or more, and a text."""
    pairs = (line.split("  ", 1) for line in text.splitlines() if "  " in line)
    return {pair[0]: pair[1].strip() for pair in pairs}


class Command:
    """One of the commands, run in this process."""

    def __init__(self, name: str) -> None:
        self._name = name

    def run(self, capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
        """Return the exit code, and what was printed on both channels."""
        code = main([self._name, *args])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    def run_json(self, capsys: pytest.CaptureFixture[str], *args: str) -> Any:
        """Return the JSON document, beside which nothing was said."""
        code, out, err = self.run(capsys, *args, "--json")
        document = json.loads(out)
        assert (document["exit_code"], err) == (code, "")
        return document
