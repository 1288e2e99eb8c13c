"""What the trainings of all machines share: from a checked plan to the result."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any

from magnetite._checks import check_count
from magnetite.control import Control, check_control
from magnetite.options import Seed, SeedLike, check_threads
from magnetite.training.callbacks import EarlyStopping
from magnetite.training.data import Matrix, MeansOf, Source, Takes, make_source, pick_rows
from magnetite.training.monitors import Monitors
from magnetite.training.optimizers import SGD, Optimizer
from magnetite.training.plan import Keys, Plan
from magnetite.training.result import TrainingResult
from magnetite.training.running import Callback, Figures, Runner, Trainable
from magnetite.training.saving import check_identity, identity, saved_training, seed_of
from magnetite.training.schedules import Cosine, check_endless
from magnetite.training.session import Session
from magnetite.training.summary import warn_of_offsets
from magnetite.units.base import Array

__all__ = ["DEFAULT_OPTIMIZER", "Frame", "check_callbacks", "check_frame", "learn"]

DEFAULT_OPTIMIZER = SGD(Cosine(0.01, begin=0.5), momentum=0.9)
"""The decay in the second half is worth five nats on MNIST with 16 hidden units and 10 epochs."""


@dataclass(frozen=True, eq=False)
class Frame:
    """The checked options of a run that trainings of all kinds have, and the run itself."""

    control: Control
    num_epochs: int
    monitor_every: int
    num_threads: int
    callbacks: Sequence[Callback]
    saved: dict[str, Any] | None
    """The checkpoint to go on from, where there is one."""

    def seed(self, given: SeedLike, checked: Seed) -> Seed:
        """Return the seed: that of the checkpoint, which none given anew may contradict."""
        return checked if self.saved is None else seed_of(self.saved["seed"], given, checked)

    def check(self, identity: dict[str, Any]) -> None:
        """Refuse a checkpoint of another training."""
        if self.saved is not None and self.control.checkpoint is not None:
            check_identity(self.control.checkpoint, self.saved["identity"], identity)

    def run(self, session: Trainable, figures: Figures) -> TrainingResult:
        """Work through the epochs, from the checkpoint on where there is one."""
        runner = Runner(session, self.control, self.callbacks, figures, self.monitor_every)
        runner.start(self.saved)
        return runner.run()


def check_frame(
    *,
    started: float,
    epochs: int,
    validation: bool,
    callbacks: Sequence[Callback],
    monitor_every: int,
    progress: bool,
    num_threads: int | None,
    time_limit: float | None,
    checkpoint: str | PathLike[str] | None,
    checkpoint_interval: float,
    resume: bool,
    on_interrupt: str,
) -> Frame:
    """Check the options; `validation` tells whether there are such rows."""
    control = check_control(
        started=started,
        time_limit=time_limit,
        target_energy=None,
        callback=None,
        progress=progress,
        checkpoint=checkpoint,
        checkpoint_interval=checkpoint_interval,
        on_interrupt=on_interrupt,
    )
    num_epochs = check_count("epochs", epochs, 0)
    every = check_count("monitor_every", monitor_every, 1)
    threads = check_threads(num_threads)
    check_callbacks(callbacks, validation)
    saved = saved_training(control.checkpoint, resume)
    return Frame(control, num_epochs, every, threads, callbacks, saved)


def learn(
    machine: Any,
    plan: Plan,
    X: Any,
    *,
    started: float,
    epochs: int,
    sample_weight: Any,
    validation: Any,
    callbacks: Sequence[Callback],
    monitor_every: int,
    progress: bool,
    seed: SeedLike,
    num_threads: int | None,
    time_limit: float | None,
    checkpoint: str | PathLike[str] | None,
    checkpoint_interval: float,
    resume: bool,
    on_interrupt: str,
    session: Callable[..., Session] = Session,
    default: Optimizer = DEFAULT_OPTIMIZER,
) -> TrainingResult:
    """Train a machine by a checked plan; see `fit` for the options.

    Parameters
    ----------
    machine : RBM, or another whose `session` it is
        With the columns, the dtype and the check of visible states that data need.
    plan : Plan
        What is learnt how.
    session : callable
        Given the machine, the plan, the source of batches, threads and epochs, returns what learns.
    default : Optimizer
        The one whose schedule need not know the length of the training.
    """
    frame = check_frame(
        started=started,
        epochs=epochs,
        validation=validation is not None,
        callbacks=callbacks,
        monitor_every=monitor_every,
        progress=progress,
        num_threads=num_threads,
        time_limit=time_limit,
        checkpoint=checkpoint,
        checkpoint_interval=checkpoint_interval,
        resume=resume,
        on_interrupt=on_interrupt,
    )
    plan = replace(plan, seed=frame.seed(seed, plan.seed))
    taker = MeansOf(machine) if plan.means else machine
    held_out = _validation_rows(taker, validation, plan)
    source = make_source(
        taker,
        X,
        sample_weight,
        batch_size=plan.batch_size,
        shuffle=plan.shuffle,
        key=Keys.of(plan.seed).data,
    )
    _check_passes(source, frame.num_epochs, plan.optimizer is default, plan.optimizer)
    frame.check(identity(machine, plan, source))
    warn_of_offsets(machine, source.summary, stacklevel=4)
    learner = session(machine, plan, source, frame.num_threads, frame.num_epochs)
    learner.rbm._stream = None
    return frame.run(learner, learner.monitors(held_out))


def _check_passes(source: Source, num_epochs: int, is_default: bool, optimizer: Optimizer) -> None:
    """Refuse more epochs than the data can be gone through, and schedules without an end."""
    if source.once and num_epochs > 1:
        raise ValueError(
            f"epochs must be 1 for an X that can be gone through only once, got {num_epochs}: "
            "let X be a function that returns such an iterator, or a list of chunks"
        )
    if num_epochs == 1 and source.num_batches is None and not is_default:
        where = "a single pass over chunks, whose end nobody knows"
        check_endless(optimizer, where, "a function of a training.Clock that counts updates")


def check_callbacks(callbacks: Any, validation: bool) -> None:
    """Check what is called after epochs; `validation` tells whether there are such rows."""
    if not isinstance(callbacks, list | tuple):
        raise TypeError(f"callbacks must be a list, got {type(callbacks).__name__}")
    for callback in callbacks:
        if not callable(callback):
            raise TypeError(f"callbacks must be callable, got {callback!r}")
        if isinstance(callback, EarlyStopping):
            callback.check(validation)


def _validation_rows(taker: Takes, validation: Any, plan: Plan) -> Array | None:
    if validation is None:
        return None
    matrix = Matrix(taker, validation, "validation")
    for _ in matrix.blocks():  # checks the values
        pass
    return matrix.take(pick_rows(len(matrix), Monitors.num_rows, Keys.of(plan.seed).monitors))
