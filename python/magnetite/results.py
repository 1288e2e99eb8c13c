"""What samplers return: states, energies and how they were found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from magnetite.diagnostics.autocorrelation import autocorrelation_time
from magnetite.diagnostics.convergence import ess_bulk, split_r_hat
from magnetite.estimates import Estimate, mean_of_chains
from magnetite.exports import to_dataset, to_sampleset
from magnetite.models.base import Sense
from magnetite.recorded import NOT_RECORDED, Recorded
from magnetite.stored import Stored

if TYPE_CHECKING:
    import dimod
    import xarray


class Best(NamedTuple):
    """The lowest energy seen anywhere in a run, and the state that has it."""

    state: NDArray[np.int8]
    energy: float


class Trajectory(NamedTuple):
    """Energies on the way: `energies` (num_reads, p) after `sweeps` (p,); nan where not reached."""

    sweeps: NDArray[np.int64]
    energies: NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Result(Recorded, Stored):
    """What the results of all samplers share.

    Attributes
    ----------
    states : ndarray of int8
        In the model's own values and order of variables.
    energies, objectives : ndarray of float64
        Energies from the float64 coefficients, offset included, and the same in the model's own
        sign (the cut of a maxcut, the value of a maximised QUBO).
    best : Best
        (state, energy): the lowest energy seen anywhere in the run.
    best_objective : float
        The objective of `best`.
    variables : sequence
        Labels of the states' columns.
    values : tuple of int
        The two values of a variable: (-1, 1) or (0, 1).
    objective_name : str
        What the objective is called: "energy", "cut", "value" ...
    sense : str
        "minimise" or "maximise": whether the objective is to be made small or large.
    info : dict
        How the run was made: options, seed, threads, path, timing, stop reason, versions.
    """

    states: NDArray[np.int8]
    energies: NDArray[np.float64]
    objectives: NDArray[np.float64]
    best: Best
    best_objective: float
    variables: Sequence[Any]
    values: tuple[int, int]
    objective_name: str
    sense: Sense
    info: dict[str, Any]

    @property
    def best_assignment(self) -> dict[Any, int]:
        """The best state as a dict from label to value."""
        return dict(zip(self.variables, self.best.state.tolist(), strict=True))

    def _content(self) -> dict[str, Any]:
        content = super()._content()
        for name, value in content.items():
            if isinstance(value, Best | Trajectory):
                content[name] = value._asdict()
        return content

    @classmethod
    def _from_archive(cls, content: dict[str, Any]) -> Self:
        if "sense" not in content:  # written before problems had names of their own
            energy = content["objective_name"] == "energy"
            content["sense"] = "minimise" if energy else "maximise"
        content["best"] = Best(**content["best"])
        if content.get("trajectory") is not None:
            content["trajectory"] = Trajectory(**content["trajectory"])
        return cls(**content)

    def _best_text(self) -> str:
        text = f"best energy {self.best.energy:.10g}"
        if self.objective_name != "energy":
            text += f" ({self.objective_name} {self.best_objective:.10g})"
        return text

    def _repr(self, size: str) -> str:
        seconds = sum(self.info["timing"].values())
        return (
            f"<{type(self).__name__}: {size}; {self._best_text()}; "
            f"{self.info['stop_reason']} after {seconds:.3g} s>"
        )


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class AnnealResult(Result):
    """The reads of an anneal.

    `states` (num_reads, n) holds the best state of each read, or its last, by `keep`; `energies`
    and `objectives` (num_reads,) are theirs. Reads come in the order of their number; those of a
    run that filled a time limit come by ascending energy.

    Attributes
    ----------
    best_states, best_energies : ndarray or None
        The `num_best` lowest distinct states of the whole run, ascending; None with num_best=0.
    trajectory : Trajectory
        Energies on the way, recorded with ``trajectory=`` so many points.
    chains : ndarray of int64
        Number of each read's chain: `first_chain` for the read alone, in another run.
    sweeps_done : ndarray of int64
        Sweeps each read has done.

    Examples
    --------
    >>> import magnetite as mg
    >>> result = mg.anneal(mg.maxcut({("a", "b"): 2.0}), num_reads=4, num_best=2, seed=1)
    >>> result.energies.tolist(), result.best_objective
    ([-2.0, -2.0, -2.0, -2.0], 2.0)
    >>> result.best_states.shape
    (2, 2)
    >>> sorted(result.best_assignment)
    ['a', 'b']
    """

    _recorded_with: ClassVar[dict[str, str]] = {"trajectory": "trajectory= a number of points"}

    chains: NDArray[np.int64]
    sweeps_done: NDArray[np.int64]
    best_states: NDArray[np.int8] | None = None
    best_energies: NDArray[np.float64] | None = None
    trajectory: Trajectory = NOT_RECORDED

    def __repr__(self) -> str:
        num_reads, num_variables = self.states.shape
        return self._repr(f"{num_reads} reads of {num_variables} variables")

    def to_dimod(self) -> "dimod.SampleSet":
        """Return the reads as a `dimod.SampleSet`, one row a read (needs dimod).

        Examples
        --------
        >>> import magnetite as mg
        >>> result = mg.anneal(mg.Ising({("a", "b"): 1.0}), num_reads=4, seed=1)
        >>> len(result.to_dimod())
        4
        """
        return to_sampleset(self.states, self.energies, self.variables, self.values, self.info)

    def to_xarray(self) -> "xarray.Dataset":
        """Return states and energies as an `xarray.Dataset` (needs xarray).

        Examples
        --------
        >>> import magnetite as mg
        >>> result = mg.anneal(mg.Ising({("a", "b"): 1.0}), num_reads=4, seed=1)
        >>> result.to_xarray().states.sel(site="a").shape
        (4,)
        """
        arrays: dict[str, tuple[tuple[str, ...], NDArray[Any]]] = {
            "states": (("read", "site"), self.states),
            "energies": (("read",), self.energies),
            "objectives": (("read",), self.objectives),
        }
        return to_dataset(arrays, self.variables, self.info)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class SampleResult(Result):
    """Draws of chains at one beta.

    `states` (num_chains, n) is the last draw of each chain, or where it was when the run was
    stopped; `energies` and `objectives` (num_chains, num_draws) are those of all draws, nan where
    a stopped run did not reach; sums of coefficients as the kernel has them, rounded at 1e-7 where
    they are reals.

    Attributes
    ----------
    last_energies : ndarray of float64
        Energies (num_chains,) of `states`.
    draws : ndarray of int8
        All draws (num_chains, num_draws, n), recorded with ``store_states=True``.
    mean : ndarray of float64
        Mean of each variable over chains and draws, in the model's own values; this and the next
        two are recorded unless ``moments=False``.
    correlations : ndarray of float64
        Mean of the product x_i x_j for each of `edges`, in the model's own values.
    edges : ndarray of int64
        Pairs (2, m) of positions in `variables`, i < j.

    Examples
    --------
    >>> import magnetite as mg
    >>> result = mg.sample(mg.Ising({(0, 1): 1.0}), num_chains=8, num_sweeps=100, seed=1)
    >>> result.energies.shape, result.mean.shape, result.edges.tolist()
    ((8, 100), (2,), [[0], [1]])
    """

    _recorded_with: ClassVar[dict[str, str]] = {
        "draws": "store_states=True",
        "mean": "moments=True",
        "correlations": "moments=True",
        "edges": "moments=True",
    }

    last_energies: NDArray[np.float64]
    draws: NDArray[np.int8] = NOT_RECORDED
    mean: NDArray[np.float64] = NOT_RECORDED
    correlations: NDArray[np.float64] = NOT_RECORDED
    edges: NDArray[np.int64] = NOT_RECORDED

    def __repr__(self) -> str:
        num_chains, num_draws = self.energies.shape
        return self._repr(
            f"{num_chains} chains of {num_draws} draws of {self.states.shape[1]} variables"
        )

    @property
    def mean_energy(self) -> Estimate:
        """Mean energy, with an error from the spread between chains."""
        return mean_of_chains(self.energies)

    @property
    def autocorrelation_time(self) -> Estimate:
        """Integrated autocorrelation time of the energy, in draws."""
        return autocorrelation_time(self.energies)

    @property
    def ess(self) -> float:
        """Effective sample size of the energies of all chains, bulk ESS of Vehtari et al. 2021."""
        return ess_bulk(self.energies)

    @property
    def r_hat(self) -> float:
        """Rank-normalised split R-hat of the chains' energies; near 1 when they agree."""
        return split_r_hat(self.energies)

    def to_dimod(self) -> "dimod.SampleSet":
        """Return all draws that were stored, else the last states, as a `dimod.SampleSet`.

        Examples
        --------
        >>> import magnetite as mg
        >>> model = mg.Ising({(0, 1): 1.0})
        >>> drawn = mg.sample(model, num_chains=8, num_sweeps=10, store_states=True, seed=1)
        >>> len(drawn.to_dimod())
        80
        """
        states, energies = self.states, self.last_energies
        if self._has("draws"):
            made = ~np.isnan(self.energies)
            states, energies = self.draws[made], self.energies[made]
        return to_sampleset(states, energies, self.variables, self.values, self.info)

    def to_xarray(self) -> "xarray.Dataset":
        """Return states, energies and means as an `xarray.Dataset` (needs xarray).

        Examples
        --------
        >>> import magnetite as mg
        >>> result = mg.sample(mg.Ising({(0, 1): 1.0}), num_chains=8, num_sweeps=10, seed=1)
        >>> result.to_xarray().energies.mean("draw").shape
        (8,)
        """
        arrays: dict[str, tuple[tuple[str, ...], NDArray[Any]]] = {
            "states": (("chain", "site"), self.states),
            "energies": (("chain", "draw"), self.energies),
            "objectives": (("chain", "draw"), self.objectives),
        }
        if self._has("draws"):
            arrays["draws"] = (("chain", "draw", "site"), self.draws)
        if self._has("mean"):
            arrays["mean"] = (("site",), self.mean)
            arrays["correlations"] = (("edge",), self.correlations)
            arrays["edges"] = (("end", "edge"), self.edges)
        return to_dataset(arrays, self.variables, self.info)
