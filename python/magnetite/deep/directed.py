"""One layer of a stack that learns to predict the next, on the way down or on the way up."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from magnetite.layers import Draws
from magnetite.models.rbm import RBM
from magnetite.training.ascent import Ascent
from magnetite.training.gradient import Coordinates
from magnetite.training.phases import Positive, Sample
from magnetite.training.plan import Plan
from magnetite.training.schedules import Clock
from magnetite.units.base import Array

__all__ = ["Directed"]


class Directed:
    """Learns ``p(visible | hidden)`` or ``p(hidden | visible)`` of a machine by the delta rule.

    The gradient of ``ln p(target | source)`` is that of a training with the observed target in the
    positive phase and its mean given the source in the negative one.

    Parameters
    ----------
    rbm : RBM
        The machine, changed in place; what the other conditional law has alone stays.
    target : "visible" or "hidden"
        The layer that is predicted.
    plan : Plan
        Optimiser and coordinates.
    num_threads : int
        Of the products.
    """

    def __init__(
        self, rbm: RBM, target: Literal["visible", "hidden"], plan: Plan, num_threads: int
    ) -> None:
        self.rbm, self.target, self.layers = rbm, target, rbm.layers(num_threads)
        self.coordinates = _OfSource(rbm, plan, "mu" if target == "visible" else "lam")
        self.optimizer = plan.optimizer.start(self.coordinates.shapes, rbm.dtype)
        self.ascent = Ascent(rbm, self.layers, self.coordinates, self.optimizer, (), 0.0)

    def draw(self, source: Array, draws: Draws) -> Array:
        """Return a draw of the target for every row."""
        predict = getattr(self.layers, self.target)
        drawn: Array = predict(source, self.rbm.pair, np.ones(len(source)), draws)[1]
        return drawn

    def learn(
        self, v: Array, h: Array, weights: NDArray[np.float64], clock: Clock, share: float = 1.0
    ) -> None:
        """Make a step towards predicting the target of these rows, whose weights sum to one."""
        ones, observed = np.ones(len(v)), Positive(v, h, h, weights)
        if self.target == "visible":
            v = self.layers.visible(h, self.rbm.pair, ones)[0]
        else:
            h = self.layers.hidden(v, self.rbm.pair, ones)[0]
        self.ascent.step(observed, Sample(v, h, weights), clock, share)


class _OfSource(Coordinates):
    """Coordinates in which the units that are given have offsets, those predicted have none."""

    def __init__(self, rbm: RBM, plan: Plan, predicted: str) -> None:
        super().__init__(rbm, plan.gradient, plan.offset_rate)
        self.predicted = predicted

    def follow(self, positive: Positive) -> None:
        super().follow(positive)
        getattr(self, self.predicted)[...] = 0
