"""The command ``magnetite``: solve, anneal and temper problems, describe and convert files."""

from magnetite.cli.main import main

__all__ = ["main"]
