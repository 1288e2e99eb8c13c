"""The compiled core: models, runs and schedules over spins -1/+1."""

from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "AisRun",
    "AnnealRun",
    "EliminationRun",
    "EliminationTree",
    "EnumerationRun",
    "Ising",
    "Layers",
    "Phase",
    "PopulationRun",
    "SampleRun",
    "SolveRun",
    "TemperRun",
    "adam_step",
    "layer_uniforms",
    "log_normal_cdf",
    "normal_quantile",
    "sgd_step",
    "simd_level",
    "simd_levels",
    "version",
    "weighted_sum",
]

# Layers work in float32 or in float64, as the weights are.
_Reals: TypeAlias = NDArray[np.floating[Any]]
# Of a side: bias, base_bias, precision, base_precision, a number each unit.
_Side: TypeAlias = tuple[_Reals, _Reals, _Reals, _Reals]
# Weights (visible, hidden), visible side, hidden side, version of the weights.
_Pair: TypeAlias = tuple[_Reals, _Side, _Side, int | None]
# Seed, chain of the first row, step.
_Draws: TypeAlias = tuple[int, int, int]

@final
class Ising:
    """The pairwise energy ``E(s) = sum_{i<j} J_ij s_i s_j + sum_i h_i s_i + offset``."""

    @staticmethod
    def from_edges(
        num_sites: int,
        rows: NDArray[np.int64],
        cols: NDArray[np.int64],
        weights: NDArray[np.float64],
        fields: NDArray[np.float64],
        offset: float,
    ) -> Ising:
        """Build a model from an edge list; duplicates and both directions add up."""

    @staticmethod
    def from_matrix(
        num_sites: int,
        rows: NDArray[np.int64],
        cols: NDArray[np.int64],
        weights: NDArray[np.float64],
        fields: NDArray[np.float64],
        offset: float,
    ) -> Ising:
        """Build a model from the entries of a symmetric or triangular matrix."""

    @staticmethod
    def from_dense(
        matrix: NDArray[np.float64], fields: NDArray[np.float64], offset: float
    ) -> Ising:
        """Build a model from a dense symmetric or triangular matrix."""

    @property
    def num_sites(self) -> int: ...
    @property
    def num_couplings(self) -> int: ...
    @property
    def offset(self) -> float: ...
    def fields(self) -> NDArray[np.float64]:
        """Return the fields, one a site."""

    def edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Return smaller sites, larger sites and weights of the couplings, sorted."""

    def degrees(self) -> NDArray[np.int64]:
        """Return the number of couplings of each site."""

    def energies(self, states: NDArray[np.int8]) -> NDArray[np.float64]:
        """Return the energies of states of spins, shape (k, n)."""

    def beta_range(self) -> tuple[float, float]:
        """Return D-Wave's default range of betas."""

    def annealing_range(self) -> tuple[float, float]:
        """Return the default range of betas of `anneal`."""

    def path(self, num_chains: int, num_threads: int) -> str:
        """Return the name of the implementation that a run would take."""

    def is_bipartite(self) -> bool:
        """Return whether couplings go between two classes of sites only."""

@final
class AisRun:
    """A run of annealed importance sampling, advanced in slices."""

    def __new__(
        cls,
        model: Ising,
        *,
        seed: int,
        first_chain: int,
        num_chains: int,
        betas: NDArray[np.float64],
        kernel: str,
        scan: str,
        initial_states: NDArray[np.int8] | None,
        clamped: NDArray[np.int64],
        clamped_values: NDArray[np.int8],
        num_threads: int,
    ) -> AisRun: ...
    def advance(self, seconds: float) -> bool:
        """Work for about so long; return True when all chains are done."""

    def log_weights(self) -> NDArray[np.float64]:
        """Return the log weights, a chain each."""

@final
class AnnealRun:
    """A run of simulated annealing, advanced in slices."""

    def __new__(
        cls,
        model: Ising,
        *,
        seed: int,
        first_chain: int,
        num_reads: int,
        betas: NDArray[np.float64] | tuple[str, float, float, int],
        kernel: str,
        scan: str,
        keep: str,
        initial_states: NDArray[np.int8] | None,
        clamped: NDArray[np.int64],
        clamped_values: NDArray[np.int8],
        num_threads: int,
        num_best: int,
        trajectory: int,
    ) -> AnnealRun: ...
    def advance(self, seconds: float) -> bool:
        """Work for about so long; return True when all reads are complete."""

    def progress(self) -> tuple[int, int, float]:
        """Return sweeps done, sweeps in all (over all reads), and the best energy so far."""

    def reads_done(self) -> int:
        """Return how many of the first reads are complete."""

    def states(self) -> NDArray[np.int8]:
        """Return the state of every read, shape (num_reads, n)."""

    def energies(self) -> NDArray[np.float64]:
        """Return the energy of every read."""

    def sweeps_done(self) -> NDArray[np.int64]:
        """Return the sweeps carried out, a read each."""

    def best(self) -> tuple[NDArray[np.int8], float]:
        """Return the state of lowest energy seen, and that energy."""

    def best_states(self) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """Return the distinct best states and their energies, lowest first."""

    def trajectory(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return sweep counts and the energies after them, a read a row."""

    @property
    def path(self) -> str: ...
    @property
    def simd(self) -> str: ...
    @property
    def num_threads(self) -> int: ...
    @property
    def precision(self) -> int: ...
    @property
    def block_width(self) -> int: ...
    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Return all that a continuation needs beside the arguments."""

    def restore(self, snapshot: dict[str, NDArray[Any]]) -> None:
        """Go to where `snapshot` was made."""

@final
class EnumerationRun:
    """A walk through all states, advanced in slices."""

    def __new__(
        cls,
        model: Ising,
        *,
        betas: NDArray[np.float64],
        moments: bool,
        num_states: int,
        clamped: NDArray[np.int64],
        clamped_values: NDArray[np.int8],
        num_threads: int,
    ) -> EnumerationRun: ...
    def advance(self, seconds: float) -> bool:
        """Work for about so long; return True when all is done."""

    def progress(self) -> tuple[float, float]:
        """Return the part of the work that is behind, and the lowest energy so far."""

    def ground_states(self) -> NDArray[np.int8]:
        """Return ground states, shape (k, n)."""

    def residues(self) -> list[tuple[int, int]]:
        """Return the number of ground states as residues and coprime moduli."""

    def weights(self) -> NDArray[np.float64]:
        """Return log weights, means and deviations of energies above the lowest, a beta a row."""

    def means(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return means of spins and of products of coupled spins, a beta a row."""

    def levels(self) -> tuple[NDArray[np.float64], NDArray[np.int64]] | None:
        """Return energies and numbers of states, where energies are multiples of a unit."""

    @property
    def num_threads(self) -> int: ...

@final
class EliminationTree:
    """An order of elimination and what its tables take."""

    def __new__(
        cls,
        model: Ising,
        *,
        clamped: NDArray[np.int64],
        clamped_values: NDArray[np.int8],
    ) -> EliminationTree: ...
    @property
    def num_free(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def entries(self) -> float: ...
    @property
    def num_bytes(self) -> float: ...
    def run(
        self,
        *,
        betas: NDArray[np.float64],
        moments: bool,
        num_states: int,
        num_threads: int,
    ) -> EliminationRun:
        """Prepare an elimination; with num_states=0 ground states are not counted either."""

@final
class EliminationRun:
    """An elimination of all sites, advanced in slices."""

    def advance(self, seconds: float) -> bool:
        """Work for about so long; return True when all is done."""

    def progress(self) -> tuple[float, float]:
        """Return the part of the work that is behind, and the lowest energy, nan if not known."""

    def ground_states(self) -> NDArray[np.int8]:
        """Return ground states, shape (k, n)."""

    def residues(self) -> list[tuple[int, int]]:
        """Return the number of ground states as residues and coprime moduli."""

    def weights(self) -> NDArray[np.float64]:
        """Return log weights, means and deviations of energies above the lowest, a beta a row."""

    def means(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return means of spins and of products of coupled spins, a beta a row."""

    @property
    def num_threads(self) -> int: ...

@final
class Layers:
    """Two layers of units with weights between them; many chains are rows of matrices.

    The energy is ``-v^T W h - b^T v - c^T h + sum_i a_i v_i^2 / 2 + sum_j d_j h_j^2 / 2``.
    A row is worked at its own beta: units have input ``beta (sum + bias) + base_bias`` and
    precision ``beta precision + base_precision``. Groups of units are ``(kind, columns, states)``;
    a kind is "binary", "spin", "gaussian", "rectified" or "categorical", and states are 0 for all
    but categorical units, of which each takes that many columns.
    """

    def __new__(
        cls,
        visible: list[tuple[str, int, int]],
        hidden: list[tuple[str, int, int]],
        *,
        num_threads: int,
    ) -> Layers: ...
    def hidden(
        self, v: _Reals, pair: _Pair, betas: NDArray[np.float64], draws: _Draws | None = None
    ) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """Return means of the hidden units given rows of visible values, and with draws samples."""

    def visible(
        self, h: _Reals, pair: _Pair, betas: NDArray[np.float64], draws: _Draws | None = None
    ) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """Return means of the visible units given rows of hidden values, and with draws samples."""

    def gibbs(
        self,
        v: _Reals,
        h: _Reals,
        pair: _Pair,
        betas: NDArray[np.float64],
        draws: _Draws,
        num_steps: int,
        held: NDArray[np.bool_] | None = None,
    ) -> NDArray[Any]:
        """Draw v, where it is not held, then h, in place; return the last means of h."""

    def anneal(
        self,
        v: _Reals,
        pair: _Pair,
        low: NDArray[np.float64],
        high: NDArray[np.float64],
        draws: _Draws,
        held: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.float64]:
        """Return the hidden log normalisers at `high` less those at `low`; then draw h and v there.

        v changes in place, where it is not held.
        """

    def hidden_log_norms(
        self, v: _Reals, pair: _Pair, betas: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the log normalisers of the hidden units given visible values, summed by row."""

    def visible_log_norms(
        self, h: _Reals, pair: _Pair, betas: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the log normalisers of the visible units given hidden values, summed by row."""

    def interactions(self, v: _Reals, h: _Reals, pair: _Pair) -> NDArray[np.float64]:
        """Return ``v^T W h`` by row."""

    def moments(
        self,
        v_pos: _Reals,
        h_pos: _Reals,
        w_pos: NDArray[np.float64],
        v_neg: _Reals,
        h_neg: _Reals,
        w_neg: NDArray[np.float64],
        visible_offset: _Reals,
        hidden_offset: _Reals,
        into: _Reals,
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Take weighted sums over positive rows less those over negative ones.

        That of ``(v - visible_offset)(h - hidden_offset)^T`` is put into a matrix of the weights'
        shape; those of v and of h are returned.
        """

    def ascend(
        self,
        weights: _Reals,
        direction: _Reals,
        rate: float,
        visible_offset: _Reals,
        hidden_offset: _Reals,
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Add a step ``S = rate * direction`` to the weights.

        Return ``S hidden_offset`` and ``S^T visible_offset``.
        """

@final
class Phase:
    """Chains on a graph whose couplings are being learnt, with some sites held.

    `rows` and `cols` are the edges, ``i < j`` in ascending order. The sites of `held` keep the
    values that each chain brings with it.
    """

    def __new__(
        cls,
        num_sites: int,
        *,
        rows: NDArray[np.int64],
        cols: NDArray[np.int64],
        held: NDArray[np.int64],
        kernel: str,
        scan: str,
        seed: int,
        num_threads: int,
    ) -> Phase: ...
    def advance(
        self,
        couplings: NDArray[np.float64],
        fields: NDArray[np.float64],
        states: NDArray[np.int8],
        *,
        shares: NDArray[np.float64],
        betas: NDArray[np.float64],
        num_collected: int,
        first_sweep: int,
    ) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """Move chains (k, n) along the betas; return their states, and means (n + m,).

        The means, of spins and of the products of each edge, are those of the last
        `num_collected` sweeps and of all chains, each by its share. `first_sweep` numbers the
        draws. Nothing depends on the number of threads.
        """

@final
class PopulationRun:
    """A run of population annealing, advanced in slices."""

    def __new__(
        cls,
        model: Ising,
        *,
        seed: int,
        first_chain: int,
        population: int,
        num_populations: int,
        betas: NDArray[np.float64] | tuple[float, float],
        sweeps_per_step: int,
        kernel: str,
        scan: str,
        clamped: NDArray[np.int64],
        clamped_values: NDArray[np.int8],
        num_threads: int,
    ) -> PopulationRun: ...
    def advance(self, seconds: float) -> bool:
        """Work for about so long; return True when the last beta is reached."""

    def progress(self) -> tuple[int, int, float]:
        """Return sweeps done, sweeps in all (maybe a guess), and the best energy so far."""

    def states(self) -> NDArray[np.int8]:
        """Return the present states, shape (num_populations * population, n)."""

    def best(self) -> tuple[NDArray[np.int8], float]:
        """Return the state of lowest energy seen, and that energy."""

    def families(self) -> NDArray[np.int64]:
        """Return the family of each replica, shape (num_populations, population)."""

    def steps(self) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
        """Return the betas so far, and by name what is known, shape (num_populations, betas)."""

    @property
    def path(self) -> str: ...
    @property
    def simd(self) -> str: ...
    @property
    def num_threads(self) -> int: ...
    @property
    def precision(self) -> int: ...
    @property
    def block_width(self) -> int: ...
    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Return all that a continuation needs beside the arguments."""

    def restore(self, snapshot: dict[str, NDArray[Any]]) -> None:
        """Go to where `snapshot` was made."""

@final
class SampleRun:
    """A run of chains at a fixed beta, advanced in slices."""

    def __new__(
        cls,
        model: Ising,
        *,
        seed: int,
        first_chain: int,
        num_chains: int,
        beta: float,
        num_sweeps: int,
        warmup: int,
        thin: int,
        kernel: str,
        scan: str,
        initial_states: NDArray[np.int8] | None,
        clamped: NDArray[np.int64],
        clamped_values: NDArray[np.int8],
        num_threads: int,
        store_states: bool,
        moments: bool,
    ) -> SampleRun: ...
    def advance(self, seconds: float) -> bool:
        """Work for about so long; return True when all chains are done."""

    def progress(self) -> tuple[int, int, float]:
        """Return sweeps done, sweeps in all (over all chains), and the best energy so far."""

    def chains_done(self) -> int:
        """Return how many of the first chains are done."""

    def states(self) -> NDArray[np.int8]:
        """Return the present states, shape (num_chains, n)."""

    def energies(self) -> NDArray[np.float64]:
        """Return the energies of the draws, shape (num_chains, num_draws)."""

    def draws(self) -> NDArray[np.int8]:
        """Return the stored draws, shape (num_chains, num_draws, n)."""

    def mean(self) -> NDArray[np.float64]:
        """Return the mean spin of each site."""

    def correlations(self) -> NDArray[np.float64]:
        """Return the mean product of spins of each coupling, in the order of `Ising.edges`."""

    def best(self) -> tuple[NDArray[np.int8], float]:
        """Return the state of lowest energy seen, and that energy."""

    @property
    def path(self) -> str: ...
    @property
    def simd(self) -> str: ...
    @property
    def num_threads(self) -> int: ...
    @property
    def precision(self) -> int: ...
    @property
    def block_width(self) -> int: ...
    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Return all that a continuation needs beside the arguments."""

    def restore(self, snapshot: dict[str, NDArray[Any]]) -> None:
        """Go to where `snapshot` was made."""

@final
class SolveRun:
    """A search for the best state, advanced in slices."""

    def __new__(
        cls,
        model: Ising,
        *,
        seed: int,
        initial_states: NDArray[np.int8] | None,
        clamped: NDArray[np.int64],
        clamped_values: NDArray[np.int8],
        num_rounds: int | None,
        num_best: int,
        num_threads: int,
    ) -> SolveRun: ...
    def advance(self, seconds: float) -> bool:
        """Work for about so long; return True when all rounds are done."""

    def progress(self) -> tuple[int, int, float]:
        """Return rounds done, sweeps done (over all members), and the best energy so far."""

    def best(self) -> tuple[NDArray[np.int8], float]:
        """Return the state of lowest energy seen, and that energy."""

    def states(self) -> NDArray[np.int8]:
        """Return the lowest distinct states."""

    def rounds(self) -> list[tuple[str, int, int, float, float, int, int, float, float]]:
        """Return what each round did and came to."""

    @property
    def is_solved(self) -> bool: ...
    @property
    def kernel(self) -> tuple[int, int]: ...
    @property
    def num_threads(self) -> int: ...
    def snapshot(self) -> dict[str, Any]:
        """Return all that a continuation needs beside the arguments."""

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go to the beginning of the round in which `snapshot` was made."""

@final
class TemperRun:
    """A run of ladders of replicas, advanced in slices."""

    def __new__(
        cls,
        model: Ising,
        *,
        seed: int,
        first_chain: int,
        num_ladders: int,
        betas: NDArray[np.float64],
        num_sweeps: int,
        warmup: int,
        thin: int,
        first_sweep: int,
        swaps: str,
        swap_interval: int,
        cluster_interval: int,
        cluster_rungs: NDArray[np.bool_],
        observe_interval: int,
        links: bool,
        moments: bool,
        store_states: bool,
        kernel: str,
        scan: str,
        initial_states: NDArray[np.int8] | None,
        clamped: NDArray[np.int64],
        clamped_values: NDArray[np.int8],
        num_threads: int,
    ) -> TemperRun: ...
    def advance(self, seconds: float) -> bool:
        """Work for about so long; return True when the run is done."""

    def progress(self) -> tuple[int, int, float]:
        """Return sweeps done, sweeps in all (over all replicas), and the best energy so far."""

    def states(self) -> NDArray[np.int8]:
        """Return the present states, shape (num_ladders, num_rungs, n)."""

    def energies(self) -> NDArray[np.float64]:
        """Return the energies of the draws, shape (num_ladders, num_rungs, num_draws)."""

    def draws(self) -> NDArray[np.int8]:
        """Return the stored draws, shape (num_ladders, num_rungs, num_draws, n)."""

    def best(self) -> tuple[NDArray[np.int8], float]:
        """Return the state of lowest energy seen, and that energy."""

    def flows(
        self,
    ) -> tuple[
        NDArray[np.int64],
        NDArray[np.float64],
        NDArray[np.int64],
        NDArray[np.int64],
        NDArray[np.int64],
    ]:
        """Return exchanges tried, their probabilities, from hot, from cold; round trips."""

    def clusters(self) -> NDArray[np.int64]:
        """Return by rung: cluster moves, sites turned over, sites at which replicas differed."""

    def counts(self) -> NDArray[np.int64]:
        """Return how often observables were measured in each part of the time."""

    def single_sums(self) -> NDArray[np.float64]:
        """Return sums by ladder, rung, part and quantity: E, E^2, m, |m|, m^2, m^4."""

    def pair_sums(self) -> NDArray[np.float64]:
        """Return sums by pair of ladders, rung, part and quantity: q, |q|, q^2, q^4, l, l^2."""

    def histograms(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return histograms of overlaps and of link overlaps, a rung a row."""

    def moments(self) -> NDArray[np.int64]:
        """Return sums of spins, then of products over couplings, by part of the run and rung."""

    @property
    def path(self) -> str: ...
    @property
    def simd(self) -> str: ...
    @property
    def num_threads(self) -> int: ...
    @property
    def precision(self) -> int: ...
    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Return all that a continuation needs beside the arguments."""

    def restore(self, snapshot: dict[str, NDArray[Any]]) -> None:
        """Go to where `snapshot` was made."""

def adam_step(
    step: _Reals,
    first: _Reals,
    second: _Reals,
    gradient: _Reals,
    *,
    rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    count: int,
) -> None:
    """Write Adam's step number `count`, from 1, over what `step` held."""

def layer_uniforms(
    seed: int, purpose: str, first_chain: int, num_chains: int, step: int, num_units: int
) -> NDArray[np.float64]:
    """Return the uniforms by which "visible" or "hidden" units are drawn, a row each chain."""

def log_normal_cdf(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithm of the standard normal distribution function, element by element."""

def normal_quantile(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the quantiles of the standard normal distribution, element by element."""

def weighted_sum(weights: NDArray[np.float64], rows: _Reals) -> NDArray[Any]:
    """Return the weighted sum of the rows of a matrix, summed in float64."""

def sgd_step(
    velocity: _Reals,
    gradient: _Reals,
    *,
    rate: float,
    momentum: float,
    ahead: _Reals | None = None,
) -> None:
    """Make a step of momentum, in place: ``velocity = momentum velocity + rate gradient``.

    Nesterov's step, made of the new velocity in the same way, is written over `ahead`.
    """

def simd_level() -> str:
    """Return the vector level that runs made now would use; MAGNETITE_SIMD forces one."""

def simd_levels() -> list[str]:
    """Return the vector levels that this CPU has, lowest first."""

def version() -> str:
    """Return the version of the core."""
