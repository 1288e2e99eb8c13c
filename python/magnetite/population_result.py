"""What population annealing returns: the last populations, and log Z on the way to them."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from magnetite.estimates import Estimate
from magnetite.exports import to_dataset, to_sampleset
from magnetite.results import Result

if TYPE_CHECKING:
    import dimod
    import xarray

__all__ = ["PopulationCurve", "PopulationResult"]

FloatArray = NDArray[np.float64]

FEWEST_FAMILIES = 100
"""A population is trusted when it is at least so many times as large as `rho_t`."""

APART = 5.0
"""Populations are said to disagree when one is so many standard errors off the others' mean."""


class PopulationCurve(NamedTuple):
    """Means over the populations at each beta (num_betas,), with one standard error each."""

    betas: FloatArray
    log_z: FloatArray
    log_z_error: FloatArray
    mean_energy: FloatArray
    mean_energy_error: FloatArray


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class PopulationResult(Result):
    """Populations at the last beta, and what was measured at the betas before.

    `states` (num_populations, population, n) are draws from the Boltzmann distribution at
    ``betas[-1]``, of `families` of replicas that are related; `energies` and `objectives`
    (num_populations, population) are theirs.

    Attributes
    ----------
    betas : ndarray of float64
        Inverse temperatures (num_betas,), ascending from 0.
    log_z : ndarray of float64
        Estimates (num_populations, num_betas) of log Z.
    log_z_variance : ndarray of float64
        Estimates of their variance, each from the families of that population alone (Lee and
        Whiteley 2018, with the variance of systematic resampling in place of the multinomial).
    mean_energy, energy_variance : ndarray of float64
        Moments (num_populations, num_betas) of the energy after the sweeps at each beta.
    culled : ndarray of float64
        Share (num_populations, num_betas) of the replicas that died on the way to each beta.
    num_families : ndarray of float64
        Families (num_populations, num_betas) left: replicas at beta = 0 that have descendants.
    rho_t : ndarray of float64
        Mean square family size (num_populations, num_betas), ``R sum_f n_f^2`` of the families'
        shares n_f of R replicas (Wang, Machta and Katzgraber 2015).
    families : ndarray of int64
        Family (num_populations, population) of each of `states`.

    Examples
    --------
    >>> import magnetite as mg
    >>> model = mg.Ising({(0, 1): 1.0, (1, 2): 1.0, (0, 2): 1.0})
    >>> result = mg.population_anneal(model, beta=1.0, population=500, seed=1)
    >>> result.states.shape, result.energies.shape
    ((2, 500, 3), (2, 500))
    >>> abs(result.log_partition.value - 2.8234) < 4 * result.log_partition.error
    True
    """

    betas: FloatArray
    log_z: FloatArray
    log_z_variance: FloatArray
    mean_energy: FloatArray
    energy_variance: FloatArray
    culled: FloatArray
    num_families: FloatArray
    rho_t: FloatArray
    families: NDArray[np.int64]

    def __repr__(self) -> str:
        num_populations, population, num_variables = self.states.shape
        return self._repr(
            f"{num_populations} populations of {population} replicas of {num_variables} "
            f"variables, {self.betas.size} betas to {self.betas[-1]:.4g}"
        )

    def curve(self) -> PopulationCurve:
        """Return log Z and the mean energy by beta, with errors.

        Populations are weighted with their estimates of Z, which makes the mean of Z unbiased
        (Machta, Phys. Rev. E 82 (2010) 026704). The error of the energy is an upper bound, which
        takes the replicas of a family for one.

        Examples
        --------
        >>> import magnetite as mg
        >>> result = mg.population_anneal(mg.Ising({(0, 1): 1.0}), beta=1.0, seed=1)
        >>> curve = result.curve()
        >>> bool(abs(curve.mean_energy[-1] + 0.7616) < 4 * curve.mean_energy_error[-1])
        True
        """
        largest = self.log_z.max(axis=0)
        ratios = np.exp(self.log_z - largest)
        weights = ratios / ratios.sum(axis=0)
        variance = self.energy_variance * self.rho_t / self.states.shape[1]
        return PopulationCurve(
            betas=self.betas,
            log_z=largest + np.log(ratios.mean(axis=0)),
            log_z_error=np.sqrt((weights**2 * self.log_z_variance).sum(axis=0)),
            mean_energy=(weights * self.mean_energy).sum(axis=0),
            mean_energy_error=np.sqrt((weights**2 * variance).sum(axis=0)),
        )

    @property
    def log_partition(self) -> Estimate:
        """Log Z at the last beta; refused when the populations are too small to be trusted."""
        curve = self.curve()
        value, error = float(curve.log_z[-1]), float(curve.log_z_error[-1])
        reason = self._distrust(value, error)
        if reason:
            return Estimate.refused(reason)
        ess = float((self.states.shape[1] / self.rho_t[:, -1]).sum())
        return Estimate(value, error, (value - 2 * error, value + 2 * error), ess, True, "")

    def _distrust(self, value: float, error: float) -> str:
        """Return why log Z is not to be trusted; nothing when it is."""
        if self.betas[-1] < self.info["beta"]:
            return f"the run was stopped at beta = {self.betas[-1]:.6g}"
        population, rho_t = self.states.shape[1], float(self.rho_t[:, -1].max())
        found = f"log Z would be {value:.6g} +- {error:.2g}"
        if error > 0 and rho_t >= population / FEWEST_FAMILIES:
            return (
                f"rho_t = {rho_t:.4g} must be below population/{FEWEST_FAMILIES}, got population="
                f"{population}: take more replicas or more sweeps_per_step ({found})"
            )
        off = np.abs(self.log_z[:, -1] - value)
        if (off > APART * np.sqrt(self.log_z_variance[:, -1]) + 1e-9 * abs(value)).any():
            low, high = float(self.log_z[:, -1].min()), float(self.log_z[:, -1].max())
            return (
                f"the populations disagree: log Z from {low:.6g} to {high:.6g} where an error of "
                f"{math.sqrt(float(self.log_z_variance[:, -1].mean())):.2g} is expected"
            )
        return ""

    def to_dimod(self) -> "dimod.SampleSet":
        """Return all replicas as a `dimod.SampleSet`, one row each (needs dimod).

        Examples
        --------
        >>> import magnetite as mg
        >>> result = mg.population_anneal(mg.Ising({("a", "b"): 1.0}), population=50, seed=1)
        >>> len(result.to_dimod())
        100
        """
        states = self.states.reshape(self.energies.size, self.states.shape[2])
        return to_sampleset(states, self.energies.ravel(), self.variables, self.values, self.info)

    def to_xarray(self) -> "xarray.Dataset":
        """Return states and measurements as an `xarray.Dataset` (needs xarray).

        A chain is a population and a draw one of its replicas, so that ArviZ reads them.

        Examples
        --------
        >>> import magnetite as mg
        >>> result = mg.population_anneal(mg.Ising({("a", "b"): 1.0}), population=50, seed=1)
        >>> result.to_xarray().states.sel(site="a").shape
        (2, 50)
        """
        arrays: dict[str, tuple[tuple[str, ...], NDArray[Any]]] = {
            "states": (("chain", "draw", "site"), self.states),
            "energies": (("chain", "draw"), self.energies),
            "objectives": (("chain", "draw"), self.objectives),
            "families": (("chain", "draw"), self.families),
        }
        known = ("log_z", "log_z_variance", "mean_energy", "energy_variance", "culled")
        for name in (*known, "num_families", "rho_t"):
            arrays[name] = (("chain", "beta"), getattr(self, name))
        return to_dataset(arrays, self.variables, self.info).assign_coords(beta=self.betas)
