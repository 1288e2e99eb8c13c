"""States in the terms of the problem they solve, as the method ``decode`` returns them."""

from abc import ABC, abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from magnetite.models.base import Model

__all__ = [
    "Assignment",
    "Coloring",
    "Decodable",
    "Partition",
    "Sides",
    "Solution",
    "VertexSet",
    "spins_of",
]


@dataclass(frozen=True)
class Solution(ABC):
    """What all solutions share.

    Attributes
    ----------
    objective : float
        What the problem asks to minimise or maximise, of this solution as it is: broken
        constraints are told in `violations` and cost nothing here.
    violations : dict
        The kinds of constraints that are broken, and how many of each; empty where none is.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.independent_set({("a", "b"): 1}).decode([1, 1])
    VertexSet(objective=2.0, violations={'edges inside': 1}, vertices=('a', 'b'))
    """

    objective: float
    violations: dict[str, int]

    @property
    def feasible(self) -> bool:
        """Whether no constraint is broken."""
        return not self.violations

    @abstractmethod
    def text(self) -> str:
        """Return the solution in a few words; none where there is no more to say than the state."""


@dataclass(frozen=True)
class Sides(Solution):
    """The vertices of a graph on the two `sides` of a cut: those of spin +1, those of spin -1."""

    sides: tuple[tuple[Hashable, ...], tuple[Hashable, ...]]

    def text(self) -> str:
        """Return nothing: a side is what a state says of a vertex."""
        return ""


@dataclass(frozen=True)
class Partition(Solution):
    """Numbers in two `groups` (of spin +1, of spin -1), and the `difference` of their sums."""

    groups: tuple[tuple[float, ...], tuple[float, ...]]
    difference: float

    def text(self) -> str:
        """Return how many numbers are in each group, and the sums."""
        first, second = (f"{len(group):,} numbers" for group in self.groups)
        return f"{first} and {second}, difference {self.difference}"


@dataclass(frozen=True)
class VertexSet(Solution):
    """The `vertices` of a graph that were taken, in the order of the model."""

    vertices: tuple[Hashable, ...]

    def text(self) -> str:
        """Return the labels of the vertices."""
        return " ".join(map(str, self.vertices)) or "no vertex"


@dataclass(frozen=True)
class Coloring(Solution):
    """The colour, from 0, of every vertex that has exactly one; the others are left out."""

    colors: dict[Hashable, int]

    @property
    def num_colors(self) -> int:
        """Number of different colours."""
        return len(set(self.colors.values()))

    def text(self) -> str:
        """Return how many colours are on how many vertices."""
        return f"{len(self.colors):,} vertices in {self.num_colors:,} colours"


@dataclass(frozen=True)
class Assignment(Solution):
    """The truth value of every variable."""

    values: dict[int, bool]

    def text(self) -> str:
        """Return the variables as DIMACS literals: negative where false."""
        return " ".join(str(v if true else -v) for v, true in self.values.items())


@runtime_checkable
class Decodable(Protocol):
    """A model that says what a state means."""

    def decode(self, state: npt.ArrayLike) -> Solution:
        """Return a state in the problem's own terms."""


def spins_of(model: Model, state: npt.ArrayLike) -> npt.NDArray[np.int8]:
    """Return one state in the model's own values as spins, shape (n,)."""
    array = np.asarray(state)
    if array.ndim != 1:
        raise ValueError(
            f"state must be a single one, of shape ({model.num_variables},), got {array.shape}"
        )
    spins: npt.NDArray[np.int8] = model.to_spins(array, name="state")[0]
    return spins
