"""What a result's `info` says of the machine side: path, vector level, threads, versions."""

import platform
from typing import Any, Protocol

import numpy as np

from magnetite import _core

__all__ = ["run_facts", "versions"]


class Run(Protocol):
    """The properties that all runs of the core have."""

    @property
    def path(self) -> str: ...
    @property
    def simd(self) -> str: ...
    @property
    def precision(self) -> int: ...
    @property
    def num_threads(self) -> int: ...


def run_facts(run: Run) -> dict[str, Any]:
    """Return which implementation a run took, on how many threads."""
    return {
        "num_threads": run.num_threads,
        "path": run.path,
        "simd": run.simd,
        "precision": run.precision,
    }


def versions() -> dict[str, str]:
    """Return the versions that a result was made with."""
    return {
        "magnetite": _core.version(),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
