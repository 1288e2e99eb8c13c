"""The slice loop: runs a job in short slices and looks around between them."""

import math
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from magnetite._checks import check_choice, check_real
from magnetite.bars import Bar, make_bar
from magnetite.interrupts import Interrupts
from magnetite.options import INTERRUPT_ACTIONS, check_seconds, check_target

SLICE_SECONDS = 0.05
TARGET_TOLERANCE = 1e-9

ResultT = TypeVar("ResultT")
ResultT_co = TypeVar("ResultT_co", covariant=True)


@dataclass(frozen=True)
class Tally:
    """How far a job is: work in sweeps x chains, `total` None when that does not bound it."""

    done: int
    total: int | None
    best_energy: float
    reads_done: int
    round: int
    num_rounds: int | None = None  # where those bound it


class Job(Protocol[ResultT_co]):
    """What the loop drives: a resumable run and the making of its result."""

    ending: str  # the stop reason of a job that `advance` says is finished
    preprocessing: float  # seconds that went by before the first slice

    def advance(self, seconds: float, time_left: float) -> bool:
        """Work about `seconds`; return True when all is done."""

    def tally(self) -> Tally:
        """Return how far the job is."""

    def best_state(self) -> NDArray[np.int8]:
        """Return the best state so far in the model's own values."""

    def objective(self, energy: float) -> float:
        """Return an energy in the model's own sign."""

    def result(self, stop_reason: str) -> ResultT_co:
        """Return all that was found so far."""

    def save(self, path: Path, time_left: float) -> None:
        """Write a checkpoint over `path`; `time_left` is until the time limit, inf without."""


@dataclass(frozen=True)
class Progress:
    """What a callback is told between two slices.

    Attributes
    ----------
    elapsed : float
        Seconds since the call began.
    fraction : float
        Part of the run that is behind, 0 to 1, by work or by time, whichever is further.
    sweeps_done : int
        Sweeps done, summed over all reads (chains).
    best_energy, best_objective : float
        Lowest energy seen so far, and the same in the model's own sign (a cut, say).
    reads_done : int
        Reads finished, over all rounds. Within a round reads finish in order of their number.
    round : int
        Number of the round under way, from 0.
    best_state : ndarray of int8
        State (n,) of the lowest energy in the model's own values; made when it is asked for.

    Examples
    --------
    >>> import magnetite as mg
    >>> def enough(progress):
    ...     return progress.best_objective >= 2.0
    >>> model = mg.maxcut({(0, 1): 1.0, (1, 2): 1.0})
    >>> mg.anneal(model, num_sweeps=10**6, callback=enough, seed=1).info["stop_reason"]
    'callback'
    """

    elapsed: float
    fraction: float
    sweeps_done: int
    best_energy: float
    best_objective: float
    reads_done: int
    round: int
    _best_state: Callable[[], NDArray[np.int8]] = field(repr=False, compare=False)

    @property
    def best_state(self) -> NDArray[np.int8]:
        """State of the lowest energy seen so far, in the model's own values."""
        return self._best_state()


Callback = Callable[[Progress], object]


@dataclass(frozen=True, eq=False)
class Control:
    """Checked run-control options: when to stop, whom to tell, where to save."""

    started: float
    time_limit: float = math.inf
    target_energy: float = -math.inf
    callback: Callback | None = None
    progress: bool = False
    on_interrupt: str = "raise"
    checkpoint: Path | None = None
    checkpoint_interval: float = 60.0
    clock: Callable[[], float] = time.perf_counter

    def elapsed(self) -> float:
        """Return the seconds since the call began."""
        return self.clock() - self.started

    def time_left(self) -> float:
        """Return the seconds until the time limit, infinite without one."""
        return self.time_limit - self.elapsed()

    def reached(self, best_energy: float) -> bool:
        """Tell whether an energy is as low as the target, within 1e-9 relative."""
        tolerance = TARGET_TOLERANCE * max(1.0, abs(self.target_energy))
        return self.target_energy > -math.inf and best_energy <= self.target_energy + tolerance


def check_control(
    *,
    started: float,
    time_limit: float | None,
    target_energy: float | None,
    callback: Callback | None,
    progress: bool,
    checkpoint: str | PathLike[str] | None,
    checkpoint_interval: float,
    on_interrupt: str,
) -> Control:
    """Check the run-control options that every sampler shares."""
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be callable, got {type(callback).__name__}")
    interval = check_real("checkpoint_interval", checkpoint_interval)
    if not interval > 0:
        raise ValueError(f"checkpoint_interval must be positive, got {checkpoint_interval!r}")
    return Control(
        started=started,
        time_limit=check_seconds("time_limit", time_limit),
        target_energy=check_target(target_energy),
        callback=callback,
        progress=bool(progress),
        on_interrupt=check_choice("on_interrupt", on_interrupt, INTERRUPT_ACTIONS),
        checkpoint=_writable(checkpoint),
        checkpoint_interval=interval,
    )


def _writable(checkpoint: str | PathLike[str] | None) -> Path | None:
    if checkpoint is None:
        return None
    if not isinstance(checkpoint, str | PathLike):
        raise TypeError(f"checkpoint must be a path, got {checkpoint!r}")
    path = Path(checkpoint).absolute()
    if path.is_dir() or not path.parent.is_dir():
        raise ValueError(f"checkpoint must be a file in an existing directory, got '{checkpoint}'")
    return path


def drive(job: Job[ResultT], control: Control) -> ResultT:
    """Run `job` to its end or until it is stopped; return its result.

    Ctrl-C raises KeyboardInterrupt (or returns, by `on_interrupt`) and an exception of the
    callback propagates; either carries what was found as `.result`.
    """
    with Interrupts() as interrupts:
        loop = _Loop(job, control, interrupts)
        reason = loop.run()
        result = job.result(reason)
        loop.save_last()
    if loop.error is not None:
        raise carrying(loop.error, result)
    if interrupts.pending and control.on_interrupt == "raise":
        raise carrying(KeyboardInterrupt("what was found is in .result"), result)
    return result


def carrying(error: BaseException, result: object) -> BaseException:
    """Return the exception with what was found as its `result`."""
    with suppress(AttributeError):  # an exception with __slots__ goes without
        error.result = result  # type: ignore[attr-defined]
    return error


class _Loop:
    """The loop itself, and what it has to remember between slices."""

    def __init__(self, job: Job[Any], control: Control, interrupts: Interrupts) -> None:
        self.job = job
        self.control = control
        self.interrupts = interrupts
        self.saved = control.clock()
        self.error: BaseException | None = None

    def run(self) -> str:
        """Work through the slices; return the stop reason."""
        bar = make_bar(self.control.progress, "best")
        try:
            return self._slices(bar)
        except KeyboardInterrupt:  # from the callback, or a signal that is not held back
            self.interrupts.pending = True
            return "interrupted"
        finally:
            bar.close()

    def _slices(self, bar: Bar) -> str:
        while (left := self.control.time_left()) > 0:
            done = self.job.advance(min(SLICE_SECONDS, left), left)
            reason = self._look(bar)
            if reason or done:
                return reason or self.job.ending
            self._save_when_due()
        return "time_limit"

    def _look(self, bar: Bar) -> str:
        """Show and tell how far the job is; return why to stop, or nothing."""
        tally = self.job.tally()
        progress = self._progress(tally)
        bar.update(progress.fraction, progress.best_objective)
        if self._callback_stops(progress):
            return "callback"
        if self.control.reached(tally.best_energy):
            return "target_energy"
        return "interrupted" if self.interrupts.pending else ""

    def _callback_stops(self, progress: Progress) -> bool:
        if self.control.callback is None:
            return False
        try:
            with self.interrupts.raising():
                return bool(self.control.callback(progress))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too gets what was found
            self.error = error
            return True

    def _progress(self, tally: Tally) -> Progress:
        elapsed = self.control.elapsed()
        fraction = elapsed / self.control.time_limit
        if tally.total is not None:
            fraction = max(fraction, tally.done / tally.total if tally.total else 1.0)
        if tally.num_rounds is not None:
            fraction = max(fraction, tally.round / tally.num_rounds)
        return Progress(
            elapsed=elapsed,
            fraction=min(fraction, 1.0),
            sweeps_done=tally.done,
            best_energy=tally.best_energy,
            best_objective=self.job.objective(tally.best_energy),
            reads_done=tally.reads_done,
            round=tally.round,
            _best_state=self.job.best_state,
        )

    def _save_when_due(self) -> None:
        path, now = self.control.checkpoint, self.control.clock()
        if path is None or now - self.saved < self.control.checkpoint_interval:
            return
        try:
            self.job.save(path, self.control.time_left())
        except OSError as error:  # a full disk may be emptied before the run ends
            warnings.warn(f"checkpoint not written: {error}", RuntimeWarning, stacklevel=2)
        self.saved = self.control.clock()

    def save_last(self) -> None:
        """Write the final checkpoint; a failure to do so must not cost the result."""
        if self.control.checkpoint is None:
            return
        try:
            self.job.save(self.control.checkpoint, self.control.time_left())
        except OSError as error:
            self.error = self.error or error
