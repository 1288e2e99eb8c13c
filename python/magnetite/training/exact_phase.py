"""The negative phase of machines so small that all states of a layer can be listed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite.training.phases import Context, NegativePhase, Positive, Sample
from magnetite.units.base import Array

__all__ = ["Exact"]

MAX_STATES = 2**20


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
        layer = rbm.visible if side == "visible" else rbm.hidden
        states = layer.states(0, round(layer.num_states)).astype(rbm.dtype)
        return _ExactPhase(context, side, np.ascontiguousarray(states))


@dataclass(frozen=True)
class _ExactPhase:
    context: Context
    side: str
    states: Array

    def advance(self, positive: Positive, update: int) -> Sample:
        """Weigh every state by its probability; the other layer's means given it are exact."""
        layers, pair = self.context.layers, self.context.pair
        ones = np.ones(len(self.states))
        if self.side == "visible":
            logs = layers.hidden_log_norms(self.states, pair, ones)
            weights = _normalised(logs - pair.visible.energies(self.states, ones))
            return Sample(self.states, layers.hidden(self.states, pair, ones)[0], weights)
        logs = layers.visible_log_norms(self.states, pair, ones)
        weights = _normalised(logs - pair.hidden.energies(self.states, ones))
        means = layers.visible(self.states, pair, ones)[0]
        return Sample(means, self.states, weights, self._variances())

    def _variances(self) -> Array:
        """Variance of a Gaussian unit given the hidden layer (others learn no precision)."""
        q = self.context.pair.visible.precision
        return np.divide(1, q, out=np.zeros_like(q), where=q > 0)

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        pass


def _normalised(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.exp(logs - logs.max())
    result: NDArray[np.float64] = weights / weights.sum()
    return result
