"""Contrastive wake-sleep at work: all layers of a stack learn together."""

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from magnetite.deep.directed import Directed
from magnetite.deep.passes import means_up
from magnetite.layers import Draws
from magnetite.training.bounds import check_bounds
from magnetite.training.data import Batch, MatrixSource
from magnetite.training.monitors import Monitors
from magnetite.training.plan import Plan
from magnetite.training.result import Progress
from magnetite.training.saving import identity
from magnetite.training.session import Session
from magnetite.training.summary import Summary, summarise
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.deep.dbn import DBN

__all__ = ["UpDown"]


class UpDown(Session):
    """The training of a top machine, and of all layers below it in both directions.

    A batch goes up by draws (wake); the top machine learns from its highest draw, as in any
    training; what its negative phase has drawn goes down (sleep). Each layer's way down learns to
    predict what was below in the wake phase, its way up what was above in the sleep phase.

    Parameters
    ----------
    dbn : DBN
        The network, whose way up gets parameters of its own; changed in place.
    plan, source, num_threads, num_epochs
        As for `Session`; the source gives visible states of the network.
    """

    source: MatrixSource

    def __init__(
        self, dbn: "DBN", plan: Plan, source: MatrixSource, num_threads: int, num_epochs: int
    ) -> None:
        dbn.untie()
        *below, top = dbn.layers
        self.dbn, self.ways_up = dbn, dbn.recognition[:-1]
        super().__init__(top, plan, source, num_threads, num_epochs)
        self.model = dbn
        self.down = [Directed(rbm, "visible", plan, num_threads) for rbm in below]
        self.up = [Directed(rbm, "hidden", plan, num_threads) for rbm in self.ways_up]
        for rbm in below:
            rbm._stream = None
        seeds = np.random.SeedSequence(plan.seed.key).spawn(1)[0]
        self.streams = [int(key) for key in seeds.generate_state(2 * len(below), np.uint64)]

    def _summary(self) -> Summary:
        """Return what the top machine sees of the data before learning."""
        passed = ((at, means_up(self.ways_up, v)) for at, v in self.source.matrix.blocks())
        return summarise("X", passed, self.source.weights)

    def _learn(self, batch: Batch) -> None:
        wake = self._wake(batch.v)
        with self.context.same_parameters():
            highest = dataclasses.replace(batch, v=wake[-1], rows=None)
            positive = self.positive.of(highest, self.updates)
            sample = self.negative.advance(positive, self.updates)
        sleep, clock = self._sleep(sample.v), self.clock()
        self.steps = self.ascent.step(positive, sample, clock, batch.share)
        for layer, down in enumerate(self.down):
            down.learn(wake[layer], wake[layer + 1], batch.weights, clock, batch.share)
        for layer, up in enumerate(self.up):
            up.learn(sleep[layer], sleep[layer + 1], sample.weights, clock, batch.share)

    def _wake(self, v: Array) -> list[Array]:
        """Return the visible states, and a draw of each layer given the one below."""
        states = [v]
        for up, stream in zip(self.up, self.streams, strict=False):
            states.append(up.draw(states[-1], Draws(stream, 0, self.updates)))
        return states

    def _sleep(self, h: Array) -> list[Array]:
        """Return draws of each layer given the one above, from below, and last what was drawn."""
        states = [h]
        for down, stream in zip(reversed(self.down), reversed(self.streams), strict=False):
            states.append(down.draw(states[-1], Draws(stream, 0, self.updates)))
        return states[::-1]

    # What is more than one machine's.

    def end_epoch(self) -> None:
        """Note that an epoch is over, if all parameters are within bounds."""
        for rbm in (*self.dbn.layers, *self.ways_up):
            check_bounds(rbm)
        super().end_epoch()

    def parameters(self) -> dict[str, Array]:
        """Return copies of the parameters of all machines."""
        return {name: value.copy() for name, value in self.dbn.parameters.items()}

    def go_back(self) -> None:
        """Make all machines what they were when the last good epoch ended."""
        self.dbn.assign(self.good)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds of the training."""
        more = {"parameters": self.dbn.parameters, "data_means": self.rbm.data_means}
        return super().state() | more

    def restore(self, state: dict[str, Any]) -> None:
        """Undo `state`."""
        super().restore(state)
        self.rbm.data_means = state["data_means"]

    def identity(self) -> dict[str, Any]:
        """Return what must be the same where a training goes on."""
        return identity(self.model, self.plan, self.source)

    def progress(self, **common: Any) -> Progress:
        """Return what callbacks are told: of the network, not of its top machine."""
        return Progress(**common)

    def _parts(self) -> list[Any]:
        directed = [*self.down, *self.up]
        more = [part for one in directed for part in (one.coordinates, one.optimizer)]
        return [*super()._parts(), *more]

    def monitors(self, validation: Array | None) -> Monitors:
        """Return what takes the figures of epochs."""
        return _Figures(self, self.source.some_rows(Monitors.num_rows), validation)


class _Figures(Monitors):
    """Errors of reconstruction by one way up and one way down."""

    def __init__(self, session: UpDown, train: Array, validation: Array | None) -> None:
        self.ways = session.ways_up, [one.rbm for one in session.down]
        self.top, self.train, self.validation = session.rbm, train, validation

    def figures(self) -> dict[str, float]:
        found = {"reconstruction_error": self._error(self.train)}
        if self.validation is not None:
            found["validation_reconstruction_error"] = self._error(self.validation)
        return found | {"mean_abs_weight": float(np.abs(self.top.weights).mean(dtype=np.float64))}

    def _error(self, rows: Array) -> float:
        again = means_up(self.ways[0], rows)
        for rbm in reversed(self.ways[1]):
            again = rbm.visible_means(again)
        return float(((rows - again) ** 2).mean(dtype=np.float64))
