"""The two phases of learning: the machine with its visible units held at data, and left alone."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from magnetite.inputs import FloatArray, IntVector
from magnetite.models.topology import Moments, Parameters, Topology

__all__ = ["Context", "Phase", "PhaseRun", "Rows"]


@dataclass(frozen=True, eq=False)
class Rows:
    """Data that are clamped: spins of the visible units, and what each row counts.

    `places` tell rows of the data that come again from each other; None where they have none.
    """

    spins: NDArray[np.int8]
    weights: FloatArray
    places: IntVector | None = None


@dataclass(frozen=True, eq=False)
class Context:
    """What a phase may know of the training that it serves.

    `clamped` says which of the two phases it is; `num_rows` is that of the data, `batch_size` the
    rows of an update. `inputs` are columns of the data whose units are held in both phases.
    """

    graph: Topology
    clamped: bool
    num_rows: int
    batch_size: int
    key: int
    num_threads: int
    inputs: IntVector = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def columns(self) -> IntVector:
        """Columns of the data whose units are held."""
        return np.arange(self.graph.visible.size) if self.clamped else self.inputs

    @property
    def held(self) -> IntVector:
        """The units that are held."""
        return self.graph.visible[self.columns]

    @property
    def by_row(self) -> bool:
        """Whether states belong to rows, at which they are held."""
        return self.clamped or self.inputs.size > 0


class PhaseRun(Protocol):
    """A phase at work."""

    def moments(self, parameters: Parameters, rows: Rows, update: int) -> Moments:
        """Return moments under these parameters; `update` counts from 0 over the training.

        A phase that is left alone takes no more of the rows than their inputs.
        """
        ...

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds: arrays and numbers."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Undo `state`."""
        ...


class Phase(Protocol):
    """The options of a phase."""

    def start(self, context: Context) -> PhaseRun:
        """Begin."""
        ...
