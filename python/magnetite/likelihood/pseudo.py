"""Pseudo-likelihood: how well every unit is told by all others. It needs no log Z."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_count
from magnetite.likelihood.observed import matrix_product
from magnetite.options import SeedLike, check_seed, check_threads
from magnetite.units.base import Array
from magnetite.weights import log_sum

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["Sites", "pseudo_log_likelihood"]

FloatArray = NDArray[np.float64]
Places = NDArray[np.int64]

BLOCK_ENTRIES = 2**18
"""Rows are taken together as long as their arrays fit into a cache."""


def pseudo_log_likelihood(
    self: "RBM",
    X: ArrayLike,
    *,
    num_sites: int | None = None,
    seed: SeedLike = None,
    num_threads: int | None = None,
) -> FloatArray:
    """Return ``sum_i ln p(v_i | all other visible units)`` of every row, shape (rows,).

    It is a sum over units, so it grows with their number: divide by it for a figure per unit. (A
    group of categorical columns is one unit.)

    Parameters
    ----------
    X : array_like, shape (rows, n_visible)
        Visible states.
    num_sites : int, optional
        Take only so many units of each row, chosen at random, and scale up: a stochastic estimate
        without bias. With 1 it is the formula of scikit-learn's `BernoulliRBM.score_samples`. By
        default all units are taken, and the value is exact.
    seed
        Of the choice of units.
    num_threads : int, optional
        As for `magnetite.sample`; it changes no bit.

    Raises
    ------
    ValueError
        If a visible unit has a continuum of values: its conditional density has no closed form.

    References
    ----------
    Besag, "Statistical analysis of non-lattice data", The Statistician 24 (1975) 179.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.RBM(3, 2).pseudo_log_likelihood([[0, 1, 0]]).round(4)  # -3 ln 2
    array([-2.0794])
    """
    v = np.ascontiguousarray(self.visible_states(X, name="X"), np.float64)
    for units, _ in self.visible.parts():
        if units.site_states is None:
            raise ValueError(
                f"pseudo-likelihood needs visible units of finitely many values, got {units.kind} "
                "units: their conditional densities have no closed form"
            )
    threads, sites = check_threads(num_threads), Sites.of(self.astype("float64"))
    everyone = np.arange(len(sites))
    if num_sites is None:
        return sites.log_conditionals(v, np.broadcast_to(everyone, (len(v), len(sites))), threads)
    count = check_count("num_sites", num_sites, 1, bits=31)
    if count > len(sites):
        raise ValueError(f"num_sites must be at most {len(sites)}, got {count}")
    rng = np.random.default_rng(check_seed(seed).key)
    order = rng.permuted(np.tile(everyone, (len(v), 1)), axis=1)
    return sites.log_conditionals(v, order[:, :count], threads) * (len(sites) / count)


@dataclass(frozen=True, eq=False)
class Sites:
    """The visible sites of finitely many values, their states listed one site after another.

    Attributes
    ----------
    first, counts : ndarrays of int, shape (sites,)
        Where a site's states begin in the list, and how many they are.
    effects : ndarray, shape (states, n_hidden)
        What each state adds to the inputs of the hidden layer.
    terms : ndarray, shape (states,)
        The negative own energy of each state.
    """

    rbm: "RBM"
    first: Places
    counts: Places
    effects: Array
    terms: FloatArray

    @classmethod
    def of(cls, rbm: "RBM") -> Self:
        """List the sites of a machine, as it is now."""
        weights, side = rbm.pair.weights, rbm.pair.visible
        counts: list[int] = []
        effects = [np.empty((0, rbm.n_hidden), rbm.dtype)]
        terms = [np.empty(0)]
        for units, at in rbm.visible.parts():
            if units.site_states is None:
                continue
            states, shape = units.site_states, (-1, units.width)
            some = weights[at].reshape(*shape, rbm.n_hidden)
            moved = np.einsum("sk,nkj->nsj", states.astype(rbm.dtype), some)
            b, a = side.bias[at].reshape(shape), side.precision[at].reshape(shape)
            own = np.einsum("sk,nk->ns", states, b) - np.einsum("sk,nk->ns", states**2, a) / 2
            counts += [len(states)] * len(some)
            effects.append(moved.reshape(-1, rbm.n_hidden))
            terms.append(own.ravel())
        number = np.array(counts, np.int64)
        first = np.cumsum(number) - number
        return cls(rbm, first, number, np.concatenate(effects), np.concatenate(terms))

    def __len__(self) -> int:
        return len(self.counts)

    def log_conditionals(self, v: Array, chosen: Places, num_threads: int) -> FloatArray:
        """Return the sums of ``ln p(site | all other units)`` over the chosen sites of each row.

        Parameters
        ----------
        v : ndarray, shape (rows, n_visible)
            Visible states, of the machine's dtype.
        chosen : ndarray of int, shape (rows, k)
            Numbers of sites.
        """
        block = max(1, BLOCK_ENTRIES // max(self.rbm.n_visible, self.rbm.n_hidden))
        starts = range(0, len(v), block)
        parts = [self._block(v[i : i + block], chosen[i : i + block], num_threads) for i in starts]
        return np.concatenate([np.empty(0), *parts])

    def _block(self, v: Array, chosen: Places, num_threads: int) -> FloatArray:
        side = self.rbm.pair.hidden
        product = matrix_product(v, self.rbm.pair.weights, num_threads)
        inputs = product.astype(np.float64, copy=False) + side.bias
        norms = self.rbm.hidden.log_norms(inputs, side.precision)
        total = np.zeros(len(v))
        for sites in chosen.T:
            total += self._log_conditional(inputs, norms, sites, self._own(v, sites))
        return total

    def _own(self, v: Array, sites: Places) -> Places:
        """Return the number in the list of the state that a site of each row is in."""
        own, before = self.first[sites], 0
        for units, at in self.rbm.visible.parts():
            if units.site_states is None:
                continue
            count = (at.stop - at.start) // units.width
            rows = np.flatnonzero((before <= sites) & (sites < before + count))
            start = at.start + (sites[rows] - before) * units.width
            values = v[rows[:, None], start[:, None] + np.arange(units.width)]
            own[rows] += (values[:, None] == units.site_states).all(axis=2).argmax(axis=1)
            before += count
        return own

    def _log_conditional(
        self, inputs: FloatArray, norms: FloatArray, sites: Places, own: Places
    ) -> FloatArray:
        """Return ln p of a site of each row, which is in the state `own`.

        Another state of the site moves the inputs of the hidden layer by its effect only.
        """
        first, count = self.first[sites], self.counts[sites]
        rest = inputs - self.effects[own]
        logs = np.full((count.max(initial=1), len(inputs)), -np.inf)
        logs[0] = 0.0
        for turn in range(1, len(logs)):
            at = np.flatnonzero(turn < count)
            other = first[at] + (own[at] - first[at] + turn) % count[at]
            moved = rest[at] + self.effects[other]
            gain = self.rbm.hidden.log_norms(moved, self.rbm.pair.hidden.precision) - norms[at]
            logs[turn, at] = gain + self.terms[other] - self.terms[own[at]]
        result: FloatArray = -log_sum(logs, axis=0)
        return result
