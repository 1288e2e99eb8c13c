"""Fields and couplings from means and correlations of spins."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import (
    check_choice,
    check_count,
    check_finite,
    check_real,
    index_vector,
    real_array,
)
from magnetite.inputs import FloatArray
from magnetite.maxent_dual import solve_dual
from magnetite.memory import check_memory
from magnetite.models import Ising
from magnetite.options import SeedLike, check_seed
from magnetite.results import SampleResult
from magnetite.sample import sample

__all__ = ["SpinFit", "fit_spins"]

METHODS = ("auto", "exact", "sampling")

MOST_EXACT = 14
"""Spins that "auto" enumerates at most: a second of work."""

MOST_LISTED = 20
"""Spins whose states are listed at most."""

DECAY = 10
"""The rate is halved after a share of one in so many of the steps."""

CREDIBLE = 2.0
"""Root mean square of the deviations, in standard errors, up to which moments count as matched."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class SpinFit:
    """What `MaxEnt.spins` returns.

    Attributes
    ----------
    model : Ising
        The energy; ``exp(-E)``, at beta = 1, has the moments.
    method : str
        How it was found: "exact" or "sampling".
    mean : ndarray of float64
        Mean (n,) of each spin of the model.
    correlations : ndarray of float64
        Mean (m,) of the product s_i s_j of the model, for each of `edges`.
    edges : ndarray of int64
        Pairs (2, m) of positions.
    differences : ndarray of float64
        What `mean` and then `correlations` exceed those asked for by (n + m,).
    errors : ndarray of float64
        Standard errors (n + m,) of `differences`, from the spread of chains; 0 where exact.
    reliable : bool
        Whether the moments asked for are matched within these errors.
    reason : str
        Why not; empty when they are.
    """

    model: Ising
    method: str
    mean: FloatArray
    correlations: FloatArray
    edges: NDArray[np.int64]
    differences: FloatArray
    errors: FloatArray
    reliable: bool
    reason: str

    def __repr__(self) -> str:
        verdict = "" if self.reliable else f"; unreliable: {self.reason}"
        return (
            f"<SpinFit by {self.method}: {self.model!r}, moments within "
            f"{np.abs(self.differences).max():.2g}{verdict}>"
        )


class _Moments(NamedTuple):
    """Moments asked for: means (n,), and correlations (m,) of pairs i < j."""

    mean: FloatArray
    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    correlations: FloatArray

    def model(self, fields: FloatArray, couplings: FloatArray) -> Ising:
        return Ising((self.rows, self.cols, couplings), fields)

    def result(self, model: Ising, found: FloatArray, errors: FloatArray, reason: str) -> SpinFit:
        mean, correlations = np.split(found, [len(self.mean)])
        return SpinFit(
            model=model,
            method="sampling" if errors.any() else "exact",
            mean=mean,
            correlations=correlations,
            edges=np.stack([self.rows, self.cols]),
            differences=found - np.concatenate([self.mean, self.correlations]),
            errors=errors,
            reliable=not reason,
            reason=reason,
        )


def fit_spins(
    means: ArrayLike,
    correlations: Any,
    *,
    method: str = "auto",
    num_chains: int = 128,
    num_steps: int = 300,
    num_sweeps: int = 20,
    rate: float = 0.3,
    seed: SeedLike = None,
    num_threads: int | None = None,
) -> SpinFit:
    """Return the Ising model of greatest entropy with these means and correlations of spins.

    Its fields and couplings are the multipliers of the means and of the correlations: all
    pairs whose correlation is given are coupled, no others.

    Parameters
    ----------
    means : array_like, shape (n,)
        Means of the spins s_i of -1 and +1, between these.
    correlations : array_like, shape (n, n), or tuple (rows, cols, values)
        Means of the products s_i s_j (not covariances): of all pairs, or of those listed.
    method : "auto" (default), "exact" or "sampling"
        "exact" solves for the multipliers over all 2**n states, 20 spins at most; "auto" does
        so up to 14. "sampling" climbs the likelihood with persistent Markov chains.
    num_chains, num_steps, num_sweeps : int, default 128, 300 and 20
        For "sampling": chains; steps of the climb, the second half of which is averaged; sweeps
        of each chain in a step.
    rate : float, default 0.3
        The first step's length, 1 being Newton's where moments do not depend on each other;
        that of step t is ``rate / (1 + 10 t / num_steps)``.
    seed, num_threads
        As for `magnetite.sample`.

    Returns
    -------
    SpinFit
        The `model`, its moments, and whether they are those asked for, within their errors.

    Raises
    ------
    TypeError, ValueError
        If the moments are none that spins can have with all states possible: a pair that never
        differs, say. With "sampling" only each pair is looked at.
    MemoryError
        If the states do not fit in memory.

    References
    ----------
    D. H. Ackley, G. E. Hinton, T. J. Sejnowski: A learning algorithm for Boltzmann machines.
    Cognitive Science 9, 147 (1985); persistent chains: L. Younes, Stochastics 65, 177 (1999).

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> fit = mg.MaxEnt.spins([0.2, -0.1], [[1.0, 0.4], [0.4, 1.0]])
    >>> fit
    <SpinFit by exact: Ising(2 variables, 1 coupling, density 1), moments within ...>
    >>> moments = mg.exact(fit.model)
    >>> moments.mean.round(9).tolist(), moments.correlations.round(9).tolist()
    ([0.2, -0.1], [0.4])
    """
    moments = _check_moments(means, correlations)
    n = len(moments.mean)
    chosen = check_choice("method", method, METHODS)
    climb = _Climb(
        moments,
        num_chains=check_count("num_chains", num_chains, 2, bits=31),
        num_steps=check_count("num_steps", num_steps, 1, bits=31),
        num_sweeps=check_count("num_sweeps", num_sweeps, 1, bits=31),
        rate=_check_rate(rate),
        seeds=np.random.SeedSequence(check_seed(seed).key),
        num_threads=num_threads,
    )
    if chosen == "sampling" or (chosen == "auto" and n > MOST_EXACT):
        return climb.run()
    if n > MOST_LISTED:
        raise ValueError(
            f"method must be 'sampling' for more than {MOST_LISTED} spins, got 'exact' and {n}"
        )
    return _exactly(moments)


def _exactly(moments: _Moments) -> SpinFit:
    """Solve the dual over all states."""
    n = len(moments.mean)
    target = np.concatenate([moments.mean, moments.correlations])
    check_memory({f"features of all states of {n} spins": 2**n * target.size * 8 * 5})
    spins = (2 * (np.arange(2**n)[:, None] >> np.arange(n) & 1) - 1).astype(np.float64)
    features = np.concatenate([spins, spins[:, moments.rows] * spins[:, moments.cols]], axis=1)
    found = solve_dual(features, target, np.ones(2**n))
    model = moments.model(*np.split(found.multipliers, [n]))
    return moments.result(model, found.probabilities @ features, np.zeros(target.size), "")


@dataclass(frozen=True)
class _Climb:
    """Ascent of the likelihood with persistent chains; parameters are averaged over its end.

    Gradients are those of spins less their means, so that fields and couplings hardly work
    against each other, each divided by its variance, which the moments asked for tell.
    """

    moments: _Moments
    num_chains: int
    num_steps: int
    num_sweeps: int
    rate: float
    seeds: np.random.SeedSequence
    num_threads: int | None

    def run(self) -> SpinFit:
        mean, i, j, correlations = self.moments
        fields, couplings = -np.arctanh(mean), np.zeros(i.size)
        sums = np.zeros(mean.size), np.zeros(i.size)
        variances = 1 - mean**2
        covariances = correlations - mean[i] * mean[j]
        scale = variances[i] * variances[j] + 4 * mean[i] * mean[j] * covariances - covariances**2
        first = self.num_steps // 2  # of those that are averaged
        chains = None
        for step in range(self.num_steps):
            drawn = self._draw(fields, couplings, self.num_sweeps, chains)
            chains = drawn.states
            found, products = self._moments_of(drawn.draws.reshape(-1, mean.size))
            excess = found - mean
            centred = products - correlations - mean[i] * excess[j] - mean[j] * excess[i]
            rate = self.rate / (1 + DECAY * step / self.num_steps)
            change = rate * centred / scale
            couplings = couplings + change
            fields = fields + rate * excess / variances
            np.subtract.at(fields, i, change * mean[j])
            np.subtract.at(fields, j, change * mean[i])
            if step >= first:
                sums[0][:] += fields
                sums[1][:] += couplings
        fields, couplings = (total / (self.num_steps - first) for total in sums)
        return self._judged(fields, couplings, chains)

    def _draw(
        self,
        fields: FloatArray,
        couplings: FloatArray,
        num_sweeps: int,
        chains: NDArray[np.int8] | None,
    ) -> SampleResult:
        return sample(
            self.moments.model(fields, couplings),
            num_chains=self.num_chains,
            num_sweeps=num_sweeps,
            warmup=0,
            kernel="gibbs",  # free of the circles of Metropolis in site order
            store_states=True,
            moments=False,
            initial_states=chains,
            seed=self.seeds.spawn(1)[0],
            num_threads=self.num_threads,
        )

    def _moments_of(self, draws: NDArray[np.int8]) -> tuple[FloatArray, FloatArray]:
        """Return means of spins, and of the products of pairs, over draws (num_draws, n)."""
        spins = draws.astype(np.float32)
        products = (spins.T @ spins)[self.moments.rows, self.moments.cols].astype(np.float64)
        return spins.mean(axis=0, dtype=np.float64), products / len(spins)

    def _judged(
        self, fields: FloatArray, couplings: FloatArray, chains: NDArray[np.int8] | None
    ) -> SpinFit:
        """Return the model with moments of chains that go on, a tenth as long as all before."""
        sweeps = max(self.num_sweeps, self.num_steps * self.num_sweeps // 10)
        for _ in range(2):  # the first for the chains to forget the models before
            drawn = self._draw(fields, couplings, sweeps, chains)
            chains = drawn.states
        per_chain = np.array([np.concatenate(self._moments_of(draws)) for draws in drawn.draws])
        found = per_chain.mean(axis=0)
        errors = per_chain.std(axis=0, ddof=1) / np.sqrt(self.num_chains)
        errors = np.maximum(errors, 1 / (self.num_chains * sweeps))
        target = np.concatenate([self.moments.mean, self.moments.correlations])
        size = float(np.sqrt(np.mean(np.square((found - target) / errors))))
        reason = (
            ""
            if size <= CREDIBLE
            else (
                f"moments are missed by {size:.2g} standard errors (root mean square): take more "
                "num_steps or num_sweeps, or another rate"
            )
        )
        return self.moments.result(self.moments.model(fields, couplings), found, errors, reason)


def _check_rate(rate: object) -> float:
    value = check_real("rate", rate)
    if not 0 < value < np.inf:
        raise ValueError(f"rate must be positive and finite, got {rate!r}")
    return value


def _check_moments(means: ArrayLike, correlations: Any) -> _Moments:
    mean = real_array("means", means)
    if mean.ndim != 1 or not mean.size:
        raise ValueError(f"means must be a vector of at least one mean, got shape {mean.shape}")
    check_finite("means", mean)
    wrong = np.flatnonzero(np.abs(mean) >= 1)
    if wrong.size:
        raise ValueError(
            f"means must lie between -1 and 1, got {mean[wrong[0]]} at index {wrong[0]}; "
            "fields of spins that never turn are infinite"
        )
    rows, cols, values = _pairs(correlations, mean.size)
    for i, j, value in _impossible(mean, rows, cols, values):
        raise ValueError(
            "correlations must leave each pair of spins all four states, "
            f"got {value} at index ({i}, {j}), with means {mean[i]} and {mean[j]}"
        )
    return _Moments(mean, rows, cols, values)


def _pairs(correlations: Any, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
    """Return pairs i < j and their correlations."""
    if isinstance(correlations, tuple):
        return _listed_pairs(correlations, n)
    matrix = real_array("correlations", correlations)
    if matrix.shape != (n, n):
        raise ValueError(f"correlations must have shape ({n}, {n}), got {matrix.shape}")
    check_finite("correlations", matrix)
    if np.abs(matrix - matrix.T).max() > 1e-12:
        raise ValueError("correlations must be symmetric")
    if np.abs(matrix.diagonal() - 1).max() > 1e-9:
        place = int(np.abs(matrix.diagonal() - 1).argmax())
        raise ValueError(
            f"correlations must be means of products s_i s_j, not covariances: 1 on the diagonal, "
            f"got {matrix[place, place]} at index ({place}, {place})"
        )
    rows, cols = np.triu_indices(n, 1)
    return rows, cols, matrix[rows, cols]


def _listed_pairs(
    correlations: tuple[Any, ...], n: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
    if len(correlations) != 3:
        raise ValueError(
            f"correlations must be a matrix or (rows, cols, values), got {len(correlations)} arrays"
        )
    rows, cols = (index_vector("correlations", ends) for ends in correlations[:2])
    values = real_array("correlations", correlations[2])
    if not rows.shape == cols.shape == values.shape:
        raise ValueError(
            "correlations must have as many rows, cols and values, "
            f"got {rows.size}, {cols.size} and {values.size}"
        )
    check_finite("correlations", values)
    rows, cols = np.minimum(rows, cols), np.maximum(rows, cols)
    if (cols >= n).any() or (rows == cols).any():
        raise ValueError(f"correlations must be of pairs of different spins below {n}")
    if np.unique(rows * n + cols).size < rows.size:
        raise ValueError("correlations must give each pair once")
    return rows, cols, values


def _impossible(
    mean: FloatArray, rows: NDArray[np.int64], cols: NDArray[np.int64], values: FloatArray
) -> Iterator[tuple[int, int, float]]:
    """Yield pairs of which some state has no positive probability."""
    together, apart = np.abs(mean[rows] + mean[cols]), np.abs(mean[rows] - mean[cols])
    for at in np.flatnonzero((together >= 1 + values) | (apart >= 1 - values)):
        yield int(rows[at]), int(cols[at]), float(values[at])
