"""An estimate with its uncertainty, rows of them, and the mean of independent chains as one."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Estimate:
    """A number known up to an error.

    Attributes
    ----------
    value : float
        The estimate; nan when it is refused.
    error : float
        One standard error; 0.0 when the value is exact.
    bracket : tuple of float
        Lower and upper end of where the value lies: two standard errors to each side, or bounds
        of the method.
    ess : float
        Effective sample size: how many independent draws would give the same error.
    reliable : bool
        False when the method refuses to vouch for the value.
    reason : str
        Why it is not reliable; empty when it is.

    Examples
    --------
    >>> import magnetite as mg
    >>> print(mg.Estimate(1.5, 0.25, (1.0, 2.0), 40.0, True, ""))
    1.5 +- 0.25
    """

    value: float
    error: float
    bracket: tuple[float, float]
    ess: float
    reliable: bool
    reason: str

    def __str__(self) -> str:
        if not self.reliable:
            return f"{self.value:.6g} (unreliable: {self.reason})"
        return f"{self.value:.6g} +- {self.error:.2g}"

    @classmethod
    def refused(cls, reason: str) -> "Estimate":
        """Return the estimate that says only why there is none."""
        return cls(math.nan, math.nan, (-math.inf, math.inf), 0.0, False, reason)


@dataclass(frozen=True, eq=False)
class Estimates:
    """A row of estimates, as arrays: one element a rung, or a beta.

    Attributes
    ----------
    value, error, ess : ndarray of float64
        What the attributes of these names are in `Estimate`, each of shape (n,).
    reasons : tuple of str
        Why an element is not reliable; empty where it is.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.estimates import Estimates
    >>> value, error, ess = np.array([[1.5, np.nan], [0.25, np.nan], [40.0, 0.0]])
    >>> row = Estimates(value, error, ess, ("", "no draws"))
    >>> len(row), row.reliable.tolist()
    (2, [True, False])
    >>> print(row[0])
    1.5 +- 0.25
    """

    value: NDArray[np.float64]
    error: NDArray[np.float64]
    ess: NDArray[np.float64]
    reasons: tuple[str, ...]

    @property
    def reliable(self) -> NDArray[np.bool_]:
        """Which elements the method vouches for."""
        return np.array([not reason for reason in self.reasons], dtype=np.bool_)

    @classmethod
    def exact(cls, value: NDArray[np.float64]) -> "Estimates":
        """Return values without errors."""
        return cls(value, np.zeros_like(value), np.full(value.shape, math.inf), ("",) * value.size)

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Estimate]:
        return iter(self[:])

    @overload
    def __getitem__(self, index: int) -> Estimate: ...
    @overload
    def __getitem__(self, index: slice) -> list[Estimate]: ...
    def __getitem__(self, index: int | slice) -> Estimate | list[Estimate]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        if self.reasons[index]:
            return Estimate.refused(self.reasons[index])
        value, error = float(self.value[index]), float(self.error[index])
        bracket = (value - 2 * error, value + 2 * error)
        return Estimate(value, error, bracket, float(self.ess[index]), True, "")


def mean_of_chains(draws: ArrayLike) -> Estimate:
    """Estimate a mean from independent chains, shape (num_chains, num_draws).

    The error comes from the spread of the chains' own means, which no autocorrelation inside a
    chain can fool; draws that are nan (not reached) are left out, with their chain when it has
    no other.

    Examples
    --------
    >>> from magnetite.estimates import mean_of_chains
    >>> mean_of_chains([[1.0, 3.0], [2.0, 4.0]])
    Estimate(value=2.5, error=0.5, bracket=(1.5, 3.5), ess=5.0, reliable=True, reason='')
    """
    array = np.asarray(draws, dtype=np.float64)
    made = ~np.isnan(array)
    array, made = array[made.any(axis=1)], made[made.any(axis=1)]
    num_chains = array.shape[0]
    if num_chains < 2:
        return Estimate.refused(f"an error needs draws of at least 2 chains, got {num_chains}")
    means = np.where(made, array, 0.0).sum(axis=1) / made.sum(axis=1)
    value = float(means.mean())
    error = float(means.std(ddof=1)) / math.sqrt(num_chains)
    variance = float(np.square(array[made] - value).mean())
    ess = variance / error**2 if error > 0 else float(made.sum())
    return Estimate(value, error, (value - 2 * error, value + 2 * error), ess, True, "")
