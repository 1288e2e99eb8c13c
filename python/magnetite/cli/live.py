"""The line on a terminal that says, while a run lasts, how far it is."""

import time
from collections.abc import Callable
from typing import TextIO

from magnetite.cli.words import plain, seconds
from magnetite.control import Progress

__all__ = ["LiveLine"]

INTERVAL_SECONDS = 0.1


class LiveLine:
    """A line that rewrites itself; as the callback of a run it never stops it.

    Nothing is written to a stream that is not a terminal.

    Parameters
    ----------
    stream : text stream
        Where to write, as a rule ``sys.stderr``.
    objective_name : str
        What the best value is called: "cut", "energy" or "value".
    shown : bool, default True
        False writes nothing, whatever the stream is.
    clock : callable
        Returns seconds.

    Attributes
    ----------
    sweeps_done : int
        Sweeps of the run so far, summed over all reads of all rounds.
    """

    def __init__(
        self,
        stream: TextIO,
        objective_name: str,
        *,
        shown: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._objective_name = objective_name
        self._shown = shown and stream.isatty()
        self._clock = clock
        self._due = clock()
        self._width = 0
        self.sweeps_done = 0

    def __call__(self, progress: Progress) -> bool:
        """Show how far the run is, ten times a second at most."""
        self.sweeps_done = progress.sweeps_done
        if self._shown and self._clock() >= self._due:
            self._write(progress_text(progress, self._objective_name))
            self._due = self._clock() + INTERVAL_SECONDS
        return False

    def close(self) -> None:
        """Wipe the line, so that what follows starts on a clean one."""
        if self._width:
            self._write("")
            self._stream.write("\r")
            self._stream.flush()

    def _write(self, text: str) -> None:
        self._stream.write(f"\r{text:{self._width}}")
        self._stream.flush()
        self._width = len(text)


def progress_text(progress: Progress, objective_name: str) -> str:
    """Return best value, percentage and time left of a run."""
    parts = [f"{100 * progress.fraction:3.0f} %"]
    parts.append(f"best {objective_name} {plain(progress.best_objective)}")
    if 0 < progress.fraction < 1:
        left = progress.elapsed * (1 - progress.fraction) / progress.fraction
        parts.append(f"{seconds(left)} left")
    return "   ".join(parts)
