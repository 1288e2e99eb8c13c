"""The positive phase: hidden units given the data, and missing values given the others."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite.layers import Draws
from magnetite.training.data import Batch
from magnetite.training.phases import Context, Positive
from magnetite.units.base import Array

__all__ = ["PositivePhase"]

STEPS = 5
"""Block Gibbs steps for missing values of rows seen before, which go on from the last time."""

FIRST_STEPS = 20
"""The same for rows seen for the first time, or that have no lasting place in the data."""


class PositivePhase:
    """Means and draws of the hidden units given batches.

    Missing values are drawn given the others by block Gibbs steps that hold those. Rows of a matrix
    keep what was drawn until their next turn: chains as persistent as those of `PCD`.
    """

    def __init__(self, context: Context, seed: int, missing_seed: int) -> None:
        self.context, self.rbm, self.layers = context, context.rbm, context.layers
        self.seed, self.missing_seed = seed, missing_seed
        self.drawn: dict[int, Array] = {}
        """Rows with missing values, as they were last filled, by their place in the data."""

    def of(self, batch: Batch, update: int) -> Positive:
        """Return a batch with its hidden units; `update` numbers the draws."""
        ones = np.ones(len(batch.v))
        if not batch.missing:
            draws = Draws(self.seed, 0, update)
            means, h = self.layers.hidden(batch.v, self.context.pair, ones, draws)
            return Positive(batch.v, means, h, batch.weights)
        held = ~np.isnan(batch.v)
        v, num_steps = self._filled(batch, held, update)
        # A number of its own for every step of every update.
        draws = Draws(self.missing_seed, 0, update * (FIRST_STEPS + 1))
        h = self.layers.hidden(v, self.context.pair, ones, draws)[1]
        draws = draws._replace(step=draws.step + 1)
        means = self.layers.gibbs(v, h, self.context.pair, ones, draws, num_steps, held)
        if batch.rows is not None:
            for place in np.flatnonzero(~held.all(axis=1)):
                self.drawn[int(batch.rows[place])] = v[place].copy()
        return Positive(v, means, h, batch.weights)

    def _filled(self, batch: Batch, held: NDArray[np.bool_], update: int) -> tuple[Array, int]:
        """Return the batch with values for what is missing, and how many steps they need."""
        nothing = np.zeros((len(batch.v), self.rbm.n_hidden), self.rbm.dtype)
        draws, ones = Draws(self.seed, 0, update), np.ones(len(batch.v))
        fresh = self.layers.visible(nothing, self.context.pair, ones, draws)[1]
        v = np.where(held, batch.v, fresh)
        if batch.rows is None:
            return v, FIRST_STEPS
        places = np.flatnonzero(~held.all(axis=1))
        known = [place for place in places if int(batch.rows[place]) in self.drawn]
        for place in known:
            v[place] = self.drawn[int(batch.rows[place])]
        return v, STEPS if len(known) == len(places) else FIRST_STEPS

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        if not self.drawn:
            return {}
        return {"rows": np.array(list(self.drawn)), "drawn": np.stack(list(self.drawn.values()))}

    def restore(self, state: dict[str, Any]) -> None:
        """Undo `state`."""
        if state:
            rows = (int(row) for row in state["rows"])
            self.drawn = dict(zip(rows, state["drawn"], strict=True))
