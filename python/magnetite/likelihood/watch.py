"""How a long evaluation is watched: time limit, callback, progress bar."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from magnetite.bars import NoBar, make_bar
from magnetite.control import SLICE_SECONDS
from magnetite.options import check_seconds

__all__ = ["EvaluationCallback", "EvaluationProgress", "Stopped", "Watch"]


@dataclass(frozen=True)
class EvaluationProgress:
    """What a callback is told while log Z is estimated.

    Attributes
    ----------
    elapsed : float
        Seconds since the call began.
    fraction : float
        Part of the stage that is behind, 0 to 1.
    stage : str
        "summing", "pilot", "tempering", "forward", "reverse", or "missing".

    Examples
    --------
    >>> import magnetite as mg
    >>> stages = set()
    >>> def note(progress):
    ...     stages.add(progress.stage)
    >>> _ = mg.RBM(4, 3).log_partition(callback=note)
    >>> stages
    {'summing'}
    """

    elapsed: float
    fraction: float
    stage: str


EvaluationCallback = Callable[[EvaluationProgress], object]


class Stopped(Exception):
    """The evaluation ends here; the message says why."""


class Watch:
    """Looks around between two steps, some twenty times a second, and stops by raising `Stopped`.

    Parameters
    ----------
    time_limit, callback, progress
        As for `log_partition`.
    """

    def __init__(
        self,
        time_limit: float | None = None,
        callback: EvaluationCallback | None = None,
        progress: bool = False,
    ) -> None:
        if callback is not None and not callable(callback):
            raise TypeError(f"callback must be callable, got {type(callback).__name__}")
        self.started = time.perf_counter()
        self.time_limit = check_seconds("time_limit", time_limit)
        self.callback, self.progress = callback, bool(progress)
        self.name, self.bar = "", make_bar(False, "")
        self.looked, self.span = -math.inf, (0.0, 1.0)

    @classmethod
    def nothing(cls) -> Self:
        """Return one that never stops."""
        return cls()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Show a bar of its own for what is done inside; the callback is told the name."""
        self.name, self.bar, self.looked = name, make_bar(self.progress, name), -math.inf
        try:
            yield
        finally:
            self.bar.close()
            self.bar = NoBar()

    @contextmanager
    def part(self, begin: float, end: float) -> Iterator[None]:
        """Let fractions that are told inside go from `begin` to `end` of what is told outside."""
        outer = self.span
        self.span = self._place(begin), self._place(end)
        try:
            yield
        finally:
            self.span = outer

    def _place(self, fraction: float) -> float:
        """Return what part of the stage is behind."""
        begin, end = self.span
        return (1 - fraction) * begin + fraction * end

    def look(self, fraction: float) -> None:
        """Tell how far the stage, or the part of it, is, and stop where that is wanted."""
        now, fraction = time.perf_counter(), self._place(fraction)
        if now - self.started >= self.time_limit:
            raise Stopped(f"time_limit={self.time_limit:.4g} ended the run in stage {self.name!r}")
        if now - self.looked < SLICE_SECONDS and fraction < 1:
            return
        self.looked = now
        self.bar.update(fraction, math.nan)
        if self.callback is not None and self.callback(
            EvaluationProgress(now - self.started, fraction, self.name)
        ):
            raise Stopped(f"the callback ended the run in stage {self.name!r}")
