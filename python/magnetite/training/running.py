"""The loop over epochs and batches, and what is looked at in between."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from magnetite.bars import Bar, make_bar
from magnetite.control import Control, carrying
from magnetite.facts import versions
from magnetite.interrupts import Interrupts
from magnetite.options import Seed
from magnetite.training.bounds import OutOfBounds
from magnetite.training.data import Source
from magnetite.training.result import Progress, TrainingDiverged, TrainingResult, table_of
from magnetite.training.saving import save_training
from magnetite.training.schedules import Clock
from magnetite.training.session import Session

__all__ = ["Callback", "Figures", "Runner", "Trainable", "run_chunk"]

Callback = Callable[[Any], object]


class Trainable(Protocol):
    """What the loop drives: `session.Session`, and whatever else learns from batches."""

    model: Any
    """What learns, changed in place."""

    seed: Seed
    updates: int
    epoch: int
    batches_done: int
    updating: bool

    @property
    def source(self) -> Source:
        """Where batches come from."""

    @property
    def num_epochs(self) -> int | None:
        """Passes over the data; None where nobody knows."""

    def update(self, batch: Any) -> None:
        """Learn from a batch."""

    def end_epoch(self) -> None:
        """Note that an epoch is over."""

    def go_back(self) -> None:
        """Make the model what it was when its last good epoch ended."""

    def finish(self) -> None:
        """Leave to the model what it keeps of the training."""

    def clock(self) -> Clock:
        """Return how far the training is."""

    def update_ratio(self) -> float:
        """Return the mean size of the last step of a weight, divided by that of a weight."""

    def progress(self, **common: Any) -> Progress:
        """Return what callbacks are told, given what is common to all trainings."""

    def described(self) -> dict[str, Any]:
        """Return the options, and what is known of the data, as plain values."""

    def identity(self) -> dict[str, Any]:
        """Return what must be the same where a training goes on."""

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""

    def restore(self, state: dict[str, Any]) -> None:
        """Undo `state`."""


class Figures(Protocol):
    """What takes the figures of epochs."""

    def figures(self) -> dict[str, float]:
        """Return those of now."""


class Runner:
    """Runs a session to its end, or until it is stopped.

    Parameters
    ----------
    session : Trainable
        What learns.
    control : Control
        Time limit, checkpoint, bar and what Ctrl-C does.
    callbacks : sequence of callables
        Asked after every epoch; see `RBM.fit`.
    monitors : Figures
        What takes the figures.
    monitor_every : int
        Epochs between figures.
    """

    def __init__(
        self,
        session: Trainable,
        control: Control,
        callbacks: Sequence[Callback],
        monitors: Figures,
        monitor_every: int,
    ) -> None:
        self.session, self.control, self.callbacks = session, control, list(callbacks)
        self.monitors, self.monitor_every = monitors, monitor_every
        self.history: list[dict[str, float]] = []
        self.seconds_before = 0.0
        self.saved = control.clock()
        self.interrupts = Interrupts()
        self.after_update = [c for c in self.callbacks if hasattr(c, "after_update")]

    def run(self) -> TrainingResult:
        """Work through the epochs; return what was measured."""
        error: BaseException | None = None
        with self.interrupts:
            bar = make_bar(self.control.progress, "")
            try:
                reason = self._epochs(bar)
            except KeyboardInterrupt:  # from a callback, or a signal that is not held back
                self.interrupts.pending, reason = True, "interrupted"
            except OutOfBounds as left:
                self.session.go_back()
                reason, error = "diverged", _diverged(left, self.session.epoch)
            except BaseException as other:  # a callback's, or that of an iterator that gives data
                reason, error = "error", other
            finally:
                bar.close()
            self.session.finish()
            result = self.result(reason)
            # A second Ctrl-C breaks an update off, which leaves no place to go on from.
            if reason not in ("diverged", "error") and not self.session.updating:
                error = self._save_last()
            for callback in self.callbacks:
                if hasattr(callback, "finish"):
                    callback.finish(self.session.model)
        if error is not None:
            raise carrying(error, result)
        if self.interrupts.pending and self.control.on_interrupt == "raise":
            raise carrying(KeyboardInterrupt("what was measured is in .result"), result)
        return result

    def _epochs(self, bar: Bar) -> str:
        session = self.session
        assert session.num_epochs is not None
        while session.epoch < session.num_epochs:
            for batch in session.source.batches(session.epoch, session.batches_done):
                if reason := self._look():
                    return reason
                session.update(batch)
                self._tell_update()
                bar.show(session.clock().fraction, self._words())
            session.end_epoch()
            if self._end_epoch():
                return "callback"
            bar.show(session.clock().fraction, self._words())
        return "completed"

    def _look(self) -> str:
        """Return why to stop, or nothing; save when that is due."""
        if self.interrupts.pending:
            return "interrupted"
        if self.control.time_left() <= 0:
            return "time_limit"
        now = self.control.clock()
        if self.control.checkpoint and now - self.saved >= self.control.checkpoint_interval:
            self._save()
        return ""

    def _end_epoch(self) -> bool:
        """Take figures and ask the callbacks; return True if one wants to stop."""
        session = self.session
        figures: dict[str, float] = {
            "epoch": session.epoch,
            "updates": session.updates,
            "seconds": self.seconds_before + self.control.elapsed(),
        }
        if session.epoch % self.monitor_every == 0 or session.epoch == session.num_epochs:
            with np.errstate(over="ignore", invalid="ignore"):
                figures |= self.monitors.figures() | {"update_ratio": session.update_ratio()}
        self.history.append(figures)
        with self.interrupts.raising():
            # All are asked, also where the first wants to stop: others may record figures.
            return any([bool(callback(self._progress())) for callback in self.callbacks])

    def _tell_update(self) -> None:
        for callback in self.after_update:
            callback.after_update(self._progress())

    def _progress(self) -> Progress:
        session = self.session
        return session.progress(
            model=session.model,
            epoch=session.epoch,
            num_epochs=session.num_epochs or 0,
            updates=session.updates,
            elapsed=self.control.elapsed(),
            figures=self.history[-1] if self.history else {},
            history=self.history,
        )

    def _words(self) -> str:
        """Return what the bar says: the epoch, and the last figures that matter."""
        shown = {
            "log_likelihood": "ln p",
            "validation_pseudo_log_likelihood": "PL valid",
            "pseudo_log_likelihood": "PL",
            "free_energy_gap": "gap",
            "divergence": "G",
            "loss": "loss",
            "validation_loss": "loss valid",
            "validation_error": "error valid",
        }
        words = [f"epoch {self.session.epoch}"]
        if self.history:
            last = self.history[-1]
            words += [
                f"{word} {last[name]:.4g}"
                for name, word in shown.items()
                if math.isfinite(last.get(name, math.nan))
            ]
        return ", ".join(words)

    def result(self, reason: str) -> TrainingResult:
        """Return what was measured so far."""
        session = self.session
        info: dict[str, Any] = session.described() | {
            "epochs": session.epoch,
            "updates": session.updates,
            "seed": session.seed.replay,
            "stop_reason": reason,
            "seconds": self.seconds_before + self.control.elapsed(),
            "versions": versions(),
        }
        return TrainingResult(table_of(self.history) or {"epoch": np.empty(0)}, info)

    def start(self, saved: dict[str, Any] | None) -> None:
        """Tell the callbacks that a training begins, and go on from a checkpoint, if there is one.

        A callback that was used before forgets that training.
        """
        for callback in self.callbacks:
            if hasattr(callback, "start"):
                callback.start(self.session.model)
        if saved is not None:
            self.restore(saved)

    # Checkpoints.

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        session = self.session
        return {
            "identity": session.identity(),
            "seed": session.seed.replay,
            "session": session.state(),
            "rows": session.source.num_rows,
            "history": self.history,
            "seconds": self.seconds_before + self.control.elapsed(),
            "callbacks": [
                callback.state() if hasattr(callback, "state") else None
                for callback in self.callbacks
            ],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Undo `state`."""
        self.session.restore(state["session"])
        self.session.source.num_rows = state["rows"]
        self.history, self.seconds_before = state["history"], state["seconds"]
        for callback, its in zip(self.callbacks, state["callbacks"], strict=False):
            if its is not None and hasattr(callback, "restore"):
                callback.restore(its)

    def _save(self) -> None:
        assert self.control.checkpoint is not None
        save_training(self.control.checkpoint, self.state())
        self.saved = self.control.clock()

    def _save_last(self) -> OSError | None:
        """Write the final checkpoint; a failure to do so must not cost the result."""
        if self.control.checkpoint is not None:
            try:
                self._save()
            except OSError as error:
                return error
        return None


def run_chunk(session: Session) -> None:
    """Learn from the one pass over a chunk of a stream; Ctrl-C is answered between updates."""
    with Interrupts() as interrupts:
        try:
            for batch in session.source.batches(session.epoch):
                if interrupts.pending:
                    break
                session.update(batch)
            session.end_epoch()
            session.finish()
        except OutOfBounds as left:
            session.go_back()
            session.rbm._stream = None
            raise _diverged(left, session.epoch) from None
    if interrupts.pending:
        raise KeyboardInterrupt("the machine is as it was after the last update")


def _diverged(left: OutOfBounds, epochs: int) -> TrainingDiverged:
    return TrainingDiverged(
        f"the training diverges ({left}): lower the learning rate. The machine is as it was "
        f"after epoch {epochs}"
    )
