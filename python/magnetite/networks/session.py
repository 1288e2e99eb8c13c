"""A network in training: all that changes, and what an update does."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from magnetite.networks.backprop import Passes, names
from magnetite.options import Seed
from magnetite.training.bounds import OutOfBounds
from magnetite.training.data import Batch, MatrixSource
from magnetite.training.optimizers import Optimizer, Steps
from magnetite.training.penalties import Penalty
from magnetite.training.plan import described
from magnetite.training.result import Progress
from magnetite.training.schedules import Clock
from magnetite.training.session import CHECK_EVERY
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.networks.network import Network

__all__ = ["NetworkPlan", "NetworkSession"]


@dataclass(frozen=True)
class NetworkPlan:
    """Checked options of the training of a network."""

    optimizer: Optimizer
    batch_size: int
    dropout: float
    input_dropout: float
    penalties: tuple[Penalty, ...]
    shuffle: bool
    seed: Seed

    @property
    def keys(self) -> tuple[int, int]:
        """Keys of two independent streams: of the order of rows, and of the units dropped."""
        order, drop = np.random.SeedSequence(self.seed.key).generate_state(2, np.uint64)
        return int(order), int(drop)

    def described(self) -> dict[str, Any]:
        """Return the options as plain values."""
        return {
            "optimizer": described(self.optimizer),
            "batch_size": self.batch_size,
            "dropout": self.dropout,
            "input_dropout": self.input_dropout,
            "penalties": [described(penalty) for penalty in self.penalties],
            "shuffle": self.shuffle,
        }


class NetworkSession:
    """What `training.running.Runner` drives where a network is trained.

    Parameters
    ----------
    network : Network
        Changed in place.
    plan : NetworkPlan
        The checked options.
    source : MatrixSource
        The rows.
    num_threads : int
        Of the products.
    num_epochs : int
        Passes over the data.

    Attributes
    ----------
    targets : ndarray or None
        Of every row, to be set before the first update; None where the rows are their own.
    """

    targets: NDArray[Any] | None = None

    def __init__(
        self,
        network: "Network",
        plan: NetworkPlan,
        source: MatrixSource,
        num_threads: int,
        num_epochs: int,
    ) -> None:
        self.model, self.plan, self.source = network, plan, source
        self.seed, self.num_epochs = plan.seed, cast("int | None", num_epochs)
        self.passes = Passes(network.layers, num_threads)
        shapes = {name: value.shape for name, value in network.parameters.items()}
        self.optimizer = plan.optimizer.start(shapes, network.dtype)
        # The same matrices for all updates: fresh memory costs as much as a product.
        self.gradient_of_weights = {
            names(number)[0]: np.empty_like(layer.weights)
            for number, layer in enumerate(network.layers)
        }
        self.updates, self.epoch, self.batches_done = 0, 0, 0
        self.losses, self.shares = 0.0, 0.0
        self.steps: Steps | None = None
        self._ratio = float("nan")  # of the last update before a break
        self.updating = False
        self.good = self.parameters()

    # One update.

    def update(self, batch: Batch) -> None:
        """Learn from a batch."""
        self.updating = True
        with np.errstate(over="ignore", invalid="ignore"):  # `_check` looks at that
            self._learn(batch)
        self.updates += 1
        self.batches_done += 1
        self.updating = False
        if self.updates % CHECK_EVERY == 0:
            self._check()

    def _learn(self, batch: Batch) -> None:
        gradient = self._descent(batch)
        for number, layer in enumerate(self.model.layers):
            own: Any = {"weights": gradient[names(number)[0]]}
            for penalty in self.plan.penalties:
                penalty.push(own, cast("Any", layer), cast("Any", None), cast("Any", None))
        if batch.share != 1:
            for value in gradient.values():
                value *= value.dtype.type(batch.share)
        self.steps = steps = self.optimizer.steps(gradient, self.clock())
        for name, value in self.model.parameters.items():
            direction = steps.directions[name]
            value += direction if steps.rate == 1 else value.dtype.type(steps.rate) * direction
        for penalty in self.plan.penalties:
            for layer in self.model.layers:
                penalty.project(cast("Any", layer))

    def _descent(self, batch: Batch) -> dict[str, Array]:
        """Return minus the gradient of the mean loss of a batch, and note the loss."""
        loss, masks, pairs = self.model._loss, self._masks(len(batch.v)), self.passes.pairs()
        targets = batch.v if self.targets is None else self.targets[batch.rows]
        trace = self.passes.forward(batch.v, pairs, masks)
        if self.batches_done == 0:
            self.losses, self.shares = 0.0, 0.0
        self.losses += batch.share * float(batch.weights @ loss.rows(trace.last, targets))
        self.shares += batch.share
        slope = loss.slope(trace.last, targets)
        into = self.gradient_of_weights
        return self.passes.descent(trace, slope, batch.weights, pairs, masks, into)

    def _masks(self, rows: int) -> list[Array | None]:
        """Return what the inputs of each layer are multiplied by: zeros, and what makes up for."""
        chances = [self.plan.input_dropout] + [self.plan.dropout] * (len(self.model.layers) - 1)
        if not any(chances):
            return [None] * len(chances)
        rng = np.random.default_rng([self.plan.keys[1], self.updates])
        return [
            _mask(rng, (rows, layer.n_inputs), chance, self.model.dtype) if chance else None
            for layer, chance in zip(self.model.layers, chances, strict=True)
        ]

    def clock(self) -> Clock:
        """Return how far the training is."""
        epoch = self.epoch + self.batches_done / self.source.num_batches
        return Clock(self.updates, epoch, min(epoch / max(self.num_epochs or 0, 1), 1.0))

    # Epochs.

    def end_epoch(self) -> None:
        """Note that an epoch is over; its parameters are good ones if they are finite."""
        self._check()
        self.good = self.parameters()
        self.epoch += 1
        self.batches_done = 0

    def _check(self) -> None:
        for name, value in self.model.parameters.items():
            if not np.isfinite(value).all():
                raise OutOfBounds(f"{name} is no longer finite")

    def parameters(self) -> dict[str, Array]:
        """Return copies of the parameters."""
        return {name: value.copy() for name, value in self.model.parameters.items()}

    def go_back(self) -> None:
        """Make the network what it was when its last good epoch ended."""
        self.model.assign(self.good)

    def finish(self) -> None:
        """Leave nothing but the parameters."""

    def epoch_loss(self) -> float:
        """Return the mean loss of the batches of the last epoch, as they were learnt."""
        return self.losses / self.shares if self.shares else float("nan")

    def update_ratio(self) -> float:
        """Return the mean size of the last step of a weight, divided by that of a weight."""
        if self.steps is None:
            return self._ratio
        step, weight = 0.0, 0.0
        for name in self.gradient_of_weights:
            step += float(np.abs(self.steps.directions[name]).sum(dtype=np.float64))
            weight += float(np.abs(self.model.parameters[name]).sum(dtype=np.float64))
        return self.steps.rate * step / weight if weight > 0 else float("nan")

    # What others are told.

    def progress(self, **common: Any) -> Progress:
        """Return what callbacks are told."""
        return Progress(**common)

    def described(self) -> dict[str, Any]:
        """Return the options, and what is known of the data, as plain values."""
        return self.plan.described() | {"rows": self.source.num_rows}

    def identity(self) -> dict[str, Any]:
        """Return what must be the same where a training goes on."""
        return {
            "the network": repr(self.model),
            "dtype": self.model.dtype.name,
            "the number of rows of X": self.source.num_rows,
        } | self.plan.described()

    # Checkpoints.

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds of the training."""
        return {
            "parameters": self.model.parameters,
            "good": self.good,
            "counts": [self.updates, self.epoch, self.batches_done],
            "losses": [self.losses, self.shares],
            "update_ratio": self.update_ratio(),
            "optimizer": self.optimizer.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Undo `state`."""
        self.good = state["parameters"]
        self.go_back()
        self.good = state["good"]
        self.updates, self.epoch, self.batches_done = state["counts"]
        self.losses, self.shares = state["losses"]
        self._ratio = state["update_ratio"]
        self.optimizer.restore(state["optimizer"])


def _mask(
    rng: np.random.Generator, shape: tuple[int, int], chance: float, dtype: np.dtype[Any]
) -> Array:
    """Return zeros with this chance, elsewhere what makes the mean one."""
    kept = rng.random(shape, np.float32) >= chance
    mask: Array = kept.astype(dtype)
    mask *= dtype.type(1 / (1 - chance))
    return mask
