"""Figures that are taken after an epoch: on fixed rows of the data, by fixed draws."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from magnetite.layers import Layers
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["Monitors"]

Rows = NDArray[np.float64]


class Monitors:
    """What is told after every epoch.

    Parameters
    ----------
    rbm, layers
        The machine.
    train : ndarray
        Rows of the training data.
    validation : ndarray or None
        Rows of others.
    key : int
        Of the choice of units.
    """

    num_rows = 1000
    """Rows of training and of validation data that figures are taken on."""

    def __init__(
        self, rbm: "RBM", layers: Layers, train: Array, validation: Array | None, key: int
    ) -> None:
        self.rbm, self.layers = rbm, layers
        self.train = _complete(train)
        self.validation = None if validation is None else _complete(validation)
        # One unit a row, the same after every epoch: less noise between epochs.
        self.one_site = OneSite(rbm, self.num_rows, key)

    def figures(self) -> dict[str, float]:
        """Return the figures of now; nan where no row is complete."""
        found = {
            "reconstruction_error": self._reconstruction_error(),
            "pseudo_log_likelihood": self.one_site.mean(self.layers, self.train),
        }
        if self.validation is not None:
            found["validation_pseudo_log_likelihood"] = self.one_site.mean(
                self.layers, self.validation
            )
            gap = _mean(self._free_energies(self.validation)) - _mean(
                self._free_energies(self.train)
            )
            found["free_energy_gap"] = gap
        found["mean_abs_weight"] = float(np.abs(self.rbm.weights).mean(dtype=np.float64))
        return found

    def _free_energies(self, v: Array) -> Rows:
        return free_energies(self.rbm, self.layers, v)

    def _reconstruction_error(self) -> float:
        """Mean square of the difference of a unit and its mean given the hidden means."""
        if not len(self.train):
            return float("nan")
        ones = np.ones(len(self.train))
        h = self.layers.hidden(self.train, self.rbm.pair, ones)[0]
        again = self.layers.visible(h, self.rbm.pair, ones)[0]
        return float(((self.train - again) ** 2).mean(dtype=np.float64))


class OneSite:
    """The pseudo-likelihood by one site a row: sites times ``ln p(site | the others)``.

    Only of sites with finitely many states; where a row has others, they are given.
    """

    def __init__(self, rbm: "RBM", num_rows: int, key: int) -> None:
        self.rbm = rbm
        self.sites = [
            (columns.start + offset, units.site_states)
            for units, columns in rbm.visible.parts()
            if units.site_states is not None
            for offset in range(0, columns.stop - columns.start, units.width)
        ]
        self.chosen = (
            np.random.default_rng(key).integers(len(self.sites), size=num_rows)
            if self.sites
            else np.zeros(0, np.int64)
        )

    def mean(self, layers: Layers, v: Array) -> float:
        """Return the mean over rows; nan where no site has finitely many states."""
        if not (self.sites and len(v)):
            return float("nan")
        own = -free_energies(self.rbm, layers, v)
        most = max(len(states) for _, states in self.sites)
        logs = np.full((most, len(v)), -np.inf)
        for k in range(most):
            changed = v.copy()
            there = np.zeros(len(v), np.bool_)
            for row, choice in enumerate(self.chosen[: len(v)]):
                first, states = self.sites[choice]
                if k < len(states):
                    changed[row, first : first + states.shape[1]] = states[k]
                    there[row] = True
            logs[k, there] = -free_energies(self.rbm, layers, changed)[there]
        return len(self.sites) * _mean(own - np.logaddexp.reduce(logs, axis=0))


def free_energies(rbm: "RBM", layers: Layers, v: Array) -> Rows:
    """Return the free energies of rows that were checked before."""
    ones = np.ones(len(v))
    return rbm.pair.visible.energies(v, ones) - layers.hidden_log_norms(v, rbm.pair, ones)


def _complete(rows: Array) -> Array:
    return np.ascontiguousarray(rows[~np.isnan(rows).any(axis=1)])


def _mean(values: Rows) -> float:
    return float(values.mean()) if len(values) else float("nan")
