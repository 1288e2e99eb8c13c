"""Phases that are sampled: persistent chains, and annealing to equilibrium as in 1985."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite import _core
from magnetite._checks import check_count, check_real
from magnetite.boltzmann.phases import Context, PhaseRun, Rows
from magnetite.inputs import FloatArray
from magnetite.models.topology import Moments, Parameters

__all__ = ["Annealing", "Chains", "Mover"]

Spins = NDArray[np.int8]

UNITS_OF_TIME_1985 = ((20.0, 2), (15.0, 2), (12.0, 2), (10.0, 4))
"""The annealing schedule of the encoders: temperatures, and sweeps at each."""

COLDEST = 1e-6
"""Temperature below which a schedule has no sense: betas must be finite."""


class Mover:
    """Chains on the graph of a phase: moves states, and averages over the last sweeps."""

    def __init__(self, context: Context, scan: str = "sequential") -> None:
        self.graph = context.graph
        self.core = _core.Phase(
            context.graph.num_units,
            rows=context.graph.rows,
            cols=context.graph.cols,
            held=context.held,
            kernel="gibbs",
            scan=scan,
            seed=context.key,
            num_threads=context.num_threads,
        )

    def move(
        self,
        parameters: Parameters,
        states: Spins,
        shares: FloatArray,
        betas: FloatArray,
        num_collected: int,
        first_sweep: int,
    ) -> tuple[Spins, Moments]:
        """Return states after a sweep at each beta, and moments over the last `num_collected`."""
        energy = self.graph.energy(parameters)
        states, means = self.core.advance(
            energy.weights,
            energy.linear,
            states,
            shares=shares,
            betas=betas,
            num_collected=num_collected,
            first_sweep=first_sweep,
        )
        return states, self.graph.moments(means)


def random_spins(rng: np.random.Generator, shape: tuple[int, int]) -> Spins:
    """Return spins of -1 and +1, each as likely."""
    return rng.integers(0, 2, shape, np.int8) * np.int8(2) - np.int8(1)


@dataclass(frozen=True)
class Chains:
    """Chains that persist: each update goes on where the last one left them.

    Held at data or at inputs, every row of the data has its own. Left alone, there are
    `num_chains`.

    Parameters
    ----------
    num_chains : int
        Chains of the machine left alone, 100 by default.
    num_sweeps : int
        Gibbs sweeps an update, 5 by default; moments are averaged over all of them.

    References
    ----------
    L. Younes, Probability Theory and Related Fields 82, 625 (1989); R. M. Neal, Artificial
    Intelligence 56, 71 (1992).

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.boltzmann.Chains(num_chains=200)
    Chains(num_chains=200, num_sweeps=5)
    """

    num_chains: int = 100
    num_sweeps: int = 5

    def __post_init__(self) -> None:
        check_count("num_chains", self.num_chains, 1, bits=31)
        check_count("num_sweeps", self.num_sweeps, 1, bits=31)

    def start(self, context: Context) -> PhaseRun:
        """Begin, at random states."""
        return _HeldChains(self, context) if context.by_row else _FreeChains(self, context)


class _FreeChains:
    """Persistent chains of the machine left alone."""

    def __init__(self, options: Chains, context: Context) -> None:
        self.options, self.mover = options, Mover(context)
        rng = np.random.default_rng(context.key)
        self.states = random_spins(rng, (options.num_chains, context.graph.num_units))
        self.shares, self.betas = np.ones(options.num_chains), np.ones(options.num_sweeps)

    def moments(self, parameters: Parameters, rows: Rows, update: int) -> Moments:
        sweeps = self.options.num_sweeps
        self.states, moments = self.mover.move(
            parameters, self.states, self.shares, self.betas, sweeps, update * sweeps
        )
        return moments

    def state(self) -> dict[str, Any]:
        return {"states": self.states}

    def restore(self, state: dict[str, Any]) -> None:
        self.states = state["states"]


class _HeldChains:
    """Persistent chains of the units that are not held, one for every row of the data."""

    def __init__(self, options: Chains, context: Context) -> None:
        self.options, self.context, self.mover = options, context, Mover(context)
        self.betas = np.ones(options.num_sweeps)
        rng = np.random.default_rng(context.key)
        self.unheld = np.setdiff1d(np.arange(context.graph.num_units), context.held)
        self.free = random_spins(rng, (context.num_rows, self.unheld.size))

    def moments(self, parameters: Parameters, rows: Rows, update: int) -> Moments:
        context, sweeps = self.context, self.options.num_sweeps
        places = np.arange(len(rows.spins)) if rows.places is None else rows.places
        states = np.empty((len(rows.spins), context.graph.num_units), np.int8)
        states[:, context.held] = rows.spins[:, context.columns]
        states[:, self.unheld] = self.free[places]
        states, moments = self.mover.move(
            parameters, states, rows.weights, self.betas, sweeps, update * sweeps
        )
        self.free[places] = states[:, self.unheld]
        return moments

    def state(self) -> dict[str, Any]:
        return {"free": self.free}

    def restore(self, state: dict[str, Any]) -> None:
        self.free = state["free"]


def _listed(name: str, values: Any) -> Sequence[Any]:
    if isinstance(values, list | tuple):
        return values
    raise TypeError(f"{name} must be a list, got {values!r}")


def _pair(rule: str, value: Any) -> Any:
    if isinstance(value, Iterable) and len(pair := tuple(value)) == 2:
        return pair
    raise ValueError(f"{rule}, got {value!r}")


@dataclass(frozen=True)
class Annealing:
    """Anneal to equilibrium from a random state in every update, then average: as in 1985.

    Parameters
    ----------
    schedule : sequence of (float, int)
        Temperatures and the sweeps at each, from hot to 1, the temperature at which the machine
        learns. By default the schedule of the encoders, 2 at 20, 2 at 15, 2 at 12 and 4 at 10, in
        units of the last: their learning temperature of 10 is 1 here, and weights are a tenth.
    num_collected : int
        Sweeps at temperature 1 that follow and are averaged over, 10 by default.
    repeats : int
        Annealings of each row that is held, 2 by default.
    num_chains : int, optional
        Annealings of the machine left alone: by default as many as of the rows of a batch,
        `repeats` for each.
    noise : (float, float)
        Noisy clamping: the chance that a unit which is on is clamped off, and the reverse; (0, 0)
        by default, (0.15, 0.05) in 1985. It keeps weights finite where some states never occur.

    References
    ----------
    D. H. Ackley, G. E. Hinton, T. J. Sejnowski: A learning algorithm for Boltzmann machines.
    Cognitive Science 9, 147-169 (1985), section 4.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.boltzmann.Annealing(noise=(0.15, 0.05)).schedule
    ((2.0, 2), (1.5, 2), (1.2, 2), (1.0, 4))
    """

    schedule: Sequence[tuple[float, int]] = tuple((t / 10, n) for t, n in UNITS_OF_TIME_1985)
    num_collected: int = 10
    repeats: int = 2
    num_chains: int | None = None
    noise: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        check_count("num_collected", self.num_collected, 1, bits=31)
        check_count("repeats", self.repeats, 1, bits=31)
        if self.num_chains is not None:
            check_count("num_chains", self.num_chains, 1, bits=31)
        for step in _listed("schedule", self.schedule):
            temperature, sweeps = _pair("schedule must hold pairs (temperature, sweeps)", step)
            check_count("schedule's sweeps", sweeps, 0, bits=31)
            if not check_real("schedule's temperatures", temperature) >= COLDEST:
                raise ValueError(
                    f"schedule's temperatures must be at least {COLDEST}, got {temperature!r}"
                )
        chances = _pair("noise must be two chances between 0 and 0.5", self.noise)
        if not all(0 <= check_real("noise", p) <= 0.5 for p in chances):
            raise ValueError(f"noise must be two chances between 0 and 0.5, got {self.noise!r}")

    @property
    def betas(self) -> FloatArray:
        """Beta of each sweep, those that are averaged over included."""
        hot = [(1 / temperature, sweeps) for temperature, sweeps in self.schedule]
        betas, counts = zip(*hot, (1.0, self.num_collected), strict=True)
        return np.repeat(np.array(betas), counts)

    def start(self, context: Context) -> PhaseRun:
        """Begin."""
        return _AnnealingRun(self, context)


class _Draws:
    """Random numbers that begin anew, at a place of their own, in each update.

    A generator that is moved, in a tenth of the time that a new one takes.
    """

    def __init__(self, key: int) -> None:
        self.bits = np.random.Philox(key=key)
        self.rng, self.place = np.random.Generator(self.bits), self.bits.state

    def of(self, update: int) -> np.random.Generator:
        """Return the generator, where the draws of an update begin."""
        self.place["state"]["counter"][1] = update
        self.bits.state = self.place
        return self.rng


class _AnnealingRun:
    """`Annealing` at work: nothing is remembered from update to update."""

    def __init__(self, options: Annealing, context: Context) -> None:
        self.options, self.context, self.mover = options, context, Mover(context, "random")
        self.betas, self.draws = options.betas, _Draws(context.key)

    def moments(self, parameters: Parameters, rows: Rows, update: int) -> Moments:
        options, graph = self.options, self.context.graph
        rng = self.draws.of(update)
        if self.context.by_row:
            spins = np.repeat(rows.spins[:, self.context.columns], options.repeats, axis=0)
            shares = np.repeat(rows.weights, options.repeats)
            states = random_spins(rng, (len(spins), graph.num_units))
            states[:, self.context.held] = self._noisy(spins, rng)
        else:
            count = options.num_chains or options.repeats * self.context.batch_size
            shares = np.ones(count)
            states = random_spins(rng, (count, graph.num_units))
        first = update * len(self.betas)
        return self.mover.move(
            parameters, states, shares, self.betas, options.num_collected, first
        )[1]

    def _noisy(self, spins: Spins, rng: np.random.Generator) -> Spins:
        off, on = self.options.noise
        if off == 0 and on == 0:
            return spins
        turned = rng.random(spins.shape) < np.where(spins > 0, off, on)
        return np.where(turned, -spins, spins)

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        pass
