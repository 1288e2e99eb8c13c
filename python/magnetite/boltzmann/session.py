"""The training of a Boltzmann machine at work."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from magnetite.boltzmann.enumeration import Enumeration
from magnetite.boltzmann.objectives import Objective
from magnetite.boltzmann.phases import Context, Phase, PhaseRun, Rows
from magnetite.boltzmann.rows import VisibleRows, distinct_rows
from magnetite.models.topology import Moments, Parameters
from magnetite.options import Seed
from magnetite.training.bounds import LARGEST_WEIGHT, OutOfBounds
from magnetite.training.data import Batch, MatrixSource
from magnetite.training.optimizers import Optimizer, Steps
from magnetite.training.penalties import L1, L2
from magnetite.training.plan import described
from magnetite.training.result import Progress
from magnetite.training.schedules import Clock, ScheduleLike, as_schedule
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.models.boltzmann import BoltzmannMachine

__all__ = ["Likelihood", "MachineSession", "Plan"]

WEIGHT_DEVIATION = 0.01
"""Of the first weights of a machine that has none."""

SHOWN = ("objective", "optimizer", "shrinkage", "inputs")
"""Options that a result holds as they are written."""

CLIP = 1e-3
"""First biases are those of means no closer than this to the ends."""


@dataclass(frozen=True)
class Likelihood:
    """The likelihood as the objective, climbed by the difference of two phases."""

    positive: Phase
    negative: Phase


@dataclass(frozen=True)
class Plan:
    """Checked options of a training."""

    objective: Likelihood | Objective
    optimizer: Optimizer
    batch_size: int
    gradient: str
    offset_rate: float
    penalties: tuple[L1 | L2, ...]
    shrinkage: ScheduleLike
    inputs: tuple[int, ...]
    initial: str | None
    shuffle: bool
    seed: Seed

    def described(self) -> dict[str, Any]:
        """Return the options as plain values."""
        plain = {name: value for name, value in vars(self).items() if name != "seed"}
        plain["penalties"] = [described(penalty) for penalty in self.penalties]
        return plain | {name: described(plain[name]) for name in SHOWN}


class MachineSession:
    """All that changes while a machine learns.

    In centred coordinates the energy is
    ``-sum_{i<j} W_ij (x_i - mu_i)(x_j - mu_j) - sum_i b'_i (x_i - mu_i)``, the same machine with
    ``b = b' - W mu``.

    Parameters
    ----------
    machine : BoltzmannMachine
        Changed in place, whenever somebody may look at it.
    plan : Plan
    source : MatrixSource
        The data.
    num_threads : int
    num_epochs : int
    """

    def __init__(
        self,
        machine: "BoltzmannMachine",
        plan: Plan,
        source: MatrixSource,
        num_threads: int,
        num_epochs: int,
    ) -> None:
        self.model, self.plan, self.seed = machine, plan, plan.seed
        self.source, self.num_epochs = source, num_epochs
        self.topology = topology = machine._topology
        self.rows = VisibleRows(topology)
        keys = np.random.SeedSequence(plan.seed.key).generate_state(3, np.uint64)
        first, positive, negative = (int(key) >> 1 for key in keys)
        num_rows = source.summary.num_rows
        batch_size = min(plan.batch_size, num_rows)
        inputs = np.array(plan.inputs, np.int64)
        self.phases: tuple[PhaseRun, ...] = ()
        if isinstance(plan.objective, Likelihood):
            options = (plan.objective.positive, positive), (plan.objective.negative, negative)
            self.phases = tuple(
                phase.start(
                    Context(topology, clamped, num_rows, batch_size, key, num_threads, inputs)
                )
                for clamped, (phase, key) in zip((True, False), options, strict=True)
            )
        n, m = topology.num_units, topology.rows.size
        self.optimizer = plan.optimizer.start({"weights": (m,), "biases": (n,)}, np.float64)
        is_input = np.zeros(n)
        is_input[topology.visible[inputs]] = 1.0
        # What lies among inputs has no say in the conditional law.
        self.learns = Parameters(1.0 - topology.products(is_input, is_input), 1.0 - is_input)
        self.shrinkage = as_schedule("shrinkage", plan.shrinkage, below=1.0)
        self.offsets = np.zeros(n)
        if plan.gradient == "centered":
            self.offsets[:] = sum(topology.values) / 2
            self.offsets[topology.visible] = source.summary.means
        self.parameters = machine._parameters
        if plan.initial == "data" and not self.parameters.weights.any():
            self.parameters = self._first(first)
        self.good = self.parameters
        self.updates, self.epoch, self.batches_done, self.updating = 0, 0, 0, False
        self.difference, self._ratio = float("nan"), float("nan")
        self.alike: Rows | None = None

    def _first(self, key: int) -> Parameters:
        """Return small random weights, and biases at which visible units have the data's means."""
        topology, (low, high) = self.topology, self.topology.values
        draws = np.random.default_rng(key).standard_normal(topology.rows.size)
        biases = np.zeros(topology.num_units)
        chances = np.clip((self.source.summary.means - low) / (high - low), CLIP, 1 - CLIP)
        biases[topology.visible] = np.log(chances / (1 - chances)) / (high - low)
        return Parameters(WEIGHT_DEVIATION * draws, biases)

    # One update.

    def update(self, batch: Batch) -> None:
        """Learn from a batch."""
        self.updating = True
        with np.errstate(over="ignore", invalid="ignore"):  # `_step` looks at that
            self._learn(batch)
        self.updates += 1
        self.batches_done += 1
        self.updating = False

    def _learn(self, batch: Batch) -> None:
        gradient = self._gradient(self._clamped(batch))
        self.difference = float(np.sqrt(np.mean(np.concatenate(gradient) ** 2)))
        weights = gradient.weights
        for penalty in self.plan.penalties:
            weights = weights - penalty.slope(self.parameters.weights)
        share = batch.share
        directions: dict[str, Array] = {
            "weights": share * weights,
            "biases": share * gradient.biases,
        }
        clock = self.clock()
        self._step(self.optimizer.steps(directions, clock), 1 - self.shrinkage(clock))

    def _clamped(self, batch: Batch) -> Rows:
        """Return a batch as spins; where like rows share their fate, each once."""
        if self.alike is not None and self.source.num_batches == 1:
            return self.alike
        rows = Rows(self.rows.spins(batch.v), batch.weights, batch.rows)
        plan = self.plan
        if isinstance(plan.objective, Objective) or (
            isinstance(plan.objective.positive, Enumeration) and not plan.inputs
        ):
            self.alike = rows = Rows(*distinct_rows(rows.spins, rows.weights))
        return rows

    def _gradient(self, rows: Rows) -> Parameters:
        """Return the gradient of the objective, in centred coordinates."""
        objective, topology, mu = self.plan.objective, self.topology, self.offsets
        if isinstance(objective, Objective):
            weights, biases = objective.gradient(topology, self.parameters, rows)
        else:
            data, own = (p.moments(self.parameters, rows, self.updates) for p in self.phases)
            self._follow(data)
            weights = self.learns.weights * (data.products - own.products)
            biases = self.learns.biases * (data.means - own.means)
        # d/dW' at fixed b' = d/dW - mu_i d/db_j - mu_j d/db_i.
        crossed = topology.products(mu, biases) + topology.products(biases, mu)
        return Parameters(weights - crossed, biases)

    def _follow(self, data: Moments) -> None:
        """Move the offsets of hidden units towards their means in the positive phase."""
        if self.plan.gradient == "centered":
            hidden = self.topology.hidden
            change = data.means[hidden] - self.offsets[hidden]
            self.offsets[hidden] += self.plan.offset_rate * change

    def _step(self, steps: Steps, kept: float) -> None:
        """Add steps to the share of the parameters that is kept."""
        change, biases = (
            (steps.rate * steps.directions[name]).astype(np.float64, copy=False)
            for name in ("weights", "biases")
        )
        weights = kept * self.parameters.weights + change
        biases = kept * self.parameters.biases + biases - self.topology.sums(change, self.offsets)
        largest = float(np.abs(weights).max(initial=0.0))
        if not (largest <= LARGEST_WEIGHT and np.isfinite(biases).all()):
            raise OutOfBounds(f"a weight has become {largest:.3g}")
        size = float(np.abs(self.parameters.weights).sum())
        self._ratio = float(np.abs(change).sum()) / size if size > 0 else float("nan")
        self.parameters = Parameters(weights, biases)

    # What the loop asks.

    def clock(self) -> Clock:
        """Return how far the training is."""
        of_epoch = self.source.num_batches or 1
        epoch = self.epoch + self.batches_done / of_epoch
        return Clock(self.updates, epoch, min(epoch / max(self.num_epochs, 1), 1.0))

    def end_epoch(self) -> None:
        """Note that an epoch is over; its parameters are good ones."""
        self.good = self.parameters
        self.epoch += 1
        self.batches_done = 0

    def go_back(self) -> None:
        """Make the machine what it was when its last good epoch ended."""
        self.parameters = self.good

    def finish(self) -> None:
        """Give the machine its parameters."""
        self.model._become(self.parameters)

    def progress(self, **common: Any) -> Progress:
        """Return what callbacks are told; the machine is then as it is now."""
        self.model._become(self.parameters)
        return Progress(**common)

    def update_ratio(self) -> float:
        """Return the mean size of the last step of a weight, divided by that of a weight."""
        return self._ratio

    def described(self) -> dict[str, Any]:
        """Return the options, and what is known of the data, as plain values."""
        return self.plan.described() | {"rows": self.source.num_rows}

    def identity(self) -> dict[str, Any]:
        """Return what must be the same where a training goes on."""
        return {
            "the machine": repr(self.model),
            "the values of its units": list(self.topology.values),
            "the digest of its edges and visible units": self.topology.digest(),
            "the number of rows of X": self.source.summary.num_rows,
        } | self.plan.described()

    # Checkpoints.

    @property
    def _parts(self) -> Sequence[Any]:
        return (*self.phases, self.optimizer)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds of the training."""
        return {
            "parameters": tuple(self.parameters),
            "good": tuple(self.good),
            "offsets": self.offsets,
            "counts": [self.updates, self.epoch, self.batches_done],
            "figures": [self.difference, self._ratio],
            "parts": [part.state() for part in self._parts],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Undo `state`."""
        self.parameters, self.good = (Parameters(*state[name]) for name in ("parameters", "good"))
        self.offsets = state["offsets"]
        self.updates, self.epoch, self.batches_done = state["counts"]
        self.difference, self._ratio = state["figures"]
        for part, its in zip(self._parts, state["parts"], strict=True):
            part.restore(its)
