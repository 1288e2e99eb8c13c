"""One step of learning, once both phases are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from magnetite.layers import Layers
from magnetite.training.bounds import keep_normalisable
from magnetite.training.gradient import Coordinates
from magnetite.training.optimizers import OptimizerRun, Steps
from magnetite.training.phases import Positive, Sample
from magnetite.training.schedules import Clock

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["Ascent"]


@dataclass(frozen=True, eq=False)
class Ascent:
    """Moves a machine's parameters along the difference of two phases' moments.

    Attributes
    ----------
    rbm, layers
        The machine, changed in place, and what carries out the work.
    coordinates : Coordinates
        In which gradients are taken and steps are made.
    optimizer : OptimizerRun
        Makes steps of gradients.
    penalties : sequence
        Penalties at work.
    precision_rate : float
        Share of a step that the logarithms of precisions make.
    """

    rbm: "RBM"
    layers: Layers
    coordinates: Coordinates
    optimizer: OptimizerRun
    penalties: Sequence[Any]
    precision_rate: float

    def step(self, positive: Positive, sample: Sample, clock: Clock, share: float = 1.0) -> Steps:
        """Make a step, of a gradient that counts `share` of a full batch's; return it."""
        self.coordinates.follow(positive)
        gradient = self.coordinates.gradient(self.layers, positive, sample)
        for penalty in self.penalties:
            penalty.push(gradient, self.rbm, positive, self.coordinates)
        gradient = self.coordinates.scale(gradient)
        if share != 1:
            for value in gradient.values():
                value *= value.dtype.type(share)

        steps = self.optimizer.steps(gradient, clock)
        if not isinstance(steps, Steps):
            raise TypeError(
                "optimizer must give magnetite.training.Steps(directions), "
                f"got {type(steps).__name__}"
            )
        directions = steps.directions | {
            name: step * self.precision_rate
            for name, step in steps.directions.items()
            if name.endswith("_precision")
        }
        self.coordinates.add(self.layers, steps._replace(directions=directions))
        for penalty in self.penalties:
            penalty.project(self.rbm)
        keep_normalisable(self.rbm)
        return steps
