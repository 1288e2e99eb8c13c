"""A progress bar: tqdm where it is installed, else one plain line on stderr."""

import importlib.util
import math
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol, TextIO

PLAIN_INTERVAL_SECONDS = 0.1


class Bar(Protocol):
    """What the slice loop tells a progress bar."""

    def update(self, fraction: float, best: float) -> None:
        """Show a fraction (0 to 1) and the best value so far."""

    def show(self, fraction: float, text: str) -> None:
        """Show a fraction and a few words."""

    def close(self) -> None:
        """Leave the terminal tidy."""


def make_bar(shown: bool, label: str) -> Bar:
    """Return the best bar there is, or one that shows nothing; `label` names the best value."""
    if not shown:
        return NoBar()
    if importlib.util.find_spec("tqdm") is not None:
        return TqdmBar(label)
    return PlainBar(label)


def _best_text(label: str, best: float) -> str:
    """Name the best value so far; say nothing where there is none."""
    return f"{label} {best:.10g}" if math.isfinite(best) else ""


class NoBar:
    """Shows nothing."""

    def update(self, fraction: float, best: float) -> None:
        """Do nothing."""

    def show(self, fraction: float, text: str) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class TqdmBar:
    """A tqdm bar, in a terminal or a notebook."""

    def __init__(self, label: str) -> None:
        from tqdm.auto import tqdm

        self._label = label
        self._bar: Any = tqdm(
            total=1.0, bar_format="{percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
        )

    def update(self, fraction: float, best: float) -> None:
        """Show a fraction and the best value so far."""
        self.show(fraction, _best_text(self._label, best))

    def show(self, fraction: float, text: str) -> None:
        """Show a fraction and a few words."""
        self._bar.set_postfix_str(text, refresh=False)
        self._bar.update(fraction - self._bar.n)

    def close(self) -> None:
        """Close the bar where it stands."""
        self._bar.close()


class PlainBar:
    """One line, rewritten on a terminal, written once at the end elsewhere."""

    def __init__(
        self,
        label: str,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._label = label
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._shown = -float("inf")
        self._line = ""

    def update(self, fraction: float, best: float) -> None:
        """Show a fraction and the best value so far, at most ten times a second."""
        self.show(fraction, _best_text(self._label, best))

    def show(self, fraction: float, text: str) -> None:
        """Show a fraction and a few words, at most ten times a second."""
        self._line = f"{100 * fraction:3.0f}%  {text}".rstrip()
        if self._stream.isatty() and self._clock() - self._shown >= PLAIN_INTERVAL_SECONDS:
            self._shown = self._clock()
            self._stream.write(f"\r{self._line}\x1b[K")
            self._stream.flush()

    def close(self) -> None:
        """Write the last line for good."""
        if self._line:
            start = "\r" if self._stream.isatty() else ""
            end = "\x1b[K\n" if self._stream.isatty() else "\n"
            self._stream.write(f"{start}{self._line}{end}")
            self._stream.flush()
