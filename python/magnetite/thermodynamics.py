"""Free energy, energy, entropy and heat capacity as curves over inverse temperatures."""

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import real_array
from magnetite.estimates import Estimates
from magnetite.options import check_each_beta

__all__ = ["Thermodynamics", "check_betas"]

FloatArray = NDArray[np.float64]


def check_betas(betas: ArrayLike) -> FloatArray:
    """Return inverse temperatures as a vector: non-negative, infinity allowed, in any order."""
    array = np.atleast_1d(real_array("betas", betas)).copy()
    if array.ndim != 1:
        raise ValueError(f"betas must be a number or a vector, got shape {array.shape}")
    check_each_beta(array)
    return array


@dataclass(frozen=True, eq=False, kw_only=True)
class Thermodynamics:
    """What follows from log Z(beta), of the whole system and in units of the energy; k_B = 1.

    Attributes
    ----------
    betas : ndarray of float64
        Inverse temperatures (k,), in the order asked for.
    log_z : Estimates
        ``log Z = log sum_s exp(-beta E(s))``.
    energy : Estimates
        Mean energy ``U = -d log Z / d beta``.
    entropy : Estimates
        ``S = log Z + beta U``.
    free_energy : Estimates
        ``F = -log Z / beta = U - S / beta``; -inf at beta = 0.
    heat_capacity : Estimates
        ``C = dU / dT = beta**2 var E``.

    Notes
    -----
    At infinite beta everything is the limit: U = F is the lowest energy, S the log of the number
    of ground states, C = 0, and log Z is plus or minus infinity by the sign of that energy.

    Examples
    --------
    >>> import magnetite as mg
    >>> result = mg.exact(mg.Ising({(0, 1): 1.0}))
    >>> curves = result.thermodynamics([0.0, 0.5, 1.0])
    >>> curves.log_z.value.round(4).tolist()
    [1.3863, 1.5064, 1.8201]
    >>> print(curves.heat_capacity[2])
    0.419974 +- 0
    """

    betas: FloatArray
    log_z: Estimates
    energy: Estimates
    entropy: Estimates
    free_energy: Estimates
    heat_capacity: Estimates

    def __repr__(self) -> str:
        count = self.betas.size
        ends = f", beta {self.betas.min():.4g} to {self.betas.max():.4g}" if count else ""
        kind = "exact" if self.is_exact else "estimated"
        return f"<Thermodynamics: {count} betas{ends}; {kind}>"

    @property
    def temperatures(self) -> FloatArray:
        """``1 / betas``; infinite at beta = 0."""
        with np.errstate(divide="ignore"):
            return 1 / self.betas

    @property
    def is_exact(self) -> bool:
        """True when no value of any curve has an error."""
        curves = [getattr(self, field.name) for field in fields(self) if field.name != "betas"]
        return all(curve.reliable.all() and not curve.error.any() for curve in curves)

    @classmethod
    def exact(
        cls,
        betas: FloatArray,
        ground_energy: float,
        log_weights: FloatArray,
        excess: FloatArray,
        deviations: FloatArray,
    ) -> "Thermodynamics":
        """Make exact curves from sums relative to the lowest energy E_0.

        At each beta: ``log sum exp(-beta (E - E_0))``, the mean of ``E - E_0``, and its standard
        deviation. So no digit is lost when it is cold.
        """
        cold = np.isinf(betas)
        finite = np.where(cold, 1.0, betas)
        lowest = np.full(betas.shape, ground_energy)
        with np.errstate(divide="ignore"):
            per_beta = np.divide(
                log_weights, betas, out=np.zeros(betas.shape), where=log_weights != 0
            )
        log_z = log_weights - finite * lowest
        if ground_energy != 0:
            log_z = np.where(cold, -math.copysign(math.inf, ground_energy), log_z)
        else:
            log_z = np.array(log_weights)
        return cls(
            betas=betas,
            log_z=Estimates.exact(log_z),
            energy=Estimates.exact(lowest + excess),
            entropy=Estimates.exact(log_weights + np.where(cold, 0.0, finite * excess)),
            free_energy=Estimates.exact(lowest - per_beta),
            heat_capacity=Estimates.exact(np.where(cold, 0.0, (finite * deviations) ** 2)),
        )
