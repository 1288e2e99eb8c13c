"""What a search returns: the lowest states it has seen, and what it did to find them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from magnetite.exports import to_dataset, to_sampleset
from magnetite.results import Result

if TYPE_CHECKING:
    import dimod
    import xarray

__all__ = ["SolveResult"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class SolveResult(Result):
    """The lowest distinct states of a search, ascending.

    `states` (k, n), `energies` and `objectives` (k,); k is `num_best`, or less where fewer were
    met. ``info["reduced_to"]`` says how many variables and couplings exact reduction has left, and
    ``info["rounds"]`` lists the rounds, each a dict:

    * ``step``: "anneal", a new population from random states; "temper", an eighth of one from the
      cold rungs of two ladders; or "breed", children for all of it;
    * ``epoch``: the number of the population;
    * ``num_sweeps``, ``first_beta``: of each of the 64 anneals, or reheated children;
    * ``clusters``: how many clusters a child was put together from, the mean;
    * ``recombined``, ``reheated``: how many members gave way to a better child as recombination
      made it, and to one that reheating made better still;
    * ``best_energy``, ``mean_energy``: of the population after the round.

    Attributes
    ----------
    is_optimal : bool
        Whether the best energy is proven to be the least: exact reduction left no variable, or so
        narrow a graph that variable elimination found its optimum. There are no rounds then.

    Examples
    --------
    >>> import magnetite as mg
    >>> result = mg.solve(mg.Ising({("a", "b"): 1.0, ("b", "c"): -2.0}), seed=1)
    >>> result.best.energy, result.is_optimal, result.info["reduced_to"]["num_variables"]
    (-3.0, True, 0)
    """

    is_optimal: bool

    def __repr__(self) -> str:
        count, num_variables = self.states.shape
        return self._repr(f"{count} best states of {num_variables} variables")

    def to_dimod(self) -> "dimod.SampleSet":
        """Return the states as a `dimod.SampleSet`, one row a state (needs dimod).

        Examples
        --------
        >>> import magnetite as mg
        >>> result = mg.solve(mg.Ising({("a", "b"): 1.0}), seed=1)
        >>> print(result.to_dimod().first.energy)
        -1.0
        """
        return to_sampleset(self.states, self.energies, self.variables, self.values, self.info)

    def to_xarray(self) -> "xarray.Dataset":
        """Return states and energies as an `xarray.Dataset` (needs xarray).

        Examples
        --------
        >>> import magnetite as mg
        >>> result = mg.solve(mg.Ising({("a", "b"): 1.0}), seed=1)
        >>> result.to_xarray().states.sel(site="a").dims
        ('state',)
        """
        arrays: dict[str, tuple[tuple[str, ...], NDArray[Any]]] = {
            "states": (("state", "site"), self.states),
            "energies": (("state",), self.energies),
            "objectives": (("state",), self.objectives),
        }
        return to_dataset(arrays, self.variables, self.info)
