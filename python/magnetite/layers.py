"""Two layers of units and the weights between: what every machine is sampled and learnt with.

Chains are rows. `numpy_layers.NumpyLayers` is the plain account of the work, and serves units of
the user's own; the core has the same for the built-in units.
"""

import functools
import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from magnetite import _core
from magnetite.units.base import Array
from magnetite.units.layer import Layer

__all__ = ["Draws", "Layers", "Pair", "Side", "make_layers"]


class Side(NamedTuple):
    """The parameters of one layer, and what they make of a unit at inverse temperature beta.

    The input is ``x = beta * (product + bias) + base_bias``, the precision
    ``q = beta * precision + base_precision``: what is called base is there at beta = 0, where
    annealed importance sampling begins. All of shape (n,).
    """

    bias: Array
    base_bias: Array
    precision: Array
    base_precision: Array

    @classmethod
    def plain(cls, bias: Array, precision: Array) -> Self:
        """Return a side all of which is scaled by beta."""
        nothing = _zeros(len(bias), bias.dtype)
        return cls(bias, nothing, precision, nothing)

    def inputs(self, product: Array, betas: NDArray[np.float64]) -> tuple[Array, Array]:
        """Return input and precision of every unit, shapes (rows, n)."""
        beta = betas.astype(product.dtype, copy=False)[:, None]
        x = beta * (product + self.bias) + self.base_bias
        return x, beta * self.precision + self.base_precision

    def energies(self, states: Array, betas: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return beta times the energy of a layer's own terms, shape (rows,)."""
        s = np.asarray(states, np.float64)
        result: NDArray[np.float64] = betas * _own_terms(s, self.precision, self.bias)
        if self.base_precision.any() or self.base_bias.any():
            result += _own_terms(s, self.base_precision, self.base_bias)
        return result


class Pair(NamedTuple):
    """All parameters: weights (n_visible, n_hidden) and the two sides, of one dtype.

    Weights of one `version` have the same values wherever they are met, so that the core makes
    ready once what its products need of them.
    """

    weights: Array
    visible: Side
    hidden: Side
    version: int | None = None

    @property
    def sides(self) -> tuple[Side, Side]:
        """The visible and the hidden side."""
        return self.visible, self.hidden

    def lasting(self) -> "Pair":
        """Return the same with a promise: nobody changes the weights while this is in use."""
        return self._replace(version=next(_versions))

    def copied(self) -> "Pair":
        """Return copies of all parameters, so that the promise of `lasting` is kept."""
        visible, hidden = (Side(*(part.copy() for part in side)) for side in self.sides)
        return Pair(self.weights.copy(), visible, hidden).lasting()


_versions = itertools.count()


class Draws(NamedTuple):
    """Which uniforms a call takes: row r belongs to the chain `first_chain` + r."""

    seed: int
    first_chain: int
    step: int


class Layers(Protocol):
    """What `_core.Layers` and `NumpyLayers` both do; the stub of the core has the terms."""

    def hidden(
        self, v: Array, pair: Pair, betas: NDArray[np.float64], draws: Draws | None = None
    ) -> tuple[Array, Any]:
        """Return means and, where draws are given, samples of the hidden layer."""
        ...

    def visible(
        self, h: Array, pair: Pair, betas: NDArray[np.float64], draws: Draws | None = None
    ) -> tuple[Array, Any]:
        """Return means and, where draws are given, samples of the visible layer."""
        ...

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
        ...

    def anneal(
        self,
        v: Array,
        pair: Pair,
        low: NDArray[np.float64],
        high: NDArray[np.float64],
        draws: Draws,
        held: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.float64]:
        """Return the hidden log normalisers at `high` less those at `low`, shape (rows,).

        Then draw h given v and v, where it is not held, given h at `high`; v changes in place.
        """
        ...

    def hidden_log_norms(
        self, v: Array, pair: Pair, betas: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the logarithm of the hidden layer's normaliser given v, shape (rows,)."""
        ...

    def visible_log_norms(
        self, h: Array, pair: Pair, betas: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the logarithm of the visible layer's normaliser given h, shape (rows,)."""
        ...

    def interactions(self, v: Array, h: Array, pair: Pair) -> NDArray[np.float64]:
        """Return ``v^T W h`` of every row."""
        ...

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
        ...

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
        ...


@functools.lru_cache(16)
def _zeros(size: int, dtype: np.dtype[Any]) -> Array:
    zeros: Array = np.zeros(size, dtype)
    zeros.flags.writeable = False
    return zeros


def _own_terms(s: NDArray[np.float64], precision: Array, bias: Array) -> NDArray[np.float64]:
    """Return ``precision s**2 / 2 - bias s`` of every row; squares only where they count."""
    squares = _dot(s * s, precision / 2) if precision.any() else 0.0
    return squares - _dot(s, bias)


def _dot(rows: NDArray[np.float64], vector: Array) -> NDArray[np.float64]:
    """Return the float64 product of every row and a vector (no BLAS: the same bits everywhere)."""
    result: NDArray[np.float64] = np.einsum("ri,i->r", rows, vector.astype(np.float64))
    return result


def make_layers(visible: Layer, hidden: Layer, num_threads: int) -> Layers:
    """Return the core's layers, or the plain ones where a unit has no accelerator."""
    groups: Sequence[Any] = [visible.core_groups, hidden.core_groups]
    if None in groups:
        from magnetite.numpy_layers import NumpyLayers

        return NumpyLayers(visible, hidden)
    layers: Layers = _core.Layers(*groups, num_threads=num_threads)
    return layers
