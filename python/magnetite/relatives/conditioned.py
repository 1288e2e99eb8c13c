"""The machine that the trainer of conditional machines learns: conditions held on both sides.

Conditions u stand beside the visible units and beside the hidden ones, ``[v | u]`` and ``[h | u]``,
and nothing ever draws them. So all that they do is weights between the two layers, with the
gradient that weights have::

    [v | u]^T [[W, A^T], [B, 0]] [h | u] = v^T W h + v^T A^T u + u^T B h
"""

from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite.layers import Draws, Layers, Pair, Side, make_layers
from magnetite.models.bipartite import PARAMETERS, Bipartite
from magnetite.models.learned import Learned
from magnetite.numpy_layers import NumpyLayers
from magnetite.training.monitors import Monitors
from magnetite.units.base import Array, Units
from magnetite.units.discrete import Binary
from magnetite.units.layer import Layer, LayerLike, make_layer

__all__ = ["Conditioned", "foretell"]

Floats = NDArray[np.float64]

ROUNDS = 5
"""Of mean field, where figures of epochs are made."""


@dataclass(frozen=True)
class Held(Units):
    """Units that keep what they are given: no law, and no energy of their own."""

    kind: ClassVar[str] = "held"

    def log_norms(self, x: Array, q: Array) -> Array:
        """Return zeros."""
        return np.zeros_like(x)

    def means(self, x: Array, q: Array) -> Array:
        """Return zeros: nobody asks for what is given."""
        return np.zeros_like(x)

    def draws(self, x: Array, q: Array, u: Array) -> Array:
        """Return zeros."""
        return np.zeros_like(x)


@dataclass(frozen=True)
class ConditionedLayers(NumpyLayers):
    """Layers whose last columns are conditions, the same ones on both sides.

    `up` goes from all visible columns to the free hidden ones, `down` from all hidden columns to
    the free visible ones, `both` from all to all.
    """

    up: Layers
    down: Layers
    both: Layers
    num_free: tuple[int, int]

    @classmethod
    def of(cls, visible: Layer, hidden: Layer, num_conditions: int, num_threads: int) -> "Layers":
        """Make them; `visible` and `hidden` are the free units."""
        given = ((Binary(), num_conditions),)  # to products alone, which take any numbers
        wide_visible, wide_hidden = Layer(visible.groups + given), Layer(hidden.groups + given)
        return cls(
            wide_visible,
            wide_hidden,
            make_layers(wide_visible, hidden, num_threads),
            make_layers(visible, wide_hidden, num_threads),
            make_layers(wide_visible, wide_hidden, num_threads),
            (visible.size, hidden.size),
        )

    def _up(self, pair: Pair) -> Pair:
        m = self.num_free[1]
        weights = np.ascontiguousarray(pair.weights[:, :m])
        return Pair(weights, pair.visible, Side(*(part[:m] for part in pair.hidden)))

    def _down(self, pair: Pair) -> Pair:
        n = self.num_free[0]
        return Pair(pair.weights[:n], Side(*(part[:n] for part in pair.visible)), pair.hidden)

    def hidden(
        self, v: Array, pair: Pair, betas: Floats, draws: Draws | None = None
    ) -> tuple[Array, Any]:
        """Return means and, where draws are given, samples of the hidden layer."""
        found = self.up.hidden(v, self._up(pair), betas, draws)
        return _beside(found, v[:, self.num_free[0] :])

    def visible(
        self, h: Array, pair: Pair, betas: Floats, draws: Draws | None = None
    ) -> tuple[Array, Any]:
        """Return means and, where draws are given, samples of the visible layer."""
        found = self.down.visible(h, self._down(pair), betas, draws)
        return _beside(found, h[:, self.num_free[1] :])

    def hidden_log_norms(self, v: Array, pair: Pair, betas: Floats) -> Floats:
        """Return the logarithm of the hidden layer's normaliser given v, shape (rows,)."""
        return self.up.hidden_log_norms(v, self._up(pair), betas)

    def visible_log_norms(self, h: Array, pair: Pair, betas: Floats) -> Floats:
        """Return the logarithm of the visible layer's normaliser given h, shape (rows,)."""
        return self.down.visible_log_norms(h, self._down(pair), betas)

    def moments(
        self,
        v_pos: Array,
        h_pos: Array,
        w_pos: Floats,
        v_neg: Array,
        h_neg: Array,
        w_neg: Floats,
        visible_offset: Array,
        hidden_offset: Array,
        into: Array,
    ) -> tuple[Array, Array]:
        """Take sums as other layers do; of what is given, both phases have the same."""
        n, m = self.num_free
        visible, hidden = self.both.moments(
            v_pos, h_pos, w_pos, v_neg, h_neg, w_neg, visible_offset, hidden_offset, into
        )
        into[n:, m:], visible[n:], hidden[m:] = 0, 0, 0
        return visible, hidden

    def ascend(
        self,
        weights: Array,
        direction: Array,
        rate: float,
        visible_offset: Array,
        hidden_offset: Array,
    ) -> tuple[Array, Array]:
        """Add a step to the weights; what is given has no biases that would have to follow."""
        n, m = self.num_free
        of_b, of_c = self.both.ascend(weights, direction, rate, visible_offset, hidden_offset)
        of_b[n:], of_c[m:] = 0, 0
        return of_b, of_c


def _beside(found: tuple[Array, Any], given: Array) -> tuple[Array, Any]:
    means, samples = found
    drawn = None if samples is None else np.concatenate([samples, given], axis=1)
    return np.concatenate([means, given], axis=1), drawn


def foretell(layers: Layers, pair: Pair, rows: Array, num_steps: int, n: int, m: int) -> Array:
    """Return the mean-field means of the n free visible units given the conditions in joint rows.

    From hidden units without input; a step is both layers' means, each given the other's, which
    never lowers the variational bound.
    """
    ones = np.ones(len(rows))
    h = np.concatenate([np.zeros((len(rows), m), rows.dtype), rows[:, n:]], axis=1)
    v: Array = layers.visible(h, pair, ones)[0]
    for _ in range(num_steps):
        v = layers.visible(layers.hidden(v, pair, ones)[0], pair, ones)[0]
    return np.ascontiguousarray(v[:, :n])


class ConditionedMonitors(Monitors):
    """What is told after every epoch: errors of the free visible units alone."""

    def figures(self) -> dict[str, float]:
        """Return the figures of now."""
        found = {
            "reconstruction_error": self._reconstruction_error() * self._share,
            "prediction_error": self._prediction_error(self.train),
        }
        if self.validation is not None:
            found["validation_prediction_error"] = self._prediction_error(self.validation)
        found["mean_abs_weight"] = float(np.abs(self.rbm.weights).mean(dtype=np.float64))
        return found

    @property
    def _share(self) -> float:
        """Columns in all, of which the given ones have no error, by free ones."""
        return self.rbm.n_visible / cast(Conditioned, self.rbm).n_free[0]

    def _prediction_error(self, v: Array) -> float:
        if not len(v):
            return float("nan")
        n, m = cast(Conditioned, self.rbm).n_free
        means = foretell(self.layers, self.rbm.pair, v, ROUNDS, n, m)
        return float(((v[:, :n] - means) ** 2).mean(dtype=np.float64))


class Conditioned(Learned, Bipartite):
    """What the trainer learns: weights of ``[v | u]`` and ``[h | u]``.

    Parameters
    ----------
    n_visible, n_hidden, n_condition : int
        Numbers of free units and of conditions.
    visible, hidden : as for `RBM`
        The free units.
    dtype : "float32" or "float64"
        Of the parameters.
    """

    _monitors = ConditionedMonitors

    def __init__(
        self,
        n_visible: int,
        n_hidden: int,
        n_condition: int,
        *,
        visible: LayerLike,
        hidden: LayerLike,
        dtype: Any,
    ) -> None:
        self.n_free = n_visible, n_hidden
        self.free = (
            make_layer("visible", visible, n_visible),
            make_layer("hidden", hidden, n_hidden),
        )
        given = (Held(), n_condition)
        super().__init__(
            n_visible + n_condition,
            n_hidden + n_condition,
            visible=[*self.free[0].groups, given],
            hidden=[*self.free[1].groups, given],
            dtype=dtype,
        )

    @property
    def n_condition(self) -> int:
        """Conditions."""
        return self.n_visible - self.n_free[0]

    def __repr__(self) -> str:
        return f"Conditioned({self.visible.describe()}, {self.hidden.describe()})"

    def _make_layers(self, num_threads: int) -> Layers:
        return ConditionedLayers.of(*self.free, self.n_condition, num_threads)

    def free_energy(self, v: ArrayLike, *, beta: float | ArrayLike = 1.0) -> Floats:
        """Return that of joint rows given their conditions."""
        rows = self.visible_states(v)
        free, given = np.split(rows.astype(np.float64), [self.n_free[0]], axis=1)
        follows = np.einsum("ri,ri->r", free, np.einsum("rp,pi->ri", given, self.A))
        result: Floats = super().free_energy(rows, beta=beta) - follows
        return result

    # The parts of the parameters; no copies.

    @property
    def W(self) -> Array:
        """Weights between the free units."""
        return self.weights[: self.n_free[0], : self.n_free[1]]

    @property
    def A(self) -> Array:
        """What conditions add to the inputs of visible units, shape (n_condition, n_visible)."""
        return self.weights[: self.n_free[0], self.n_free[1] :].T

    @property
    def B(self) -> Array:
        """What conditions add to the inputs of hidden units, shape (n_condition, n_hidden)."""
        return self.weights[self.n_free[0] :, : self.n_free[1]]

    def take(self, plain: Bipartite) -> None:
        """Let the free units have the parameters of a machine without conditions."""
        self.W[...] = plain.weights
        for name in PARAMETERS[1:]:
            values = getattr(plain, name)
            getattr(self, name)[: values.size] = values
