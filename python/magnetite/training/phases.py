"""The two phases of learning: data with their hidden units, and what the machine itself draws."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from magnetite.layers import Layers, Pair
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["Context", "Negative", "NegativePhase", "Positive", "Sample"]


@dataclass(frozen=True, eq=False)
class Positive:
    """A batch of data and the hidden units given it; the weights sum to one."""

    v: Array
    h_means: Array
    h: Array
    weights: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sample:
    """What stands for the machine's own distribution; the weights sum to one.

    Where rows of `v` are means of a distribution instead of states, `v_variances`, of shape
    (n_visible,), is the variance about them. What is too large to be in memory at once comes in
    parts, `rest` those after the first: their weights sum to one together.
    """

    v: Array
    h_means: Array
    weights: NDArray[np.float64]
    v_variances: Array | None = None
    rest: Iterable["Sample"] = ()


@dataclass(eq=False)
class Context:
    """What both phases may know of the training that they serve."""

    rbm: "RBM"
    layers: Layers
    batch_size: int
    seed: int
    _pair: Pair | None = None

    @property
    def pair(self) -> Pair:
        """The machine's parameters of now."""
        return self._pair or self.rbm.pair

    @contextmanager
    def same_parameters(self) -> Iterator[None]:
        """Promise that the parameters stay as they are."""
        self._pair = self.rbm.pair.lasting()
        try:
            yield
        finally:
            self._pair = None


class NegativePhase(Protocol):
    """A negative phase at work: its chains, and how they go on."""

    def advance(self, positive: Positive, update: int) -> Sample:
        """Go on by what one update needs; `update` counts from 0 over the whole training."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds: arrays and numbers."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Undo `state`."""
        ...


class Negative(Protocol):
    """How the negative phase is to be sampled: the options of `CD`, `PCD` and the others."""

    def start(self, context: Context) -> NegativePhase:
        """Begin, with chains where the algorithm has them."""
        ...
