"""What a training gives back, and what its callbacks are told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from magnetite.layers import Layers
from magnetite.stored import Stored
from magnetite.training.phases import NegativePhase

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["Progress", "TrainingDiverged", "TrainingProgress", "TrainingResult", "table_of"]

Table = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class TrainingResult(Stored):
    """What was measured while a machine was trained; the machine itself was changed in place.

    Attributes
    ----------
    history : dict of ndarray
        Columns of a table with a row an epoch: "epoch", "updates", "seconds", and the figures that
        monitors and callbacks recorded, nan where there is none. "pseudo_log_likelihood" is that
        of one unit a row, in nats; "free_energy_gap" the mean free energy of validation rows minus
        that of training rows; "reconstruction_error" is for alarms alone, machines with the least
        of it are poor models; "update_ratio" the mean size of the epoch's last step of a weight,
        divided by that of a weight: about 0.001 is healthy. Networks have "loss", the mean over the
        epoch's batches as they were learnt, and of validation rows "validation_loss" and, where
        there are classes, "validation_error".
    info : dict
        Options, seed, stop reason, updates, times and versions.
    """

    history: Table
    info: dict[str, Any]

    def __repr__(self) -> str:
        return (
            f"TrainingResult({len(self.history['epoch'])} epochs, {self.info['updates']} updates, "
            f"{self.info['stop_reason']})"
        )


def table_of(rows: Sequence[dict[str, float]]) -> Table:
    """Return rows of figures as columns, nan where a row has none.

    Examples
    --------
    >>> from magnetite.training.result import table_of
    >>> table_of([{"epoch": 1}, {"epoch": 2, "gap": 0.5}])
    {'epoch': array([1., 2.]), 'gap': array([nan, 0.5])}
    """
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: np.array([row.get(name, np.nan) for row in rows], np.float64) for name in names}


class TrainingDiverged(FloatingPointError):
    """Parameters left all bounds; the machine is back where its last good epoch ended."""

    result: TrainingResult | None = None


@dataclass(frozen=True, eq=False)
class Progress:
    """What a callback is told after an epoch, whatever is trained.

    Attributes
    ----------
    model : RBM or Network
        What is trained, as it is now. A callback may read everything; what it changes, it changes.
    epoch : int
        Epochs that are over.
    num_epochs : int
        Epochs that were asked for.
    updates : int
        Updates made.
    elapsed : float
        Seconds since the call began.
    figures : dict
        The figures of this epoch; `record` adds to them.
    history : list of dict
        The figures of all epochs, this one last.
    """

    model: Any
    epoch: int
    num_epochs: int
    updates: int
    elapsed: float
    figures: dict[str, float]
    history: list[dict[str, float]] = field(repr=False)

    def record(self, **figures: float) -> None:
        """Add figures to the history of this epoch."""
        self.figures.update({name: float(value) for name, value in figures.items()})


@dataclass(frozen=True, eq=False)
class TrainingProgress(Progress):
    """What a callback is told after an epoch of the training of a machine.

    Attributes
    ----------
    negative : NegativePhase
        The negative phase, with its chains where it has them.
    layers : Layers
        What carries out the work, with the threads of this training.
    sampled : RBM
        The machine that layers and chains belong to: `model`, or the one that it stands on.
    """

    negative: NegativePhase = field(repr=False)
    layers: Layers = field(repr=False)
    sampled: "RBM" = field(repr=False)

    @property
    def rbm(self) -> "RBM":
        """The machine as it is now."""
        machine: RBM = self.model
        return machine
