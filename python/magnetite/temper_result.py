"""What replica exchange returns: draws and observables by rung, and how replicas travelled."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from magnetite.exports import to_dataset, to_sampleset
from magnetite.observables import Observables
from magnetite.recorded import NOT_RECORDED
from magnetite.results import Result

if TYPE_CHECKING:
    import dimod
    import xarray

__all__ = ["TemperResult"]

MOMENTS = ("mean", "mean_error", "correlations", "correlations_error", "edges")

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class TemperResult(Observables, Result):
    """Ladders of replicas, in the order of `betas`.

    `states` (num_ladders, num_rungs, n) are the last draws; `energies` and `objectives`
    (num_ladders, num_rungs, num_draws) those of all draws, nan where a stopped run did not reach;
    sums of coefficients as the kernel has them, rounded at 1e-7 where they are reals.

    Attributes
    ----------
    num_free : int
        Variables that are not clamped.
    betas : ndarray of float64
        Inverse temperatures (num_rungs,) of the ladder, ascending; may be given to the next run.
    swap_rates : ndarray of float64
        Share of accepted exchanges (num_rungs - 1,) between neighbours; nan where none was tried.
    round_trips : ndarray of int64
        Journeys (num_ladders,) from the hot end to the cold end and back, of all replicas of a
        ladder together.
    from_hot : ndarray of float64
        Share (num_rungs,) of the replicas passing a rung that were last at the hot end: 1 at the
        hot end, 0 at the cold one, nan where none had been at an end.
    cluster_rungs : ndarray of bool
        Rungs (num_rungs,) that made cluster moves.
    clusters : ndarray of int64
        By rung (num_rungs, 3): cluster moves, sites turned over, sites at which replicas differed.
    counts : ndarray of int64
        Measurements of observables (num_parts,) in each of 64 equal parts of the run.
    single_sums, pair_sums : ndarray of float64
        Their sums (num_ladders, num_rungs, num_parts, 6) of E, E^2, m, abs(m), m^2, m^4, and
        (num_ladders // 2, num_rungs, num_parts, 6) of q, abs(q), q^2, q^4, q_l, q_l^2 for the
        overlap q and the link overlap q_l of ladders 2 p and 2 p + 1; m and q of spins, a site.
    overlaps, link_overlaps : ndarray of int64
        Histograms (num_rungs, num_bins) of q and q_l over all pairs, from -1 to 1: a bin for each
        of their values, or 201 bins with one value more in some; `overlap_edges` are those of q.
    draws : ndarray of int8
        All draws (num_ladders, num_rungs, num_draws, n), recorded with ``store_states=True``.
    mean, mean_error : ndarray of float64
        Means (num_rungs, n) of the variables and their standard errors, recorded with
        ``moments=True``. Errors are those of the jackknife over 16 parts of the run, all ladders
        together; nan where fewer than 8 of them have measurements.
    correlations, correlations_error, edges : ndarray
        The same (num_rungs, m) of the products x_i x_j over the pairs (2, m) of positions in
        `variables`.
    """

    _recorded_with: ClassVar[dict[str, str]] = {
        "draws": "store_states=True",
        **dict.fromkeys(MOMENTS, "moments=True, and observe_interval from 1 to num_draws"),
        "link_overlaps": "num_ladders of at least 2, and at most 16 couplings a site",
    }

    num_free: int
    betas: FloatArray
    swap_rates: FloatArray
    round_trips: IntArray
    from_hot: FloatArray
    cluster_rungs: NDArray[np.bool_]
    clusters: IntArray
    counts: IntArray
    single_sums: FloatArray
    pair_sums: FloatArray
    overlaps: IntArray
    link_overlaps: IntArray = NOT_RECORDED
    draws: NDArray[np.int8] = NOT_RECORDED
    mean: FloatArray = NOT_RECORDED
    mean_error: FloatArray = NOT_RECORDED
    correlations: FloatArray = NOT_RECORDED
    correlations_error: FloatArray = NOT_RECORDED
    edges: IntArray = NOT_RECORDED

    def __repr__(self) -> str:
        num_ladders, num_rungs, num_draws = self.energies.shape
        return self._repr(
            f"{num_ladders} ladders of {num_rungs} rungs, beta {self.betas[0]:.4g} to "
            f"{self.betas[-1]:.4g}, {num_draws} draws of {self.states.shape[2]} variables"
        )

    @property
    def last_energies(self) -> FloatArray:
        """Energies (num_ladders, num_rungs) of `states`, where the last draw was reached."""
        return self.energies[:, :, -1]

    @property
    def overlap_edges(self) -> FloatArray:
        """Edges (num_bins + 1,) of the bins of `overlaps`, half way between two values of q.

        Where n sites have more than 201 overlaps, bins do not all hold the same number of them, so
        that only counts divided by the widths of the bins are a density.

        Examples
        --------
        >>> import magnetite as mg
        >>> model = mg.Ising({(0, 1): 1.0, (1, 2): -1.0})
        >>> result = mg.temper(model, betas=[0.1, 1.0], num_sweeps=100, seed=1)
        >>> result.overlap_edges.round(2).tolist()  # of -1, -1/3, 1/3 and 1
        [-1.33, -0.67, 0.0, 0.67, 1.33]
        """
        n, num_bins = self.states.shape[-1], self.overlaps.shape[-1]
        # The first number of equal sites in each bin: those with k * num_bins // (n + 1) = bin.
        first = -(-np.arange(num_bins + 1) * (n + 1) // num_bins)
        return np.asarray((2 * first - 1 - n) / max(1, n), np.float64)

    def to_dimod(self) -> "dimod.SampleSet":
        """Return the last states of the coldest rungs as a `dimod.SampleSet`, one row a ladder.

        Examples
        --------
        >>> import magnetite as mg
        >>> model = mg.Ising({(0, 1): 1.0, (1, 2): -1.0})
        >>> result = mg.temper(model, betas=[0.1, 1.0, 2.0], num_sweeps=100, seed=1)
        >>> len(result.to_dimod())
        2
        """
        states = self.states[:, -1]
        energies = self.last_energies[:, -1]
        return to_sampleset(states, energies, self.variables, self.values, self.info)

    def to_xarray(self) -> "xarray.Dataset":
        """Return the draws as an `xarray.Dataset` with dimensions (chain, draw, beta, site).

        A chain is a ladder, so that ArviZ reads energies and compares ladders.

        Examples
        --------
        >>> import magnetite as mg
        >>> model = mg.Ising({(0, 1): 1.0, (1, 2): -1.0})
        >>> result = mg.temper(model, betas=[0.1, 1.0, 2.0], num_sweeps=100, seed=1)
        >>> result.to_xarray().energies.mean(("chain", "draw")).shape
        (3,)
        """
        arrays: dict[str, tuple[tuple[str, ...], NDArray[Any]]] = {
            "energies": (("chain", "draw", "beta"), self.energies.transpose(0, 2, 1)),
            "objectives": (("chain", "draw", "beta"), self.objectives.transpose(0, 2, 1)),
            "states": (("chain", "beta", "site"), self.states),
        }
        if self._has("draws"):
            dims = ("chain", "draw", "beta", "site")
            arrays["draws"] = (dims, self.draws.transpose(0, 2, 1, 3))
        if self._has("mean"):
            arrays["edges"] = (("end", "edge"), self.edges)
            for name, dim in (("mean", "site"), ("correlations", "edge")):
                for field in (name, f"{name}_error"):
                    arrays[field] = (("beta", dim), getattr(self, field))
        dataset = to_dataset(arrays, self.variables, self.info)
        return dataset.assign_coords(beta=self.betas)
