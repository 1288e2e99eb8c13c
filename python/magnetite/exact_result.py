"""What an exact sum returns."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite.checkpoints import model_from_content, model_to_content
from magnetite.exports import to_sampleset
from magnetite.memory import check_memory
from magnetite.results import Best
from magnetite.starts import Clamp
from magnetite.stored import Stored
from magnetite.summing import Problem, choose_way, sum_up
from magnetite.thermodynamics import Thermodynamics, check_betas

if TYPE_CHECKING:
    import dimod

__all__ = ["ExactResult", "Levels"]

MOST_LISTED = 24
"""Free variables whose states are listed, at most."""

PIECE = 16
"""States are listed in pieces of two to this."""


class Levels(NamedTuple):
    """The density of states: `energies` ascending, and the number of states, `counts`, of each."""

    energies: NDArray[np.float64]
    counts: NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ExactResult(Stored):
    """Exact values of one Boltzmann distribution; nothing in it has an error but rounding.

    Attributes
    ----------
    beta : float
        Inverse temperature.
    method : str
        How it was summed: "enumeration" or "elimination".
    log_z : float
        ``log sum_s exp(-beta E(s))``, offset included; at infinite beta the limit, which is plus
        or minus infinity unless the lowest energy is 0.
    ground_energy : float
        The lowest energy.
    ground_states : ndarray of int8
        States (k, n) that have it, in the model's own values; k is at most `num_ground_states`.
    degeneracy : int
        How many there are.
    mean : ndarray of float64
        Mean of each variable (n,), in the model's own values.
    marginals : ndarray of float64
        Probability (n,) of each variable to have the higher of its two values.
    correlations : ndarray of float64
        Mean (m,) of the product x_i x_j for each of `edges`, in the model's own values.
    edges : ndarray of int64
        Pairs (2, m) of positions in `variables`, i < j.
    mean_energy : float
        Mean energy.
    heat_capacity : float
        ``beta**2 var E``.
    entropy : float
        ``-sum_s p(s) log p(s)``, in nats.
    levels : Levels or None
        The density of states; known after an enumeration whose energies are multiples of a unit.
    variables : sequence
        Labels of the states' columns.
    values : tuple of int
        The two values of a variable: (-1, 1) or (0, 1).
    objective_name : str
        "energy", "cut" or "value".
    best_objective : float
        The ground energy in the model's own sign (the largest cut of a maxcut).
    info : dict
        Method, width of the tables, threads, timing, versions.

    Examples
    --------
    >>> import magnetite as mg
    >>> result = mg.exact(mg.Ising({("a", "b"): 1.0}), beta=0.5)
    >>> result.ground_states.tolist(), result.degeneracy
    ([[1, -1], [-1, 1]], 2)
    >>> result.levels.energies.tolist(), result.levels.counts.tolist()
    ([-1.0, 1.0], [2, 2])
    >>> result.states().tolist()
    [[-1, -1], [1, -1], [-1, 1], [1, 1]]
    >>> result.probabilities.round(4).tolist()
    [0.1345, 0.3655, 0.3655, 0.1345]
    """

    beta: float
    method: str
    log_z: float
    ground_energy: float
    ground_states: NDArray[np.int8]
    degeneracy: int
    mean: NDArray[np.float64]
    marginals: NDArray[np.float64]
    correlations: NDArray[np.float64]
    edges: NDArray[np.int64]
    mean_energy: float
    heat_capacity: float
    entropy: float
    levels: Levels | None
    variables: Sequence[Any]
    values: tuple[int, int]
    objective_name: str
    best_objective: float
    info: dict[str, Any]
    _problem: Problem

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__}: {len(self.variables)} variables at beta {self.beta:.6g} by "
            f"{self.method}; log Z {self.log_z:.10g}, mean energy {self.mean_energy:.10g}; "
            f"lowest energy {self.ground_energy:.10g}, of {self.degeneracy} states>"
        )

    def _content(self) -> dict[str, Any]:
        problem = vars(self._problem)
        return {
            **super()._content(),
            "levels": None if self.levels is None else self.levels._asdict(),
            "_problem": {
                **problem,
                "model": model_to_content(self._problem.model),
                "clamp": vars(self._problem.clamp),
            },
        }

    @classmethod
    def _from_archive(cls, content: dict[str, Any]) -> Self:
        problem, levels = content["_problem"], content["levels"]
        problem["model"] = model_from_content(problem["model"])
        problem["clamp"] = Clamp(**problem["clamp"])
        content["_problem"] = Problem(**problem)
        content["levels"] = None if levels is None else Levels(**levels)
        return cls(**content)

    @property
    def best(self) -> Best:
        """(state, energy): a ground state and its energy."""
        return Best(self.ground_states[0], self.ground_energy)

    @property
    def best_assignment(self) -> dict[Any, int]:
        """A ground state as a dict from label to value."""
        return dict(zip(self.variables, self.ground_states[0].tolist(), strict=True))

    def states(self) -> NDArray[np.int8]:
        """Return all states, shape (2**f, n) for f free variables, in the model's own values.

        Bit i of a row's number is set where the i-th free variable has the higher of its values;
        held variables are as they are held.

        Raises
        ------
        ValueError, MemoryError
            More than 24 free variables, or more states than fit in memory.
        """
        count = self._check_listed("states()")
        check_memory({"all states": 2 * count * len(self.variables)})
        return self._problem.model.from_spins(np.concatenate(list(self._pieces())))

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        """Probability (2**f,) of each of `states()`; refused like these."""
        count = self._check_listed("probabilities")
        check_memory({"probabilities of all states": 8 * count})
        core = self._problem.model.core
        excess = np.concatenate([core.energies(piece) for piece in self._pieces()])
        excess -= excess.min()
        if math.isinf(self.beta):
            # Energies of ground states differ by rounding at most.
            ground = np.argpartition(excess, self.degeneracy - 1)[: self.degeneracy]
            weights = np.zeros(count)
            weights[ground] = 1.0
        else:
            weights = np.exp(-self.beta * excess)
        weights /= weights.sum()
        return weights

    def thermodynamics(self, betas: ArrayLike) -> Thermodynamics:
        """Return log Z, energy, entropy, free energy and heat capacity at other betas.

        Where `levels` are known they follow from these at once; elsewhere all is summed again,
        once for all betas.

        Parameters
        ----------
        betas : float or array_like, shape (k,)
            Inverse temperatures, in any order; 0 and infinity allowed.

        Returns
        -------
        Thermodynamics
            Curves without errors.

        Raises
        ------
        ValueError
            A beta that is negative or nan.

        Examples
        --------
        >>> import magnetite as mg
        >>> result = mg.exact(mg.maxcut({(0, 1): 1.0, (1, 2): 1.0, (0, 2): 1.0}))
        >>> result.thermodynamics([0.0, 1.0]).entropy.value.round(6).tolist()
        [2.079442, 1.822119]
        """
        checked = check_betas(betas)
        if self.levels is not None:
            sums = _from_levels(self.levels, checked)
            return Thermodynamics.exact(checked, self.ground_energy, *sums)
        way = choose_way(self._problem, self.method)
        run = way.run(checked)
        sum_up(self._problem.model, run)
        return Thermodynamics.exact(checked, self.ground_energy, *run.weights().T)

    def to_dimod(self) -> "dimod.SampleSet":
        """Return the ground states as a `dimod.SampleSet`, one row a state (needs dimod).

        Examples
        --------
        >>> import magnetite as mg
        >>> len(mg.exact(mg.Ising({("a", "b"): 1.0})).to_dimod())
        2
        """
        energies = np.full(len(self.ground_states), self.ground_energy)
        return to_sampleset(self.ground_states, energies, self.variables, self.values, self.info)

    def _check_listed(self, what: str) -> int:
        free = self._problem.num_free
        if free > MOST_LISTED:
            raise ValueError(
                f"{what} would list 2**{free} states, and lists at most 2**{MOST_LISTED}: "
                "clamp some variables, or use mean, correlations and levels"
            )
        return 1 << free

    def _pieces(self) -> Iterator[NDArray[np.int8]]:
        """Yield all states as spins, in pieces of equal length."""
        clamp, n = self._problem.clamp, len(self.variables)
        free = np.setdiff1d(np.arange(n), clamp.sites)
        inner = min(free.size, PIECE)
        piece = np.empty((1 << inner, n), np.int8)
        piece[:, clamp.sites] = clamp.spins
        piece[:, free[:inner]] = _all_spins(inner)
        for outer in _all_spins(free.size - inner):
            piece[:, free[inner:]] = outer
            yield piece.copy()


def _all_spins(count: int) -> NDArray[np.int8]:
    bits = np.arange(1 << count)[:, None] >> np.arange(count) & 1
    return (2 * bits - 1).astype(np.int8)


def _from_levels(
    levels: Levels, betas: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return log weights, means and deviations of energies above the lowest."""
    heights = levels.energies - levels.energies[0]
    finite = np.where(np.isinf(betas), 0.0, betas)
    factors = np.exp(-finite[:, None] * heights)
    factors[np.isinf(betas), 1:] = 0.0
    weights = factors * levels.counts
    totals = weights.sum(axis=1)
    excess = weights @ heights / totals
    spread = (heights - excess[:, None]) ** 2
    return np.log(totals), excess, np.sqrt((weights * spread).sum(axis=1) / totals)
