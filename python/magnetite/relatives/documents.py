"""Documents of different lengths as rows: the machine that learns from them, and its products.

A row of counts has its length for its sum, ``D = sum_k v_k``. So hidden biases that count D times
are weights that all words have in common, ``D c_j h_j = sum_k v_k c_j h_j``, and the hidden units
of any document are those of documents of one word, whose law the core knows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from magnetite import _core
from magnetite.layers import Draws, Layers, Pair, Side, make_layers
from magnetite.models.bipartite import PARAMETERS, Bipartite
from magnetite.models.learned import Learned
from magnetite.numpy_layers import NumpyLayers
from magnetite.relatives.counts import Counts, draw_counts
from magnetite.training.monitors import Monitors
from magnetite.units.base import Array
from magnetite.units.discrete import Categorical
from magnetite.units.layer import Layer

__all__ = ["Documents"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class DocumentLayers(NumpyLayers):
    """Layers of rows each of which keeps its length.

    `words` are those of documents of one word; so are the laws of the visible layer where no row
    says how long it is. Hidden biases are those of a document of the `typical` length.
    """

    words: Layers
    typical: float

    def _shared(self, pair: Pair) -> Pair:
        """Return the pair whose weights have the hidden biases in them."""
        bias = pair.hidden.bias
        nothing = Side.plain(np.zeros_like(bias), pair.hidden.precision)
        weights = pair.weights + bias / bias.dtype.type(self.typical)
        return Pair(weights, pair.visible, nothing)

    def _parts(self, v: Array) -> Floats:
        """Return the lengths of rows, in typical ones."""
        total: Floats = v.sum(axis=1, dtype=np.float64) / self.typical
        return total

    def hidden(
        self, v: Array, pair: Pair, betas: Floats, draws: Draws | None = None
    ) -> tuple[Array, Any]:
        """Return means and, where draws are given, samples of the hidden layer."""
        return self.words.hidden(v, self._shared(pair), betas, draws)

    def visible(
        self, h: Array, pair: Pair, betas: Floats, draws: Draws | None = None
    ) -> tuple[Array, Any]:
        """Return the shares of the words and, where draws are given, one word a row."""
        return self.words.visible(h, pair, betas, draws)

    def hidden_log_norms(self, v: Array, pair: Pair, betas: Floats) -> Floats:
        """Return the logarithm of the hidden layer's normaliser given v, shape (rows,)."""
        return self.words.hidden_log_norms(v, self._shared(pair), betas)

    def gibbs(
        self,
        v: Array,
        h: Array,
        pair: Pair,
        betas: Floats,
        draws: Draws,
        num_steps: int,
        held: NDArray[np.bool_] | None = None,
    ) -> Array:
        """Make steps v ~ p(v|h), h ~ p(h|v) in place, each row at its length."""
        lengths = v.sum(axis=1, dtype=np.float64).astype(np.int64)
        shared, means = self._shared(pair).lasting(), h
        for step in range(draws.step, draws.step + num_steps):
            now = draws._replace(step=step)
            shares = self.words.visible(h, pair, betas)[0]
            u = _core.layer_uniforms(now.seed, "visible", now.first_chain, len(v), step, 2)
            v[...] = draw_counts(shares, lengths, u)
            means, h[...] = self.words.hidden(v, shared, betas, now)
        return means

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
        """Take sums as other layers do, each row's offset and hidden units by its length.

        That of ``(v - s mu)(h - lambda)^T`` is put into a matrix, those of v and of ``s h`` are
        returned, where s is the length in typical ones.
        """
        none = np.zeros_like(visible_offset)
        visible, _ = self.words.moments(
            v_pos, h_pos, w_pos, v_neg, h_neg, w_neg, none, hidden_offset, into
        )
        positive, negative = w_pos * self._parts(v_pos), w_neg * self._parts(v_neg)
        hidden: Array = _core.weighted_sum(positive, np.ascontiguousarray(h_pos))
        hidden -= _core.weighted_sum(negative, np.ascontiguousarray(h_neg))
        surplus = hidden.dtype.type(positive.sum() - negative.sum())
        into -= np.multiply.outer(visible_offset, hidden - surplus * hidden_offset)
        return visible, hidden

    def ascend(
        self,
        weights: Array,
        direction: Array,
        rate: float,
        visible_offset: Array,
        hidden_offset: Array,
    ) -> tuple[Array, Array]:
        """Add a step to the weights, in the core."""
        return self.words.ascend(weights, direction, rate, visible_offset, hidden_offset)


class DocumentMonitors(Monitors):
    """What is told after every epoch: how well words are foretold given what all of them say."""

    def figures(self) -> dict[str, float]:
        """Return the figures of now."""
        found = {"reconstruction_perplexity": self._perplexity(self.train)}
        if self.validation is not None:
            found["validation_reconstruction_perplexity"] = self._perplexity(self.validation)
        found["mean_abs_weight"] = float(np.abs(self.rbm.weights).mean(dtype=np.float64))
        return found

    def _perplexity(self, v: Array) -> float:
        """Return that of a word given the hidden means given its document."""
        ones, pair = np.ones(len(v)), self.rbm.pair
        shares = self.layers.visible(self.layers.hidden(v, pair, ones)[0], pair, ones)[0]
        tiny = np.finfo(shares.dtype).tiny
        logs = np.einsum("rk,rk->", v, np.log(np.maximum(shares, tiny)), dtype=np.float64)
        return float(np.exp(-logs / v.sum(dtype=np.float64)))


class Documents(Learned, Bipartite):
    """What the trainer learns: counts, binary hidden units, biases of a typical document.

    Parameters
    ----------
    num_words, n_hidden : int
        Columns of the layers.
    **parameters
        As for `RBM`; hidden biases are those of a document of length `typical`, 1 at first.
    """

    _monitors = DocumentMonitors
    typical: float = 1.0

    def __init__(self, num_words: int, n_hidden: int, **parameters: Any) -> None:
        super().__init__(num_words, n_hidden, visible=Counts(num_words), **parameters)

    def __repr__(self) -> str:
        return f"Documents({self.n_visible} words, {self.hidden.describe()})"

    def _make_layers(self, num_threads: int) -> Layers:
        one_word = Layer(((Categorical(self.n_visible), self.n_visible),))
        words = make_layers(one_word, self.hidden, num_threads)
        return DocumentLayers(self.visible, self.hidden, words, self.typical)

    def visible_states(
        self, v: ArrayLike, *, name: str = "v", missing: bool = False, first_row: int = 0
    ) -> Array:
        """Return rows of counts, checked: none is missing, none is empty."""
        states = super().visible_states(v, name=name, first_row=first_row)
        empty = np.flatnonzero(~states.any(axis=1))
        if empty.size:
            raise ValueError(
                f"{name} must have at least one word in every row, got zeros only in row "
                f"{int(empty[0]) + first_row}"
            )
        return states

    def energy(self, v: ArrayLike, h: ArrayLike) -> Floats:
        """Return E(v, h) of every row, hidden biases by its length."""
        longer = self.visible_states(v).sum(axis=1, dtype=np.float64) / self.typical - 1
        of_biases = np.einsum("rj,j->r", self.hidden_states(h), self.hidden_bias, dtype=np.float64)
        result: Floats = super().energy(v, h) - longer * of_biases
        return result

    def astype(self, dtype: DTypeLike) -> Self:
        """Return a copy whose parameters are "float32" or "float64"."""
        return self.of_content(self.content(), dtype)

    def content(self) -> dict[str, Any]:
        """Return what a file holds."""
        names = (*PARAMETERS[:3], "typical", "data_means")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def of_content(cls, content: dict[str, Any], dtype: DTypeLike | None = None) -> Self:
        """Undo `content`; with another dtype, if one is given."""
        parameters = {name: content[name] for name in PARAMETERS[:3]}
        weights = parameters["weights"]
        machine = cls(*weights.shape, dtype=dtype or weights.dtype, **parameters)
        machine.typical, machine.data_means = content["typical"], content["data_means"]
        return machine

    def scale_to(self, typical: float) -> None:
        """Count hidden biases for documents of another typical length; the machine is the same."""
        if 0 < typical < np.inf:  # else the values are wrong, as whoever looks at them says
            self.hidden_bias *= np.asarray(typical / self.typical, self.dtype)
            self.typical, self._layers = float(typical), {}

    @contextmanager
    def learning_at(self, typical: float) -> Iterator[None]:
        """Let a training count for its typical length; one that is refused changes nothing."""
        before = self.typical, self.hidden_bias.copy()
        self.scale_to(typical)
        try:
            yield
        except (TypeError, ValueError) as error:
            if not hasattr(error, "result"):  # else learning had begun
                self.typical, self.hidden_bias[...] = before
                self._layers = {}
            raise
