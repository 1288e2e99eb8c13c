"""Figures that are taken after an epoch: on fixed rows of the data, by fixed draws."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from magnetite.layers import Layers
from magnetite.likelihood.pseudo import Sites
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
    num_threads : int
        Of the product with the weights that the pseudo-likelihood takes.
    """

    num_rows = 1000
    """Rows of training and of validation data that figures are taken on."""

    def __init__(
        self,
        rbm: "RBM",
        layers: Layers,
        train: Array,
        validation: Array | None,
        key: int,
        num_threads: int,
    ) -> None:
        self.rbm, self.layers, self.key, self.num_threads = rbm, layers, key, num_threads
        self.train = _complete(train)
        self.validation = None if validation is None else _complete(validation)

    def figures(self) -> dict[str, float]:
        """Return the figures of now; nan where no row is complete."""
        sites = Sites.of(self.rbm)
        found = {
            "reconstruction_error": self._reconstruction_error(),
            "pseudo_log_likelihood": self._pseudo_log_likelihood(sites, self.train),
        }
        if self.validation is not None:
            found["validation_pseudo_log_likelihood"] = self._pseudo_log_likelihood(
                sites, self.validation
            )
            gap = _mean(self._free_energies(self.validation)) - _mean(
                self._free_energies(self.train)
            )
            found["free_energy_gap"] = gap
        found["mean_abs_weight"] = float(np.abs(self.rbm.weights).mean(dtype=np.float64))
        return found

    def _pseudo_log_likelihood(self, sites: Sites, v: Array) -> float:
        """Return it by one site a row, sites times ``ln p(site | the others)``, averaged over rows.

        Only of sites with finitely many states, nan where there is none; others are given. It is
        nan, too, where rows hold means instead of states. A row has the same site after every
        epoch: less noise between epochs.
        """
        if not len(sites) or not self.rbm.visible.takes(v):
            return float("nan")
        chosen = np.random.default_rng(self.key).integers(len(sites), size=self.num_rows)
        logs = sites.log_conditionals(v, chosen[: len(v), None], self.num_threads)
        return len(sites) * _mean(logs)

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


def free_energies(rbm: "RBM", layers: Layers, v: Array) -> Rows:
    """Return the free energies of rows that were checked before."""
    ones = np.ones(len(v))
    return rbm.pair.visible.energies(v, ones) - layers.hidden_log_norms(v, rbm.pair, ones)


def _complete(rows: Array) -> Array:
    return np.ascontiguousarray(rows[~np.isnan(rows).any(axis=1)])


def _mean(values: Rows) -> float:
    return float(values.mean()) if len(values) else float("nan")
