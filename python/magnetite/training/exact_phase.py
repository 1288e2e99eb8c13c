"""The negative phase of machines so small that all states of a layer can be listed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite.training.phases import Context, NegativePhase, Positive, Sample
from magnetite.units.base import Array
from magnetite.units.layer import Layer

__all__ = ["Exact"]

MAX_STATES = 2**20

NUMBERS_AT_ONCE = 2**20
"""Of both layers, in memory at a time: what is more is listed in blocks, anew in every update."""


@dataclass(frozen=True)
class Exact:
    """The machine's own moments by a sum over all states of the smaller discrete layer.

    The other layer, of any units, is summed in closed form; up to 2**20 states.

    Examples
    --------
    >>> import magnetite as mg
    >>> rbm = mg.RBM(2, 1, dtype="float64")
    >>> options = {"negative": mg.Exact(), "optimizer": mg.Adam(0.05), "epochs": 500}
    >>> _ = rbm.fit([[0, 0], [1, 1]], seed=1, **options)
    >>> bool(rbm.free_energy([[0, 1]])[0] - rbm.free_energy([[1, 1]])[0] > 3)
    True
    """

    def start(self, context: Context) -> NegativePhase:
        """List the states.

        Raises
        ------
        ValueError
            If both layers are too large, or are a continuum.
        """
        rbm = context.rbm
        logs = {"visible": rbm.visible.log_states, "hidden": rbm.hidden.log_states}
        side = min(logs, key=lambda name: (logs[name], name))
        if not logs[side] <= np.log(MAX_STATES) + 1e-9:
            raise ValueError(
                f"negative must be able to list the states of a layer for Exact, at most "
                f"{MAX_STATES:,}, got {rbm.visible.num_states:.3g} visible and "
                f"{rbm.hidden.num_states:.3g} hidden states: take PCD"
            )
        return _ExactPhase(context, side)


class _ExactPhase:
    """States of one layer in blocks, of which the first one stays in memory."""

    def __init__(self, context: Context, side: str) -> None:
        rbm = context.rbm
        self.context, self.side = context, side
        self.layer: Layer = getattr(rbm, side)
        self.num_states = round(self.layer.num_states)
        self.block = max(1, NUMBERS_AT_ONCE // (rbm.n_visible + rbm.n_hidden))
        self.first = self._listed(0)

    def advance(self, positive: Positive, update: int) -> Sample:
        """Weigh every state by its probability; the other layer's means given it are exact."""
        layers, pair = self.context.layers, self.context.pair
        visible = self.side == "visible"
        log_norms = layers.hidden_log_norms if visible else layers.visible_log_norms
        side = pair.visible if visible else pair.hidden

        def log_weights(states: Array) -> NDArray[np.float64]:
            ones = np.ones(len(states))
            return log_norms(states, pair, ones) - side.energies(states, ones)

        logs = np.concatenate([log_weights(states) for states in self._blocks()])
        weights = np.exp(logs - logs.max())
        weights /= weights.sum()
        samples = self._samples(weights)
        return replace(next(samples), rest=samples)

    def _samples(self, weights: NDArray[np.float64]) -> Iterator[Sample]:
        """Yield the blocks with the other layer's means."""
        layers, pair = self.context.layers, self.context.pair
        for number, states in enumerate(self._blocks()):
            part, ones = weights[number * self.block :][: len(states)], np.ones(len(states))
            if self.side == "visible":
                yield Sample(states, layers.hidden(states, pair, ones)[0], part)
            else:
                means = layers.visible(states, pair, ones)[0]
                yield Sample(means, states, part, self._variances())

    def _blocks(self) -> Iterator[Array]:
        yield self.first
        for start in range(self.block, self.num_states, self.block):
            yield self._listed(start)

    def _listed(self, start: int) -> Array:
        states = self.layer.states(start, min(start + self.block, self.num_states))
        return np.ascontiguousarray(states, self.context.rbm.dtype)

    def _variances(self) -> Array:
        """Variance of a Gaussian unit given the hidden layer (others learn no precision)."""
        q = self.context.pair.visible.precision
        return np.divide(1, q, out=np.zeros_like(q), where=q > 0)

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        pass
