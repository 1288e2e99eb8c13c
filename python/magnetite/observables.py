"""Observables of a replica-exchange run by rung, with errors, and what follows from them."""

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite.diagnostics import (
    Equilibration,
    Reweighting,
    Verdict,
    binder_ratio,
    equilibration,
    heat_capacity,
    jackknife,
    reweighting,
    susceptibility,
)
from magnetite.diagnostics._bins import groups
from magnetite.diagnostics.integration import MIN_DRAWS
from magnetite.estimates import Estimate, Estimates
from magnetite.thermodynamics import Thermodynamics

__all__ = ["Observables"]

Array = NDArray[np.float64]

# Blocks that a series of energies is cut into for the jackknife.
NUM_BLOCKS = 64

# Columns of the sums that the core returns.
M, ABS_M, M2, M4 = 2, 3, 4, 5
Q, ABS_Q, Q2, Q4, LINK = 0, 1, 2, 3, 4


class Observables:
    """What a run with `energies`, `betas` and sums of observables says, rung by rung.

    Every property is an `Estimates`: arrays ``value`` and ``error`` (num_rungs,), and an `Estimate`
    by index. Errors come from leaving out one of 64 parts of the run at a time, ladder by ladder.
    Magnetisations m and overlaps q are those of spins -1 and +1, a site.
    """

    betas: Array
    energies: Array
    cluster_rungs: NDArray[np.bool_]
    single_sums: Array
    pair_sums: Array
    counts: NDArray[np.int64]
    round_trips: NDArray[np.int64]
    num_free: int
    states: NDArray[np.int8]
    info: dict[str, Any]

    @property
    def _are_paired(self) -> bool:
        """Whether ladders 0 and 1, 2 and 3, .. are correlated, as cluster moves make them.

        What one gains the other loses: means of the two are hardly more than one.
        """
        return bool(self.cluster_rungs.any())

    @cached_property
    def independent_energies(self) -> Array:
        """Energies of ladders that know nothing of each other.

        Those of `energies`; or, where cluster moves couple the ladders of a pair, the draws of both
        in turn, as one ladder (num_ladders // 2, num_rungs, 2 num_draws), so that errors see what
        the two have in common. An odd number of ladders is taken as one in the same way.
        """
        grouped = groups(self.energies, self._are_paired)
        num_groups, size, num_rungs, num_draws = grouped.shape
        return grouped.transpose(0, 2, 3, 1).reshape(num_groups, num_rungs, size * num_draws)

    @property
    def _untuned(self) -> str:
        """Say why the draws are none that count; nothing where they do."""
        if self.info["tuned"]:
            return ""
        return (
            "the run ended while its ladder was still being tuned, and its draws have no warm-up "
            "behind them"
        )

    def _vouched(self, estimates: Estimates) -> Estimates:
        """Return `estimates`, refused where the draws are none that count."""
        if not self._untuned:
            return estimates
        nothing = np.full(len(estimates), np.nan)
        return Estimates(nothing, nothing, 0.0 * estimates.ess, (self._untuned,) * len(estimates))

    @property
    def mean_energy(self) -> Estimates:
        """Mean energies."""
        blocks, counts, reference = self._energy_blocks
        estimates = jackknife(blocks, lambda means: means[..., 0], counts=counts)
        return self._vouched(_shifted(estimates, reference))

    @property
    def heat_capacity(self) -> Estimates:
        """``beta^2 (<E^2> - <E>^2)`` of the whole system."""
        blocks, counts, _ = self._energy_blocks
        return self._vouched(jackknife(blocks, heat_capacity(self.betas), counts=counts))

    @cached_property
    def _energy_blocks(self) -> tuple[Array, Array, float]:
        """Sums of energies and their squares by block, less a reference; draws in each; that."""
        energies = self.independent_energies
        num_ladders, num_rungs, num_draws = energies.shape
        num_blocks = max(1, min(NUM_BLOCKS, num_draws))
        edges = np.arange(num_blocks) * num_draws // num_blocks
        made = ~np.isnan(energies)
        reference = float(np.median(energies[made])) if made.any() else 0.0
        energies = np.where(made, energies - reference, 0.0)
        if num_draws == 0:
            empty = np.zeros((num_ladders, num_rungs, 1))
            return np.zeros((*empty.shape, 2)), empty, reference
        sums = [np.add.reduceat(each, edges, axis=2) for each in (energies, energies**2)]
        counts = np.add.reduceat(made.astype(np.float64), edges, axis=2)
        return np.stack(sums, axis=-1), counts, reference

    @property
    def magnetisation(self) -> Estimates:
        """``<m>``."""
        return self._single([M], lambda means: means[..., 0])

    @property
    def abs_magnetisation(self) -> Estimates:
        """``<abs(m)>``."""
        return self._single([ABS_M], lambda means: means[..., 0])

    @property
    def susceptibility(self) -> Estimates:
        """``beta n (<m^2> - <abs(m)>^2)``, the usual one of finite lattices."""
        function = susceptibility(self.betas, num_sites=self.states.shape[-1])
        return self._single([ABS_M, M2], function)

    @property
    def binder_ratio(self) -> Estimates:
        """``(3 - <m^4> / <m^2>^2) / 2``: 0 where m is normal, 1 where it is one of two values."""
        return self._single([M2, M4], binder_ratio)

    @property
    def overlap(self) -> Estimates:
        """``<q>`` between the ladders of a pair."""
        return self._pair([Q], lambda means: means[..., 0])

    @property
    def abs_overlap(self) -> Estimates:
        """``<abs(q)>``."""
        return self._pair([ABS_Q], lambda means: means[..., 0])

    @property
    def spin_glass_susceptibility(self) -> Estimates:
        """``n <q^2>``."""
        n = self.states.shape[-1]
        return self._pair([Q2], lambda means: n * means[..., 0])

    @property
    def overlap_binder_ratio(self) -> Estimates:
        """``(3 - <q^4> / <q^2>^2) / 2``."""
        return self._pair([Q2, Q4], binder_ratio)

    @property
    def link_overlap(self) -> Estimates:
        """``<q_l>``: mean product of overlaps of coupled sites."""
        if not self.info["links"]:
            raise ValueError(
                "link overlaps were not measured: they are on models with at most 16 couplings "
                "a site, with num_ladders of at least 2"
            )
        return self._pair([LINK], lambda means: means[..., 0])

    def _single(self, columns: list[int], function: Any) -> Estimates:
        if not self.counts.any():
            raise ValueError(
                "magnetisations were not measured: observe_interval must be above 0 and at most "
                "the number of draws"
            )
        sums = groups(self.single_sums[..., columns], self._are_paired)
        return jackknife(sums.sum(axis=1), function, counts=sums.shape[1] * self.counts)

    def _pair(self, columns: list[int], function: Any) -> Estimates:
        if not self.counts.any() or not len(self.pair_sums):
            raise ValueError(
                "overlaps were not measured: num_ladders must be at least 2, and observe_interval "
                "above 0 and at most the number of draws"
            )
        return jackknife(self.pair_sums[..., columns], function, counts=self.counts)

    @property
    def round_trip_rate(self) -> Estimate:
        """Round trips of a ladder per sweep, with an error from the spread of the ladders."""
        sweeps = max(1, self.info["sweeps_done"] - self.info["warmup"])
        rates = self.round_trips / sweeps
        if rates.size < 2:
            return Estimate.refused(f"an error needs at least 2 ladders, got {rates.size}")
        value = float(rates.mean())
        error = float(rates.std(ddof=1) / np.sqrt(rates.size))
        bracket = (value - 2 * error, value + 2 * error)
        return Estimate(value, error, bracket, float(rates.size), True, "")

    @cached_property
    def equilibration(self) -> Equilibration:
        """The tests for equilibrium, and the verdict that `print` shows.

        Energies and squared overlaps over bins of doubling length, agreement of the ladders,
        autocorrelation times and round trips: see `magnetite.diagnostics.equilibration`.
        """
        moments, measured = {}, self.counts > 0
        if len(self.pair_sums) and measured.any():
            # Of fewer measurements than parts each fills its own, evenly apart.
            squares = self.pair_sums[..., measured, Q2]
            moments["squared overlap"] = squares / self.counts[measured]
        found = equilibration(
            self.energies,
            self.betas,
            moments=moments,
            round_trips=self.round_trips,
            coupled=self._are_paired,
        )
        if self._untuned:
            return replace(found, verdict=Verdict(False, (self._untuned,)))
        # Where all states have one energy, each draw is as good as any.
        return replace(found, verdict=Verdict(True, ())) if self.info.get("flat") else found

    @cached_property
    def reweighting(self) -> Reweighting:
        """All draws of all rungs joined (MBAR): see `magnetite.diagnostics.reweighting`."""
        log_num_states = self.num_free * float(np.log(2))
        return reweighting(self.independent_energies, self.betas, log_num_states=log_num_states)

    def log_partition(self, beta: float) -> Estimate:
        """Estimate log Z at a beta of the ladder's range, from all draws of all rungs.

        Parameters
        ----------
        beta : float
            From 0 to the coldest beta of the ladder.

        Returns
        -------
        Estimate
            Refused where the draws are too few, or do not reach to beta = 0, where log Z is known.

        Examples
        --------
        >>> import magnetite as mg
        >>> ring = mg.Ising({(i, (i + 1) % 8): 1.0 for i in range(8)})
        >>> result = mg.temper(ring, beta_range=(0.0, 1.0), num_sweeps=2000, seed=1)
        >>> estimate = result.log_partition(1.0)
        >>> exact = 9.0210  # ln((2 cosh 1)^8 + (2 sinh 1)^8)
        >>> abs(estimate.value - exact) < 4 * estimate.error
        True
        """
        if self._untuned:
            return Estimate.refused(self._untuned)
        reached = int(np.isfinite(self.energies).all(axis=(0, 1)).sum())
        if reached < MIN_DRAWS:
            return Estimate.refused(
                f"it takes at least {MIN_DRAWS} draws at every rung, got {reached}"
            )
        return self.reweighting.log_z(beta)

    def thermodynamics(self, betas: ArrayLike) -> Thermodynamics:
        """Return log Z, U, S, F and C at any betas of the ladder's range, with errors.

        Parameters
        ----------
        betas : array_like
            From 0 to the coldest beta of the ladder.

        Returns
        -------
        Thermodynamics
            `log_z`, `energy`, `entropy`, `free_energy` and `heat_capacity`, an `Estimates` each.

        Examples
        --------
        >>> import magnetite as mg
        >>> ring = mg.Ising({(i, (i + 1) % 8): 1.0 for i in range(8)})
        >>> result = mg.temper(ring, beta_range=(0.0, 1.0), num_sweeps=2000, seed=1)
        >>> result.thermodynamics([0.25, 0.5]).energy.value.shape
        (2,)
        """
        curves = self.reweighting.thermodynamics(betas)
        vouched: dict[str, Any] = {
            name: self._vouched(value) for name, value in vars(curves).items() if name != "betas"
        }
        return replace(curves, **vouched)


def _shifted(estimates: Estimates, amount: float) -> Estimates:
    return Estimates(estimates.value + amount, estimates.error, estimates.ess, estimates.reasons)
