"""Joint training of all layers of a deep Boltzmann machine."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from magnetite.deep.dbm_mean_field import Found, Inference, log_weights
from magnetite.layers import Draws
from magnetite.training.data import Batch, Source
from magnetite.training.gradient import Coordinates, weighted_mean
from magnetite.training.initial import completed
from magnetite.training.monitors import Monitors
from magnetite.training.penalties import Arrays, Penalty
from magnetite.training.phases import Context, Positive
from magnetite.training.plan import Plan
from magnetite.training.saving import identity
from magnetite.training.session import Session
from magnetite.training.summary import Summary
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.deep.dbm import DBM
    from magnetite.models.rbm import RBM

__all__ = ["DeepPlan", "DeepSession"]

ACTIVITIES = "activities"


@dataclass(frozen=True)
class DeepPlan(Plan):
    """A plan with what mean-field inference is allowed for a batch."""

    mean_field_steps: int
    mean_field_tolerance: float

    def described(self) -> dict[str, Any]:
        """Return the options as plain values."""
        names = ("mean_field_steps", "mean_field_tolerance")
        return super().described() | {name: getattr(self, name) for name in names}


class DeepSession(Session):
    """A training of the folded machine, whose even hidden units are inferred from the data.

    All but the positive phase is a restricted machine's: offsets of both sides, gradient, negative
    phase, optimiser. Weights that the deep machine has not stay zero.
    """

    plan: DeepPlan

    def __init__(
        self, dbm: "DBM", plan: DeepPlan, source: Source, num_threads: int, num_epochs: int | None
    ) -> None:
        self.dbm = dbm
        super().__init__(dbm._folded, plan, source, num_threads, num_epochs)
        self.model = dbm
        self.penalties.append(_Absent(dbm))  # which has the last word on the gradient

    def identity(self) -> dict[str, Any]:
        """Return what must be the same where a training goes on."""
        return identity(self.model, self.plan, self.source)

    def parameters(self) -> dict[str, Array]:
        """Return copies of the parameters, and of the units' mean activities."""
        return super().parameters() | {ACTIVITIES: self.positive.activities().copy()}

    def go_back(self) -> None:
        """Make the machine, and the mean activities, what they were after the last good epoch."""
        good = dict(self.good)
        if (activities := good.pop(ACTIVITIES, None)) is not None:
            self.positive.activities()[...] = activities
        self.rbm.assign(good)

    def finish(self) -> None:
        """Leave the chains to the machine."""
        self.dbm._chains = self.chains()

    def _positive_phase(self) -> Any:
        return _Inferring(self.dbm, self.plan, self.context, self.num_threads, self.keys.positive)

    def _summary(self) -> Summary:
        """Return what is known of the even layers: of the hidden ones their activities so far."""
        found, activities = self.source.summary, self.dbm._mean_activities()
        even = replace(
            found,
            means=np.concatenate([found.means, activities]),
            variances=np.concatenate([found.variances, activities * (1 - activities)]),
            known=np.concatenate([found.known, np.ones(len(activities), np.bool_)]),
        )
        return completed(self.rbm, even)

    def _begin(self, summary: Summary) -> None:
        super()._begin(summary)
        for block in self.dbm._fold.absent():
            self.rbm.weights[block] = 0

    def monitors(self, validation: Array | None) -> Any:
        """Return what takes the figures of epochs."""
        return _Figures(self.positive, self.source.some_rows(Monitors.num_rows), validation)


class _Absent(Penalty):
    """Keeps weights at zero that the folded machine has and the deep one has not."""

    def __init__(self, dbm: "DBM") -> None:
        self.blocks = dbm._fold.absent()

    def push(
        self, gradient: Arrays, rbm: "RBM", positive: Positive, coordinates: Coordinates
    ) -> None:
        """Make their gradient zero."""
        for block in self.blocks:
            gradient["weights"][block] = 0


class _Inferring:
    """The positive phase: mean-field means of the hidden units given batches.

    The means start at the mean activities of the units, which follow the batches as offsets do, and
    which the machine keeps beside the means of the data.
    """

    def __init__(
        self, dbm: "DBM", plan: DeepPlan, context: Context, num_threads: int, seed: int
    ) -> None:
        self.dbm, self.plan, self.context, self.seed = dbm, plan, context, seed
        self.inference = Inference(dbm._folded, dbm.n_visible, num_threads)

    def of(self, batch: Batch, update: int) -> Positive:
        """Return a batch with its hidden units; `update` numbers the draws."""
        found = self.infer(batch.v, Draws(self.seed, 0, update))
        means = weighted_mean(batch.weights, found.even[:, self.dbm.n_visible :])
        activities = self.activities()
        activities += self.plan.offset_rate * (means - activities)
        return Positive(found.even, found.odd, found.odd_draws, batch.weights)

    def infer(self, v: Array, draws: Draws) -> Found:
        """Return the means given rows of data, by as many passes as the plan allows."""
        steps, tolerance = self.plan.mean_field_steps, self.plan.mean_field_tolerance
        start = self.dbm._mean_activities()
        return self.inference.run(v, start, self.context.pair, steps, tolerance, draws)

    def activities(self) -> Any:
        """Return the mean activities of the even hidden units, which may be written to."""
        assert self.dbm._folded.data_means is not None  # since the session began
        return self.dbm._folded.data_means[self.dbm.n_visible :]

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        return {"activities": self.activities()}

    def restore(self, state: dict[str, Any]) -> None:
        """Undo `state`."""
        self.activities()[...] = state["activities"]


class _Figures:
    """What is told after every epoch, of fixed rows of the data."""

    def __init__(self, positive: _Inferring, train: Array, validation: Array | None) -> None:
        self.positive, self.train, self.validation = positive, train, validation

    def figures(self) -> dict[str, float]:
        """Return the figures of now."""
        context, n = self.positive.context, self.positive.dbm.n_visible
        found = self.positive.infer(self.train, DRAWS)
        again = context.layers.visible(found.odd, context.pair, np.ones(len(self.train)))[0]
        error = ((self.train - again[:, :n]) ** 2).mean(dtype=np.float64)
        figures = {
            "reconstruction_error": float(error),
            "mean_field_iterations": float(found.iterations.mean()),
            "mean_field_converged": float(found.converged.mean()),
            "saturated": self._saturated(found),
        }
        if self.validation is not None:
            other = self.positive.infer(self.validation, DRAWS)
            figures["free_energy_gap"] = self._log_weight(found) - self._log_weight(other)
        total = sum(float(np.abs(w).sum(dtype=np.float64)) for w in self.positive.dbm.weights)
        figures["mean_abs_weight"] = total / sum(w.size for w in self.positive.dbm.weights)
        return figures

    def _saturated(self, found: Found) -> float:
        """Return the share of hidden units that are nearly always 0, or 1."""
        n = self.positive.dbm.n_visible
        sides = (found.even[:, n:], found.odd)
        means = np.concatenate([side.mean(axis=0, dtype=np.float64) for side in sides])
        return float((np.minimum(means, 1 - means) < SATURATED).mean())

    def _log_weight(self, found: Found) -> float:
        """Return the mean bound on ``ln sum_h exp(-E)``: minus a variational free energy."""
        folded, n = self.positive.dbm._folded, self.positive.dbm.n_visible
        return float(log_weights(folded, n, found.even).mean())


SATURATED = 0.01
"""Distance of a mean activity from 0 or 1 below which a unit hardly learns."""

DRAWS = Draws(0, 0, 0)
"""Of hidden units that figures do not look at."""
