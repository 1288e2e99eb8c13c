"""Contrastive divergence in which what the data leave out stays out."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from magnetite._checks import check_count
from magnetite.layers import Draws
from magnetite.training.phases import Context, NegativePhase, Positive, Sample
from magnetite.units.base import Array
from magnetite.units.discrete import Categorical

__all__ = ["HeldCD", "Rating"]


@dataclass(frozen=True)
class Rating(Categorical):
    """One of several categories, or absent: columns that are all zero, and send nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.training.held import Rating
    >>> Rating(3).wrong(np.array([[0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0]]))[:, ::3].tolist()
    [[False, False, True]]
    """

    kind: ClassVar[str] = "rating"

    def wrong(self, values: Array) -> NDArray[np.bool_]:
        """Return where a group of columns is neither one 1 among zeros nor all zero."""
        wrong: NDArray[np.bool_] = super().wrong(values) & ~self.absent(values)
        return wrong

    def wrong_means(self, values: Array) -> NDArray[np.bool_]:
        """Return where values are no chances of ratings, nor those of an absent unit, all zero."""
        wrong: NDArray[np.bool_] = super().wrong_means(values) & ~self.absent(values)
        return wrong

    def absent(self, values: Array) -> NDArray[np.bool_]:
        """Return which columns are those of absent units."""
        nothing = (self._sites(values) == 0).all(axis=-1)
        return np.repeat(nothing, self.num_states, axis=-1)


@dataclass(frozen=True)
class HeldCD:
    """`CD` of `Rating` units: absent ones stay absent, and other visible units what data say.

    Other units are conditions, of which the machine learns what they say of ratings, not what is
    likely of them.

    Parameters
    ----------
    steps : tuple of int
        Block Gibbs steps: the first number in the first `updates`, then the second, and so on; the
        last one to the end.
    updates : int
        For which each number but the last holds.

    References
    ----------
    Salakhutdinov, Mnih and Hinton, "Restricted Boltzmann machines for collaborative filtering",
    ICML (2007) 791.

    Examples
    --------
    >>> from magnetite.training.held import HeldCD
    >>> [HeldCD((1, 3, 5), updates=10).steps_at(update) for update in (0, 9, 10, 25, 99)]
    [1, 1, 3, 5, 5]
    """

    steps: tuple[int, ...] = (1,)
    updates: int = field(default=1, repr=False)  # a resumed training may have more of them

    def __post_init__(self) -> None:
        if not isinstance(self.steps, tuple) or not self.steps:
            raise TypeError(f"steps must be a tuple of integers, got {self.steps!r}")
        for steps in self.steps:
            check_count("steps", steps, 1, bits=31)
        check_count("updates", self.updates, 1)

    def steps_at(self, update: int) -> int:
        """Return the steps of an update, which counts from 0."""
        return self.steps[min(update // self.updates, len(self.steps) - 1)]

    def start(self, context: Context) -> NegativePhase:
        """Begin; there is nothing to keep."""
        return _HeldPhase(self, context)


@dataclass(frozen=True)
class _HeldPhase:
    options: HeldCD
    context: Context

    def advance(self, positive: Positive, update: int) -> Sample:
        layers, pair, steps = self.context.layers, self.context.pair, self.options.steps_at(update)
        v, h = positive.v.copy(), positive.h.copy()
        draws = Draws(self.context.seed, 0, update * max(self.options.steps))
        means = layers.gibbs(v, h, pair, np.ones(len(v)), draws, steps, self._held(v))
        return Sample(v, means, positive.weights)

    def _held(self, v: Array) -> NDArray[np.bool_]:
        held = np.ones(v.shape, np.bool_)
        for units, columns in self.context.rbm.visible.parts():
            if isinstance(units, Rating):
                held[:, columns] = units.absent(v[:, columns])
        return held

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        pass
