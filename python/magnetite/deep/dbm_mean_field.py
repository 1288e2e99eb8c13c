"""Means of the hidden units of a deep Boltzmann machine given data, by mean-field equations."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from magnetite._checks import check_count, check_real
from magnetite.layers import Draws, Layers, Pair, Side, make_layers
from magnetite.models.rbm import RBM
from magnetite.options import check_threads
from magnetite.units.base import Array
from magnetite.units.discrete import Binary
from magnetite.units.layer import Layer

__all__ = ["Found", "Inference", "MeanField", "check_steps", "check_tolerance", "log_weights"]

BLOCK_ROWS = 1000
"""Rows that are worked at once where there are many."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class MeanField:
    """What `DBM.mean_field` returns.

    Attributes
    ----------
    means : tuple of ndarray
        Of the hidden layers, shapes (rows, n_l): the chances that their units are 1, under the best
        distribution of independent units that was found.
    iterations : ndarray of int64
        Passes (rows,) that were made for each row.
    converged : ndarray of bool
        Whether (rows,) the last pass changed no mean of a row by more than the tolerance.
    """

    means: tuple[Array, ...]
    iterations: NDArray[np.int64]
    converged: NDArray[np.bool_]

    def __repr__(self) -> str:
        return (
            f"<MeanField: {len(self.iterations)} rows, {np.count_nonzero(self.converged)} "
            f"converged, at most {self.iterations.max(initial=0)} iterations>"
        )


@dataclass(frozen=True, eq=False)
class Found:
    """Means of both sides of the folded machine, the odd ones the best given the even ones."""

    even: Array
    odd: Array
    odd_draws: Array
    iterations: NDArray[np.int64]
    converged: NDArray[np.bool_]


class Inference:
    """Mean-field equations of a folded machine, given its visible units.

    A pass gives the odd layers their best means given those of the even ones, and the hidden ones
    of the even layers theirs given these: ``m_l = sigmoid(b_l + W_l^T m_(l-1) + W_(l+1) m_(l+1))``.
    No pass lowers the bound on ``ln p(v)``.

    Parameters
    ----------
    folded : RBM
        The machine; see `dbm_fold`.
    num_visible : int
        How many of its first units are data; the others are the even hidden layers.
    num_threads : int or None
        Of the products.
    """

    def __init__(self, folded: RBM, num_visible: int, num_threads: int | None) -> None:
        self.num_visible, self.num_hidden = num_visible, folded.n_visible - num_visible
        self.layers = folded.layers(num_threads)
        upper = Layer(((Binary(), self.num_hidden),))
        self.upper: Layers = make_layers(upper, folded.hidden, check_threads(num_threads))

    def run(
        self, v: Array, start: Array, pair: Pair, steps: int, tolerance: float, draws: Draws
    ) -> Found:
        """Make up to `steps` passes; rows whose means stay within `tolerance` need no more.

        Parameters
        ----------
        v : ndarray, shape (rows, num_visible)
            The data.
        start : ndarray, shape (num_hidden,)
            Means of the even hidden units to begin with.
        pair : Pair
            The parameters, which stay as they are meanwhile.
        steps, tolerance
            When to stop.
        draws : Draws
            Which uniforms draw the odd units at the end.
        """
        n, ones = self.num_visible, np.ones(len(v))
        even = np.empty((len(v), n + self.num_hidden), v.dtype)
        even[:, :n], even[:, n:] = v, start
        above, iterations = _without_rows(pair, n), np.zeros(len(v), np.int64)
        active = np.arange(len(v))
        for _ in range(steps):
            now = even[active]
            odd = self.layers.hidden(now, pair, ones[active])[0]
            means = self.upper.visible(odd, above, ones[active])[0]
            change = np.abs(means - now[:, n:]).max(axis=1)
            even[active, n:] = means
            iterations[active] += 1
            active = active[change > tolerance]
            if not active.size:
                break
        converged = np.ones(len(v), np.bool_)
        converged[active] = False
        odd, odd_draws = self.layers.hidden(even, pair, ones, draws)
        return Found(even, odd, odd_draws, iterations, converged)

    def run_blocks(self, v: Array, start: Array, pair: Pair, steps: int, tolerance: float) -> Found:
        """Do `run` for many rows, some of them at once."""
        draws = Draws(0, 0, 0)  # which nobody looks at
        parts = [
            self.run(v[at : at + BLOCK_ROWS], start, pair, steps, tolerance, draws)
            for at in range(0, max(len(v), 1), BLOCK_ROWS)
        ]
        names = ("even", "odd", "odd_draws", "iterations", "converged")
        return Found(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _without_rows(pair: Pair, count: int) -> Pair:
    """Return the parameters without the first visible units."""
    visible = Side(*(part[count:] for part in pair.visible))
    return Pair(pair.weights[count:], visible, pair.hidden).lasting()


def log_weights(
    folded: RBM, num_visible: int, even: Array, num_threads: int | None = None
) -> NDArray[np.float64]:
    """Return the bound on ``ln sum_h exp(-E(v, h))`` that means of the even layers leave, by row.

    With the best odd means given these it is the negative free energy of the folded machine, whose
    first units are data, plus the entropy of the others: the odd layers are summed exactly.
    """
    layers, pair = folded.layers(num_threads), folded.pair
    logs = np.empty(len(even))
    for at in range(0, len(even), BLOCK_ROWS):
        rows = even[at : at + BLOCK_ROWS].astype(folded.dtype)
        ones = np.ones(len(rows))
        own = pair.visible.energies(rows, ones) - _entropies(rows[:, num_visible:])
        logs[at : at + BLOCK_ROWS] = layers.hidden_log_norms(rows, pair, ones) - own
    return logs


def _entropies(means: Array) -> NDArray[np.float64]:
    """Return the entropy of independent bits with these means, in nats, by row."""
    m = np.asarray(means, np.float64)
    total = np.zeros(len(m))
    for p in (m, 1 - m):
        total -= np.einsum("ri,ri->r", p, np.log(np.where(p > 0, p, 1.0)))
    return total


def check_tolerance(name: str, value: object) -> float:
    """Return how much a mean may still change: a number from 0 to below 1."""
    tolerance = check_real(name, value)
    if not 0 <= tolerance < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, got {value!r}")
    return tolerance


def check_steps(name: str, value: object) -> int:
    """Return how many passes are allowed, one at least."""
    return check_count(name, value, 1, bits=31)
