"""The command ``magnetite``: anneal or temper a file, say what it is, convert it, or show a demo."""

from magnetite.cli.main import main

__all__ = ["main"]
