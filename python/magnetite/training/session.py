"""A training at work: the state of everything that learns, and the loop over batches and epochs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from magnetite.training.ascent import Ascent
from magnetite.training.bounds import check_bounds
from magnetite.training.data import Batch, Source
from magnetite.training.gradient import Coordinates
from magnetite.training.initial import begin_from_data, completed
from magnetite.training.monitors import Monitors
from magnetite.training.optimizers import Steps
from magnetite.training.phases import Context
from magnetite.training.plan import Keys, Plan
from magnetite.training.positive import PositivePhase
from magnetite.training.result import Progress, TrainingProgress
from magnetite.training.saving import identity
from magnetite.training.schedules import Clock
from magnetite.training.summary import Summary
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["Session"]

CHECK_EVERY = 50
"""Updates between two looks at whether the parameters are still finite."""


class Session:
    """All that changes while a machine is trained.

    Parameters
    ----------
    rbm : RBM
        The machine, changed in place.
    plan : Plan
        The checked options.
    source : Source
        The data.
    num_threads : int
        Of the products.
    num_epochs : int or None
        Passes over the data; None where nobody knows.
    """

    def __init__(
        self, rbm: "RBM", plan: Plan, source: Source, num_threads: int, num_epochs: int | None
    ) -> None:
        self.rbm = rbm
        self.model: Any = rbm  # what the user trains, which may stand on that machine
        self.plan, self.source, self.num_epochs = plan, source, num_epochs
        self.seed = plan.seed
        self.num_threads = num_threads
        self.keys = Keys.of(plan.seed)
        self.layers = rbm.layers(num_threads)
        rows = source.summary.num_rows if source.lasting else plan.batch_size
        batch_size = min(plan.batch_size, rows)
        self.context = Context(rbm, self.layers, batch_size, self.keys.negative)
        self.positive = self._positive_phase()
        self.negative = plan.negative.start(self.context)
        self.coordinates = Coordinates(rbm, plan.gradient, plan.offset_rate)
        summary = self._summary()
        self.coordinates.begin(summary, source.lasting)
        self.optimizer = plan.optimizer.start(self.coordinates.shapes, rbm.dtype)
        self.penalties = [penalty.start(rbm) for penalty in plan.penalties]
        self.ascent = Ascent(
            rbm,
            self.layers,
            self.coordinates,
            self.optimizer,
            self.penalties,
            plan.precision_rate,
        )
        self.updates, self.epoch, self.batches_done = 0, 0, 0
        self.steps: Steps | None = None
        self._ratio = float("nan")  # of the last update before a break
        self.updating = False
        # Nothing above changes the machine, so that options which are refused leave it alone.
        if plan.initial == "data":
            self._begin(summary)
        rbm.data_means = summary.means
        self.good = self.parameters()

    # What trainings of other machines, which stand on this one, do in their own way.

    def _positive_phase(self) -> Any:
        return PositivePhase(self.context, self.keys.positive, self.keys.missing)

    def _summary(self) -> Summary:
        """Return what is known of all visible units before learning."""
        return completed(self.rbm, self.source.summary)

    def _begin(self, summary: Summary) -> None:
        begin_from_data(self.rbm, summary, self.keys.initial)

    # One update.

    def update(self, batch: Batch) -> None:
        """Learn from a batch: both phases, the gradient, a step."""
        self.updating = True
        with np.errstate(over="ignore", invalid="ignore"):  # `check_bounds` looks at that
            self._learn(batch)
        self.updates += 1
        self.batches_done += 1
        self.updating = False
        if self.updates % CHECK_EVERY == 0:
            check_bounds(self.rbm)

    def _learn(self, batch: Batch) -> None:
        with self.context.same_parameters():
            positive = self.positive.of(batch, self.updates)
            sample = self.negative.advance(positive, self.updates)
        self.steps = self.ascent.step(positive, sample, self.clock(), batch.share)

    def clock(self) -> Clock:
        """Return how far the training is."""
        of_epoch = self.source.num_batches
        epoch = self.epoch + (0.0 if of_epoch is None else self.batches_done / of_epoch)
        fraction = float("nan") if self.num_epochs is None else epoch / max(self.num_epochs, 1)
        return Clock(self.updates, epoch, min(fraction, 1.0) if fraction == fraction else fraction)

    def chains(self) -> tuple[Array, Array] | None:
        """Return visible and hidden states of the persistent chains, where there are any."""
        states: tuple[Array, Array] | None = getattr(self.negative, "joint_states", None)
        return states

    def progress(self, **common: Any) -> Progress:
        """Return what callbacks are told."""
        return TrainingProgress(
            negative=self.negative, layers=self.layers, sampled=self.rbm, **common
        )

    def described(self) -> dict[str, Any]:
        """Return the options, and what is known of the data, as plain values."""
        summary = self.source.summary
        return self.plan.described() | {
            "rows": self.source.num_rows,
            "constant_columns": int(np.sum(summary.known & (summary.variances == 0))),
            "missing_values": summary.missing,
        }

    def identity(self) -> dict[str, Any]:
        """Return what must be the same where a training goes on."""
        return identity(self.rbm, self.plan, self.source)

    # Epochs.

    def end_epoch(self) -> None:
        """Note that an epoch is over; its parameters are good ones if they are within bounds."""
        check_bounds(self.rbm)
        self.good = self.parameters()
        self.epoch += 1
        self.batches_done = 0

    def parameters(self) -> dict[str, Array]:
        """Return copies of the parameters."""
        return {name: value.copy() for name, value in self.rbm.parameters.items()}

    def go_back(self) -> None:
        """Make the machine what it was when its last good epoch ended."""
        self.rbm.assign(self.good)

    def finish(self) -> None:
        """Leave the chains to the machine."""
        self.rbm._chains = self.chains()

    def monitors(self, validation: Array | None) -> Monitors:
        """Return what takes the figures of epochs."""
        train = self.source.some_rows(Monitors.num_rows)
        keys, threads = self.keys.monitors, self.num_threads
        kind = self.rbm._monitors or Monitors
        return kind(self.rbm, self.layers, train, validation, keys, threads)

    def update_ratio(self) -> float:
        """Return the mean size of the last step of a weight, divided by that of a weight."""
        if self.steps is None:
            return self._ratio
        step, weight = (
            float(np.abs(w).mean(dtype=np.float64))
            for w in (self.steps.directions["weights"], self.rbm.weights)
        )
        return self.steps.rate * step / weight if weight > 0 else float("nan")

    # Checkpoints.

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds of the training."""
        return {
            "parameters": self.rbm.parameters,
            "good": self.good,
            "counts": [self.updates, self.epoch, self.batches_done],
            "update_ratio": self.update_ratio(),
            "parts": [part.state() for part in self._parts()],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Undo `state`."""
        self.good = state["parameters"]
        self.go_back()
        self.good = state["good"]
        self.updates, self.epoch, self.batches_done = state["counts"]
        self._ratio = state["update_ratio"]
        for part, its in zip(self._parts(), state["parts"], strict=True):
            part.restore(its)

    def _parts(self) -> Sequence[Any]:
        return (self.positive, self.negative, self.coordinates, self.optimizer, *self.penalties)
