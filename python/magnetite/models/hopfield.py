"""Hopfield networks: patterns stored as the low states of an energy of spins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_choice, check_count, check_real
from magnetite.estimates import Estimates, mean_of_chains
from magnetite.inputs import FloatArray, Problem, check_size
from magnetite.models.assemble import core_of_problem
from magnetite.models.ising import Ising
from magnetite.models.patterns import (
    Rule,
    check_loads,
    check_patterns,
    factor_of,
    fixed_points,
    random_cues,
)
from magnetite.models.rbm import RBM
from magnetite.options import SeedLike, check_seed

__all__ = ["Capacity", "Hopfield", "Recall"]

RULES = ("hebbian", "pseudoinverse")


ZERO = 1e-12
"""Entries of the projection below this are what rounding leaves of none."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Recall:
    """What `Hopfield.recall` returns.

    Attributes
    ----------
    states : ndarray of int8
        The state (k, n) to which each cue went.
    overlaps : ndarray of float64
        Overlap (k, p) of each with each pattern: 1 for the pattern, -1 for its mirror image.
    converged : ndarray of bool
        Whether (k,) each is a fixed point: no flip of a single spin lowers its energy.
    """

    states: NDArray[np.int8]
    overlaps: FloatArray
    converged: NDArray[np.bool_]

    def __repr__(self) -> str:
        count, sites = self.states.shape
        return (
            f"<Recall: {count} states of {sites} spins, {np.count_nonzero(self.converged)} "
            f"converged; mean best overlap {self.overlaps.max(axis=1).mean():.4g}>"
        )


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Capacity:
    """What `Hopfield.capacity` returns, one element a load.

    Attributes
    ----------
    loads : ndarray of float64
        Patterns a site (k,), as whole numbers of patterns make them.
    num_patterns : ndarray of int64
        Patterns (k,) in each network.
    overlaps : Estimates
        Mean overlap of a pattern with what its cue recalled; errors from the spread of networks.
    """

    loads: FloatArray
    num_patterns: NDArray[np.int64]
    overlaps: Estimates

    def __repr__(self) -> str:
        pairs = zip(self.loads, self.overlaps.value, strict=True)
        return f"<Capacity: {', '.join(f'{m:.3g} at load {a:.3g}' for a, m in pairs)}>"


class Hopfield(Ising):
    """Spins whose couplings store patterns: ``E(s) = -sum_{i<j} W_ij s_i s_j``.

    Made by `from_patterns`; an `Ising` model for every sampler.

    References
    ----------
    J. J. Hopfield: Neural networks and physical systems with emergent collective computational
    abilities. PNAS 79, 2554 (1982), equations 1, 2 and 7.

    Examples
    --------
    >>> import magnetite as mg
    >>> network = mg.Hopfield.from_patterns([[1, 1, 1, 1, 1], [1, 1, -1, -1, -1]])
    >>> network
    Hopfield(5 variables, 4 couplings, density 0.4)
    >>> found = network.recall([-1, 1, 1, 1, 1], seed=1)
    >>> found.states.tolist(), found.overlaps.tolist(), found.converged.tolist()
    ([[1, 1, 1, 1, 1]], [[1.0, -0.2]], [True])
    """

    __slots__ = ("_patterns", "_rule")

    _patterns: NDArray[np.int8]
    _rule: Rule

    def __init__(self, *args: object, **options: object) -> NoReturn:
        raise TypeError("Hopfield stores patterns: use Hopfield.from_patterns, or Ising")

    @classmethod
    def from_patterns(cls, patterns: ArrayLike, *, rule: Rule = "hebbian") -> Self:
        """Return the network that stores these patterns.

        Parameters
        ----------
        patterns : array_like of -1 and +1, shape (p, n)
            One pattern a row.
        rule : "hebbian" (default) or "pseudoinverse"
            "hebbian": ``W = X^T X / n`` with the patterns X, which stores about 0.138 n random
            patterns. "pseudoinverse": the projection on the patterns' span, ``W = X^+ X``, which
            makes every pattern a fixed point, however they overlap.

        Raises
        ------
        TypeError, ValueError
            If `patterns` has another shape or other values.
        MemoryError
            If the couplings do not fit in memory.

        References
        ----------
        L. Personnaz, I. Guyon, G. Dreyfus: Information storage and retrieval in spin-glass like
        neural networks. J. Physique Lett. 46, 359 (1985).

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.Hopfield.from_patterns([[1, -1, 1, -1]]).energies([[1, -1, 1, -1], [1, 1, 1, 1]])
        array([-1.5,  0.5])
        """
        spins = check_patterns(patterns)
        rule = "hebbian" if check_choice("rule", rule, RULES) == "hebbian" else "pseudoinverse"
        n = spins.shape[1]
        check_size("the network of patterns", n, n * (n - 1) // 2)
        if rule == "hebbian":
            x = spins.astype(np.float64)
            weights = x.T @ x / n  # whole numbers of 1 / n, which sums of products of roots are not
        else:
            factor = factor_of(spins, rule)
            weights = factor @ factor.T
            weights[np.abs(weights) < ZERO] = 0.0
        np.fill_diagonal(weights, 0.0)
        problem = Problem("dense", range(n), dense=-weights)
        network = cls.__new__(cls)
        network._set(core_of_problem(problem, np.zeros(n), 0.0, name="patterns"), range(n))
        network._patterns, network._rule = spins, rule
        return network

    @property
    def patterns(self) -> NDArray[np.int8]:
        """The stored patterns, shape (p, n)."""
        return self._patterns.copy()

    @property
    def rule(self) -> Rule:
        """How they are stored: "hebbian" or "pseudoinverse"."""
        return self._rule

    def overlaps(self, states: ArrayLike) -> FloatArray:
        """Return the overlap ``sum_i x_i s_i / n`` of states with each pattern x.

        Parameters
        ----------
        states : array_like of -1 and +1, shape (k, n) or (n,)

        Returns
        -------
        ndarray of float64, shape (k, p) or (p,)

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.Hopfield.from_patterns([[1, 1, 1, 1], [1, 1, -1, -1]]).overlaps([1, 1, 1, -1])
        array([0.5, 0.5])
        """
        array = np.asarray(states)
        spins = self.to_spins(array).astype(np.float64)
        found: FloatArray = spins @ self._patterns.T.astype(np.float64) / self.num_variables
        return found[0] if array.ndim == 1 else found

    def recall(
        self,
        states: ArrayLike,
        *,
        max_sweeps: int = 100,
        seed: SeedLike = None,
        num_threads: int | None = None,
    ) -> Recall:
        """Let cues fall to fixed points: one spin after the other turns into its field.

        These are sweeps of `magnetite.anneal` at infinite beta, in a new random order each. A cue
        that is a fixed point stays; on the way to one, a spin without a field may turn, too.

        Parameters
        ----------
        states : array_like of -1 and +1, shape (k, n) or (n,)
            The cues, all recalled side by side.
        max_sweeps : int, default 100
            Sweeps of a cue at most.
        seed, num_threads
            As for `magnetite.anneal`. What comes of a cue does not depend on the cues beside it.

        Returns
        -------
        Recall
            States (k, n), overlaps (k, p), and which are fixed points.

        Raises
        ------
        TypeError, ValueError
            An argument breaks its rule; the message names it.

        Examples
        --------
        >>> import numpy as np
        >>> import magnetite as mg
        >>> patterns = np.random.default_rng(1).choice([-1, 1], (5, 100))
        >>> network = mg.Hopfield.from_patterns(patterns)
        >>> cues = patterns.copy()
        >>> cues[:, :15] *= -1
        >>> bool((network.recall(cues, seed=1).states == patterns).all())
        True
        """
        from magnetite.anneal import anneal

        spins = self.to_spins(states)
        left = check_count("max_sweeps", max_sweeps, 0, bits=31)
        seeds = np.random.SeedSequence(check_seed(seed).key)
        factor = factor_of(self._patterns, self._rule)
        bound = self._bound()
        moving, stretch = np.flatnonzero(~fixed_points(spins, factor)), 1
        while moving.size and left:
            stretch = min(stretch, left)
            run = anneal(
                self,
                beta_schedule=np.full(stretch, np.inf),
                scan="permutation",
                keep="last",
                num_best=0,
                initial_states=spins[moving],
                seed=seeds.spawn(1)[0],
                num_threads=num_threads,
            )
            spins[np.ix_(moving, bound)] = run.states[:, bound]
            moving = moving[~fixed_points(spins[moving], factor)]
            left, stretch = left - stretch, 2 * stretch
        converged = np.ones(len(spins), np.bool_)
        converged[moving] = False
        return Recall(states=spins, overlaps=self.overlaps(spins), converged=converged)

    def _bound(self) -> NDArray[np.int64]:
        """Return the sites that have couplings; the engine draws the others afresh."""
        rows, cols, _ = self.core.edges()
        return np.unique(np.concatenate([rows, cols]))

    def to_rbm(self) -> RBM:
        """Return the machine of spins and Gaussian hidden units that has this energy.

        Its weights A, shape (n, r), are a factor of the couplings with their diagonal,
        ``W = A A^T``: one hidden unit a pattern for "hebbian", as many as there are independent
        patterns for "pseudoinverse". With them summed out, ``F(s) = E(s) - r (1 + ln(2 pi)) / 2``
        is its `free_energy`; at any other beta it differs by another constant, so that both have
        the same distribution at every beta.

        References
        ----------
        A. Barra, A. Bernacchia, E. Santucci, P. Contucci: On the equivalence of Hopfield networks
        and Boltzmann machines. Neural Networks 34, 1 (2012).

        Examples
        --------
        >>> import math
        >>> import magnetite as mg
        >>> network = mg.Hopfield.from_patterns([[1, -1, 1], [1, 1, 1]])
        >>> rbm = network.to_rbm()
        >>> rbm
        RBM(3 spin, 2 gaussian)
        >>> shift = rbm.n_hidden * (1 + math.log(2 * math.pi)) / 2
        >>> float(rbm.free_energy([[1, 1, -1]])[0] + shift), network.energies([1, 1, -1])
        (0.666666..., 0.666666...)
        """
        factor = factor_of(self._patterns, self._rule)
        n, r = factor.shape
        return RBM(n, r, visible="spin", hidden="gaussian", weights=factor, dtype="float64")

    @classmethod
    def capacity(
        cls,
        num_sites: int,
        loads: Sequence[float] | FloatArray,
        *,
        rule: Rule = "hebbian",
        num_networks: int = 4,
        flipped: float = 0.0,
        max_sweeps: int = 100,
        seed: SeedLike = None,
        num_threads: int | None = None,
    ) -> Capacity:
        """Measure how well networks recall as many random patterns as a load says.

        Every pattern of every network is a cue, with some of its spins flipped.

        Parameters
        ----------
        num_sites : int
            Spins n of each network.
        loads : sequence of float, shape (k,)
            Patterns a site, above 0: the nearest whole number of patterns, one at least, is stored.
        rule : "hebbian" (default) or "pseudoinverse"
            As for `from_patterns`.
        num_networks : int, default 4
            Networks of independent patterns for each load, 2 at least.
        flipped : float, default 0
            Share of each cue's spins that are flipped, at random sites: from 0 to 1.
        max_sweeps, seed, num_threads
            As for `recall`.

        Returns
        -------
        Capacity
            The mean overlap of patterns and what their cues recall, for each load.

        Raises
        ------
        TypeError, ValueError
            An argument breaks its rule; the message names it.

        References
        ----------
        D. J. Amit, H. Gutfreund, H. Sompolinsky: Storing infinite numbers of patterns in a
        spin-glass model of neural networks. Phys. Rev. Lett. 55, 1530 (1985): 0.138 for "hebbian".

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.Hopfield.capacity(200, [0.05, 0.5], seed=1).overlaps.value.round(1).tolist()
        [1.0, 0.4]
        """
        n = check_count("num_sites", num_sites, 1, bits=31)
        networks = check_count("num_networks", num_networks, 2, bits=31)
        share = check_real("flipped", flipped)
        if not 0 <= share <= 1:
            raise ValueError(f"flipped must be from 0 to 1, got {flipped!r}")
        counts = np.maximum(1, np.rint(check_loads(loads) * n)).astype(np.int64)
        source = np.random.SeedSequence(check_seed(seed).key)
        found = []
        for count in counts.tolist():
            means = np.empty(networks)
            for this in range(networks):
                drawn, run = source.spawn(2)
                patterns, cues = random_cues(count, n, share, np.random.default_rng(drawn))
                network = cls.from_patterns(patterns, rule=rule)
                recalled = network.recall(
                    cues, max_sweeps=max_sweeps, seed=run, num_threads=num_threads
                )
                means[this] = recalled.overlaps.diagonal().mean()
            found.append(mean_of_chains(means[:, None]))
        value, error, ess = np.array([(e.value, e.error, e.ess) for e in found]).T
        overlaps = Estimates(value, error, ess, tuple(e.reason for e in found))
        return Capacity(loads=counts / n, num_patterns=counts, overlaps=overlaps)
