"""Negative phases that learn labels: the law of the label given the rest, alone or as well."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from magnetite._checks import check_real
from magnetite.calibration import softmax
from magnetite.layers import Layers, Pair
from magnetite.training.negatives import CD
from magnetite.training.phases import Context, Negative, NegativePhase, Positive, Sample
from magnetite.training.plan import check_startable
from magnetite.units.base import Array
from magnetite.units.discrete import Categorical

if TYPE_CHECKING:
    from magnetite.models.bipartite import Bipartite

__all__ = [
    "Discriminative",
    "Hybrid",
    "label_logits",
    "logits_of_rows",
    "num_labels",
    "with_every_label",
]

NUMBERS_AT_ONCE = 2**24
"""Of rows with every label, and of their hidden layers, in memory at a time."""


def num_labels(rbm: "Bipartite") -> int:
    """Return how many labels a machine has whose last visible unit is the label.

    Raises
    ------
    ValueError
        If the last group of visible units is not a single `Categorical`.
    """
    units, size = rbm.visible.groups[-1]
    if len(rbm.visible.groups) < 2 or not isinstance(units, Categorical) or units.width != size:
        raise ValueError(
            "the last group of visible units must be the label, one site of Categorical units, "
            f"after those of the data, got {rbm.visible.describe()}"
        )
    return size


def with_every_label(v: Array, count: int) -> Array:
    """Return every row with every label in turn, shape (rows * count, n_visible)."""
    rows = np.repeat(v, count, axis=0)
    rows[:, -count:] = np.tile(np.eye(count, dtype=v.dtype), (len(v), 1))
    return rows


def label_logits(layers: Layers, pair: Pair, rows: Array, count: int) -> NDArray[np.float64]:
    """Return ``ln p(label | the rest)`` but for a constant of each row, shape (rows, count).

    ``d_y + sum_j softplus(c_j + U_jy + sum_i W_ij x_i)`` for binary hidden units: the terms of the
    free energy that know the label.

    Parameters
    ----------
    layers, pair
        The machine.
    rows : ndarray, shape (rows * count, n_visible)
        What `with_every_label` returns.
    count : int
        Labels.
    """
    logs = layers.hidden_log_norms(rows, pair, np.ones(len(rows)))
    logits: NDArray[np.float64] = logs.reshape(-1, count) + pair.visible.bias[-count:]
    return logits


def logits_of_rows(layers: Layers, pair: Pair, v: Array, count: int) -> NDArray[np.float64]:
    """Return the logits of all labels, whatever the rows' own, shape (rows, count); in blocks."""
    blocks = (with_every_label(v[at], count) for at in _blocks(len(v), pair, count))
    parts = [label_logits(layers, pair, rows, count) for rows in blocks]
    return np.concatenate([np.empty((0, count)), *parts])


def _blocks(num_rows: int, pair: Pair, count: int) -> Iterator[slice]:
    """Yield rows, as many at once as may be in memory with every label."""
    size = max(1, NUMBERS_AT_ONCE // (count * sum(pair.weights.shape)))
    return (slice(start, start + size) for start in range(0, num_rows, size))


@dataclass(frozen=True)
class Discriminative:
    """The exact gradient of ``ln p(label | the rest)``: no chains, no noise.

    The label is the last visible unit of the machine, one site of `Categorical` units, as
    `ClassificationRBM` has it. The negative phase is every row with every label, each weighing what
    the machine thinks of that label: the data of a row cancel, and what is left is the gradient of
    the conditional likelihood. A machine so trained says nothing of the data themselves. The time
    of an update grows with the number of labels.

    References
    ----------
    Larochelle and Bengio, "Classification using discriminative restricted Boltzmann machines", ICML
    (2008) 536; Larochelle, Mandel, Pascanu and Bengio, "Learning algorithms for the classification
    restricted Boltzmann machine", Journal of Machine Learning Research 13 (2012) 643.

    Examples
    --------
    >>> import magnetite as mg
    >>> machine = mg.ClassificationRBM(2, 3, classes=2)
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> options = {"optimizer": mg.Adam(0.05), "epochs": 300, "seed": 1}
    >>> _ = machine.fit(X, y, negative=mg.training.Discriminative(), **options)
    >>> machine.predict(X).tolist()
    [0, 1, 1, 0]
    """

    def start(self, context: Context) -> NegativePhase:
        """Begin; there is nothing to keep.

        Raises
        ------
        ValueError
            If the last group of visible units is no label.
        """
        return _DiscriminativePhase(context, num_labels(context.rbm))


@dataclass(frozen=True)
class _DiscriminativePhase:
    context: Context
    count: int

    def advance(self, positive: Positive, update: int) -> Sample:
        """Give every row every label, with the label's chance times the row's weight."""
        parts = self._parts(positive, self.context.pair)
        return replace(next(parts), rest=parts)

    def _parts(self, positive: Positive, pair: Pair) -> Iterator[Sample]:
        layers, count = self.context.layers, self.count
        for at in _blocks(len(positive.v), pair, count):
            rows = with_every_label(positive.v[at], count)
            chances = softmax(label_logits(layers, pair, rows, count))
            means = layers.hidden(rows, pair, np.ones(len(rows)))[0]
            yield Sample(rows, means, (chances * positive.weights[at, None]).ravel())

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        pass


@dataclass(frozen=True)
class Hybrid:
    """Both at once: ``(L_disc + alpha L_gen) / (1 + alpha)`` is what rises.

    ``L_disc`` is the mean of ``ln p(label | data)``, see `Discriminative`, and ``L_gen`` that of
    ``ln p(data, label)``, which keeps the machine from learning what only training rows show.

    Parameters
    ----------
    generative : CD, PCD or another `training.Negative`
        How the machine's own moments are found, for ``L_gen``; `CD` by default.
    alpha : float
        What the data count next to the labels, 0.01 by default: not negative.

    References
    ----------
    Larochelle, Mandel, Pascanu and Bengio, Journal of Machine Learning Research 13 (2012) 643; here
    divided by ``1 + alpha``, so that learning rates mean the same for every alpha.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.training.Hybrid(mg.PCD(), alpha=0.1)
    Hybrid(generative=PCD(num_chains=None, steps=1, start_at='data'), alpha=0.1)
    """

    generative: Negative = field(default_factory=CD)
    alpha: float = 0.01

    def __post_init__(self) -> None:
        check_startable("generative", self.generative, "mg.CD()", NegativePhase)
        if not 0 <= check_real("alpha", self.alpha) < np.inf:
            raise ValueError(f"alpha must be at least 0 and finite, got {self.alpha!r}")

    def start(self, context: Context) -> NegativePhase:
        """Begin both.

        Raises
        ------
        ValueError
            If the last group of visible units is no label.
        """
        labels = Discriminative().start(context)
        return _HybridPhase(labels, self.generative.start(context), self.alpha / (1 + self.alpha))


@dataclass(frozen=True)
class _HybridPhase:
    labels: NegativePhase
    generative: NegativePhase
    share: float

    def advance(self, positive: Positive, update: int) -> Sample:
        """Return the samples of both, one after the other."""
        first, own = (
            _scaled_parts(phase.advance(positive, update), share)
            for phase, share in ((self.labels, 1 - self.share), (self.generative, self.share))
        )
        return replace(next(first), rest=chain(first, own))

    @property
    def joint_states(self) -> tuple[Array, Array] | None:
        states: tuple[Array, Array] | None = getattr(self.generative, "joint_states", None)
        return states

    def states(self) -> Array | None:
        """Return the visible states of the chains, where there are any."""
        found: Array | None = getattr(self.generative, "states", lambda: None)()
        return found

    def figures(self) -> dict[str, float]:
        """Return those of the generative phase, for the history."""
        found: dict[str, float] = getattr(self.generative, "figures", dict)()
        return found

    def state(self) -> dict[str, Any]:
        return self.generative.state()

    def restore(self, state: dict[str, Any]) -> None:
        self.generative.restore(state)


def _scaled_parts(sample: Sample, share: float) -> Iterator[Sample]:
    """Return all parts of a sample, made one by one, with a share of their weights."""
    parts = chain((sample,), sample.rest)
    return (replace(part, weights=share * part.weights, rest=()) for part in parts)
