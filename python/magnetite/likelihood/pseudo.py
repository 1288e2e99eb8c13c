"""Pseudo-likelihood: how well every unit is told by all others. It needs no log Z."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_count
from magnetite.options import SeedLike, check_seed
from magnetite.units.base import Units
from magnetite.weights import log_sum

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["pseudo_log_likelihood"]

FloatArray = NDArray[np.float64]


def pseudo_log_likelihood(
    self: "RBM", X: ArrayLike, *, num_sites: int | None = None, seed: SeedLike = None
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
    v = np.asarray(self.visible_states(X, name="X"), np.float64)
    sites = _sites(self)
    wide = self.astype("float64")
    if num_sites is None:
        return sum((_log_conditional(wide, v, *site) for site in sites), np.zeros(len(v)))
    count = check_count("num_sites", num_sites, 1, bits=31)
    if count > len(sites):
        raise ValueError(f"num_sites must be at most {len(sites)}, got {count}")
    rng = np.random.default_rng(check_seed(seed).key)
    order = rng.permuted(np.tile(np.arange(len(sites)), (len(v), 1)), axis=1)[:, :count]
    total = np.zeros(len(v))
    for number, site in enumerate(sites):
        rows = (order == number).any(axis=1)
        if rows.any():
            total[rows] += _log_conditional(wide, np.ascontiguousarray(v[rows]), *site)
    return total * (len(sites) / count)


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


def _log_conditional(wide: "RBM", v: FloatArray, units: Units, columns: slice) -> FloatArray:
    """Return ln p of a site given all other visible units: from free energies of its states."""
    states = units.site_states
    assert states is not None
    logs = np.empty((len(states), len(v)))
    changed = v.copy()
    for number, state in enumerate(states):
        changed[:, columns] = state
        logs[number] = -wide.free_energy(changed)
    own = (v[:, None, columns] == states).all(axis=2).argmax(axis=1)
    chosen = logs[own, np.arange(len(v))]
    result: FloatArray = chosen - log_sum(logs, axis=0)
    return result
