"""Free energy, energy, entropy and heat capacity as curves over inverse temperatures."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import real_array
from magnetite.estimates import Estimate

__all__ = ["Curve", "Thermodynamics", "check_betas"]

FloatArray = NDArray[np.float64]


def check_betas(betas: ArrayLike) -> FloatArray:
    """Return inverse temperatures as a vector: non-negative, infinity allowed, in any order."""
    array = np.atleast_1d(real_array("betas", betas)).copy()
    if array.ndim != 1:
        raise ValueError(f"betas must be a number or a vector, got shape {array.shape}")
    wrong = np.flatnonzero(~(array >= 0))
    if wrong.size:
        index = int(wrong[0])
        raise ValueError(f"betas must be non-negative, got {array[index]} at index {index}")
    return array


@dataclass(frozen=True, eq=False)
class Curve:
    """One quantity at several betas: an `Estimate` at each.

    Attributes
    ----------
    value : ndarray of float64
        Shape (k,); nan where it is refused.
    error : ndarray of float64
        One standard error each; 0.0 where the value is exact.
    reasons : tuple of str
        Why a value is refused, empty where it is not; () when none is.

    Examples
    --------
    >>> import magnetite as mg
    >>> curve = mg.exact(mg.Ising({(0, 1): 1.0})).thermodynamics([0.0, 1.0]).energy
    >>> curve.value.round(4).tolist(), curve.error.tolist()
    ([0.0, -0.7616], [0.0, 0.0])
    >>> print(curve[1])
    -0.761594 +- 0
    """

    value: FloatArray
    error: FloatArray
    reasons: tuple[str, ...] = ()

    @classmethod
    def exact(cls, value: FloatArray) -> "Curve":
        """Return a curve without errors."""
        return cls(value, np.zeros_like(value))

    def __len__(self) -> int:
        return int(self.value.size)

    @overload
    def __getitem__(self, index: int) -> Estimate: ...
    @overload
    def __getitem__(self, index: slice) -> list[Estimate]: ...
    def __getitem__(self, index: int | slice) -> Estimate | list[Estimate]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        if self.reasons and self.reasons[index]:
            return Estimate.refused(self.reasons[index])
        value, error = float(self.value[index]), float(self.error[index])
        ess = math.inf if error == 0 else math.nan
        return Estimate(value, error, (value - 2 * error, value + 2 * error), ess, True, "")

    def __iter__(self) -> Iterator[Estimate]:
        return iter(self[:])


@dataclass(frozen=True, eq=False, kw_only=True)
class Thermodynamics:
    """What follows from log Z(beta), of the whole system and in units of the energy; k_B = 1.

    Attributes
    ----------
    betas : ndarray of float64
        Inverse temperatures (k,), in the order asked for.
    log_z : Curve
        ``log Z = log sum_s exp(-beta E(s))``.
    energy : Curve
        Mean energy ``U = -d log Z / d beta``.
    entropy : Curve
        ``S = log Z + beta U``.
    free_energy : Curve
        ``F = -log Z / beta = U - S / beta``; -inf at beta = 0.
    heat_capacity : Curve
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
    >>> curves.heat_capacity[2].value
    0.4199743416140...
    """

    betas: FloatArray
    log_z: Curve
    energy: Curve
    entropy: Curve
    free_energy: Curve
    heat_capacity: Curve

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
        return not any(curve.error.any() or any(curve.reasons) for curve in curves)

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
            log_z=Curve.exact(log_z),
            energy=Curve.exact(lowest + excess),
            entropy=Curve.exact(log_weights + np.where(cold, 0.0, finite * excess)),
            free_energy=Curve.exact(lowest - per_beta),
            heat_capacity=Curve.exact(np.where(cold, 0.0, (finite * deviations) ** 2)),
        )
