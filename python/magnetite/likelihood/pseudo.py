"""Pseudo-likelihood: how well every unit is told by all others. It needs no log Z."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_count
from magnetite.likelihood.observed import BLOCK_ENTRIES, matrix_product
from magnetite.options import SeedLike, check_seed, check_threads
from magnetite.units.base import Units
from magnetite.weights import log_sum

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["pseudo_log_likelihood"]

FloatArray = NDArray[np.float64]


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
    sites = _sites(self)
    threads, wide = check_threads(num_threads), self.astype("float64")
    if num_sites is None:
        count, chosen = len(sites), None
    else:
        count = check_count("num_sites", num_sites, 1, bits=31)
        if count > len(sites):
            raise ValueError(f"num_sites must be at most {len(sites)}, got {count}")
        rng = np.random.default_rng(check_seed(seed).key)
        order = rng.permuted(np.tile(np.arange(len(sites)), (len(v), 1)), axis=1)
        chosen = order[:, :count]
    block = max(1, BLOCK_ENTRIES // max(self.n_visible, self.n_hidden))
    parts = []
    for start in range(0, len(v), block):
        at = slice(start, start + block)
        some = None if chosen is None else chosen[at]
        parts.append(_block(wide, v[at], sites, some, threads))
    return np.concatenate([np.empty(0), *parts]) * (len(sites) / count)


def _block(
    wide: "RBM",
    v: FloatArray,
    sites: list[tuple[Units, slice]],
    chosen: NDArray[np.int64] | None,
    num_threads: int,
) -> FloatArray:
    """Return the sums of ``ln p`` over all sites of rows, or over those chosen of each row."""
    inputs = matrix_product(v, wide.pair.weights, num_threads) + wide.pair.hidden.bias
    norms = wide.hidden.log_norms(inputs, wide.pair.hidden.precision)
    total = np.zeros(len(v))
    for number, site in enumerate(sites):
        if chosen is None:
            total += _log_conditional(wide, v, inputs, norms, *site)
            continue
        rows = np.flatnonzero((chosen == number).any(axis=1))
        if rows.size:
            total[rows] += _log_conditional(wide, v[rows], inputs[rows], norms[rows], *site)
    return total


def _sites(rbm: "RBM") -> list[tuple[Units, slice]]:
    """Return the columns of every site with their kind."""
    found = []
    for units, at in rbm.visible.parts():
        if units.site_states is None:
            raise ValueError(
                f"pseudo-likelihood needs visible units of finitely many values, got {units.kind} "
                "units: their conditional densities have no closed form"
            )
        found += [(units, slice(i, i + units.width)) for i in range(at.start, at.stop, units.width)]
    return found


def _log_conditional(
    wide: "RBM",
    v: FloatArray,
    inputs: FloatArray,
    norms: FloatArray,
    units: Units,
    columns: slice,
) -> FloatArray:
    """Return ln p of a site given all other visible units.

    Another state of the site moves the inputs of the hidden layer by its rows of the weights only.
    """
    states = units.site_states
    assert states is not None
    pair, count = wide.pair, len(states)
    b, a = pair.visible.bias[columns], pair.visible.precision[columns]
    terms = np.einsum("sk,k->s", states, b) - np.einsum("sk,k->s", states**2, a) / 2
    own = (v[:, None, columns] == states).all(axis=2).argmax(axis=1)
    logs = np.zeros((count, len(v)))
    for turn in range(1, count):
        other = (own + turn) % count
        moved = inputs + np.einsum("rk,kj->rj", states[other] - states[own], pair.weights[columns])
        logs[turn] = wide.hidden.log_norms(moved, pair.hidden.precision) - norms
        logs[turn] += terms[other] - terms[own]
    result: FloatArray = -log_sum(logs, axis=0)
    return result
