"""Two layers of units in plain NumPy: for units of the user's own, and to test the core against."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite import _core
from magnetite.layers import Draws, Pair
from magnetite.units.base import Array
from magnetite.units.layer import Layer

__all__ = ["NumpyLayers"]


@dataclass(frozen=True)
class NumpyLayers:
    """The methods of `layers.Layers` for any units."""

    visible_units: Layer
    hidden_units: Layer

    def hidden(
        self, v: Array, pair: Pair, betas: NDArray[np.float64], draws: Draws | None = None
    ) -> tuple[Array, Any]:
        """Return means and, where draws are given, samples of the hidden layer."""
        x, q = pair.hidden.inputs(v @ pair.weights, betas)
        return _means_and_draws(self.hidden_units, x, q, "hidden", draws)

    def visible(
        self, h: Array, pair: Pair, betas: NDArray[np.float64], draws: Draws | None = None
    ) -> tuple[Array, Any]:
        """Return means and, where draws are given, samples of the visible layer."""
        x, q = pair.visible.inputs(h @ pair.weights.T, betas)
        return _means_and_draws(self.visible_units, x, q, "visible", draws)

    def gibbs(
        self,
        v: Array,
        h: Array,
        pair: Pair,
        betas: NDArray[np.float64],
        draws: Draws,
        num_steps: int,
        held: NDArray[np.bool_] | None = None,
    ) -> Array:
        """Make steps v ~ p(v|h), h ~ p(h|v) in place; return the hidden means of the last v."""
        means = h
        for step in range(draws.step, draws.step + num_steps):
            now = draws._replace(step=step)
            _, drawn = self.visible(h, pair, betas, now)
            np.copyto(v, drawn, where=True if held is None else ~held)
            means, h[...] = self.hidden(v, pair, betas, now)
        return means

    def anneal(
        self,
        v: Array,
        pair: Pair,
        low: NDArray[np.float64],
        high: NDArray[np.float64],
        draws: Draws,
        held: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.float64]:
        """Return the hidden log normalisers at `high` less those at `low`; then draw h and v."""
        change = self.hidden_log_norms(v, pair, high) - self.hidden_log_norms(v, pair, low)
        h = self.hidden(v, pair, high, draws)[1]
        drawn = self.visible(h, pair, high, draws)[1]
        np.copyto(v, drawn, where=True if held is None else ~held)
        return change

    def hidden_log_norms(
        self, v: Array, pair: Pair, betas: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the logarithm of the hidden layer's normaliser given v, shape (rows,)."""
        return self.hidden_units.log_norms(*pair.hidden.inputs(v @ pair.weights, betas))

    def visible_log_norms(
        self, h: Array, pair: Pair, betas: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the logarithm of the visible layer's normaliser given h, shape (rows,)."""
        return self.visible_units.log_norms(*pair.visible.inputs(h @ pair.weights.T, betas))

    def interactions(self, v: Array, h: Array, pair: Pair) -> NDArray[np.float64]:
        """Return ``v^T W h`` of every row."""
        product = np.asarray(v @ pair.weights, np.float64)
        result: NDArray[np.float64] = np.einsum("rj,rj->r", product, h)
        return result

    def moments(
        self,
        v_pos: Array,
        h_pos: Array,
        w_pos: NDArray[np.float64],
        v_neg: Array,
        h_neg: Array,
        w_neg: NDArray[np.float64],
        visible_offset: Array,
        hidden_offset: Array,
        into: Array,
    ) -> tuple[Array, Array]:
        """Take weighted sums over positive rows less those over negative ones.

        That of ``(v - visible_offset)(h - hidden_offset)^T`` is put into a matrix of the weights'
        shape; those of v and of h are returned.
        """
        sums = []
        for v, h, w in ((v_pos, h_pos, w_pos), (v_neg, h_neg, w_neg)):
            weigh = w.astype(v.dtype)[:, None]
            cross = (v - visible_offset).T @ (weigh * (h - hidden_offset))
            sums.append((cross, (weigh * v).sum(axis=0), (weigh * h).sum(axis=0)))
        into[...], visible, hidden = (a - b for a, b in zip(*sums, strict=True))
        return visible, hidden

    def ascend(
        self,
        weights: Array,
        direction: Array,
        rate: float,
        visible_offset: Array,
        hidden_offset: Array,
    ) -> tuple[Array, Array]:
        """Add a step ``S = rate * direction`` to the weights.

        Return ``S hidden_offset`` and ``S^T visible_offset``.
        """
        step = weights.dtype.type(rate) * direction
        weights += step
        return step @ hidden_offset, visible_offset @ step


def _means_and_draws(
    layer: Layer, x: Array, q: Array, purpose: str, draws: Draws | None
) -> tuple[Array, Any]:
    if draws is None:
        return layer.means(x, q), None
    rows, columns = x.shape
    u = _core.layer_uniforms(draws.seed, purpose, draws.first_chain, rows, draws.step, columns)
    return layer.means(x, q), layer.draws(x, q, u)
