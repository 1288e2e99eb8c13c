"""Splitting numbers into two groups of equal sum, as an Ising model."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from magnetite._checks import check_finite, real_array
from magnetite.inputs import Problem, check_size
from magnetite.models.assemble import core_of_problem
from magnetite.models.ising import Ising
from magnetite.models.ranges import scaled_range
from magnetite.models.solutions import Partition, spins_of

__all__ = ["NumberPartition", "number_partition"]


class NumberPartition(Ising):
    """An Ising model of the difference between two groups of numbers; see `number_partition`.

    ``E(s) = (sum_i a_i s_i)**2 = sum_{i<j} 2 a_i a_j s_i s_j + sum_i a_i**2``, so that the
    objective, the difference of the two sums, is ``sqrt(E)``. Every state is feasible.
    """

    __slots__ = ("_numbers",)

    _numbers: tuple[float, ...]

    def __init__(self, numbers: Any) -> None:
        a = real_array("numbers", numbers)
        if a.ndim != 1:
            raise ValueError(f"numbers must be a vector, got shape {a.shape}")
        if not a.size:
            raise ValueError("numbers must hold at least one number, got none")
        check_finite("numbers", a)
        check_size("the model of numbers", a.size, a.size * (a.size - 1) // 2)
        with np.errstate(over="ignore"):
            couplings = 2 * np.outer(a, a)
            check_finite("the squared sum of numbers", np.square(np.abs(a).sum()))
        np.fill_diagonal(couplings, 0.0)
        problem = Problem("dense", range(a.size), dense=couplings)
        core = core_of_problem(problem, np.zeros(a.size), float(a @ a), name="numbers")
        self._set(core, problem.labels)
        given = zip(np.asarray(numbers).tolist(), a.tolist(), strict=True)
        self._numbers = tuple(int(x) if isinstance(x, int) else rounded for x, rounded in given)

    @property
    def numbers(self) -> tuple[float, ...]:
        """The numbers, integers as they were given."""
        return self._numbers

    @property
    def objective_name(self) -> str:
        """What `objective` is called: "difference"."""
        return "difference"

    def energy_to_objective(self, energy: Any) -> Any:
        """Return the difference of states that have this energy; see `Model`."""
        return np.sqrt(np.maximum(energy, 0.0))[()]

    def objective_to_energy(self, objective: Any) -> Any:
        """Return the energy of states that have this difference; see `Model`."""
        return objective**2

    def annealing_range(self) -> tuple[float, float]:
        """Return ``[0.1, 1000] / mean(a**2)``; see `Model`.

        The coefficients alone would suggest a cold end at which differences of the size of the
        numbers are not told apart yet.
        """
        scale = np.mean(np.square(np.array(self._numbers, np.float64)))
        return scaled_range(self, (0.1, 1000.0), np.array([scale] if scale else []))

    def decode(self, state: npt.ArrayLike) -> Partition:
        """Return the two groups, and the difference of their sums, exact for integers.

        Parameters
        ----------
        state : array_like of -1 and +1, shape (n,)
            The group of each number.

        Examples
        --------
        >>> import magnetite as mg
        >>> split = mg.number_partition([4, 5, 6, 7, 8]).decode([1, 1, 1, -1, -1])
        >>> split.groups, split.difference
        (((4, 5, 6), (7, 8)), 0)
        """
        spins = spins_of(self, state).tolist()
        first, second = (
            tuple(a for a, s in zip(self._numbers, spins, strict=True) if s == side)
            for side in (1, -1)
        )
        whole = all(isinstance(a, int) for a in self._numbers)
        difference = abs(
            sum(first) - sum(second) if whole else math.fsum(first) - math.fsum(second)
        )
        return Partition(float(difference), {}, (first, second), difference)


def number_partition(numbers: Any) -> NumberPartition:
    """Return the problem of splitting numbers into two groups whose sums differ least.

    Parameters
    ----------
    numbers : array_like, shape (n,)
        Finite real numbers of any sign.

    Returns
    -------
    NumberPartition
        An `Ising` model on a complete graph whose energy is the square of the difference.

    Raises
    ------
    TypeError, ValueError
        If there is no number, or one that is not finite and real.

    Notes
    -----
    The form is that of Lucas, Frontiers in Physics 2, 5 (2014), section 2.1. Energies are float64:
    differences far below ``1e-8 * sum(abs(numbers))`` are lost in them, but not in `decode`.

    Examples
    --------
    >>> import magnetite as mg
    >>> model = mg.number_partition([4, 5, 6, 7, 8])
    >>> result = mg.anneal(model, num_reads=8, num_sweeps=100, seed=1)
    >>> result.best_objective, model.decode(result.best.state).difference
    (0.0, 0)
    """
    return NumberPartition(numbers)
