"""Filling a time limit: rounds of reads with growing sweeps, the last fitted to the time left."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from magnetite.results import Best, Trajectory

__all__ = [
    "LANES",
    "Filling",
    "Pool",
    "Round",
    "first_round",
    "merge",
    "next_round",
    "plan_filling",
]

GROWTH = 4
"""How much longer than the last a round is. Hard instances want long sweeps, so once the time left
is under GROWTH + 1 rounds more, the next is fitted to it and gets most of the time."""

FIT = 0.8
"""Part of the time left that a fitted round plans with: a round that is cut short never gets cold,
so all of it is lost when the machine is slower than it was. What is left over goes to another."""

LANES = 32
"""Reads that keep one thread busy: the widest block of chains that the core makes on AVX2."""

PILOT_SWEEPS = 100
PILOT_SHARE = 0.05
PILOT_SPEED = 1e8
"""The first round is 100 sweeps, or as many (and of as many reads) as take a twentieth of the time
at this many couplings and reads a second and thread. Sweeps are much faster,
but starting is not."""

MAX_SWEEPS = 4_000_000
MAX_READ_BYTES = 1 << 26


@dataclass(frozen=True)
class Round:
    """One round: its plan and, once it has run, what came of it."""

    num_reads: int
    num_sweeps: int
    first_chain: int
    seconds: float = 0.0
    best_energy: float = math.inf

    def info(self) -> dict[str, Any]:
        """Return the round as an entry of ``info["rounds"]``."""
        return asdict(self)


@dataclass(frozen=True)
class Filling:
    """How rounds fill a time limit: the first round, what grows, and between which bounds."""

    num_reads: int
    num_sweeps: int
    grows: str  # "num_sweeps", or "num_reads" where the user has fixed the sweeps
    smallest: int
    largest: int


def plan_filling(
    *,
    num_reads: int,
    num_sweeps: int | None,
    num_threads: int,
    time_limit: float,
    num_variables: int,
    num_couplings: int,
) -> Filling:
    """Plan the first round; `num_sweeps` None lets the sweeps grow, else the reads do.

    `num_reads` is raised to a multiple of what keeps all threads busy, as far as one sweep of it
    is a small part of the time.
    """
    speed = PILOT_SPEED * num_threads / max(1, num_variables + 2 * num_couplings)
    affordable = PILOT_SHARE * time_limit * speed  # sweeps of one read
    busy = num_threads * int(min(LANES, max(1.0, affordable / num_threads)))
    num_reads = busy * math.ceil(num_reads / busy)
    if num_sweeps is not None:
        largest = max(num_reads, MAX_READ_BYTES // max(1, num_variables) // busy * busy)
        return Filling(num_reads, num_sweeps, "num_reads", busy, largest)
    sweeps = int(min(PILOT_SWEEPS, max(1.0, affordable / num_reads)))
    return Filling(num_reads, sweeps, "num_sweeps", sweeps, MAX_SWEEPS)


def first_round(filling: Filling, first_chain: int) -> Round:
    """Return the round that measures the speed."""
    return Round(filling.num_reads, filling.num_sweeps, first_chain)


def next_round(filling: Filling, last: Round, time_left: float) -> Round | None:
    """Return the round after `last`, or None when not even the smallest fits.

    Its chains follow those of `last`, so that no two rounds share a stream.
    """
    amount: int = getattr(last, filling.grows)
    speed = amount / last.seconds if last.seconds > 0 else math.inf
    fitting = FIT * time_left * speed
    if math.isnan(fitting) or fitting < filling.smallest:
        return None
    grown = GROWTH * amount
    wanted = fitting if fitting < (GROWTH + 1) * grown else grown
    amount = int(min(wanted, filling.largest))
    chain = last.first_chain + last.num_reads
    if filling.grows == "num_sweeps":
        return Round(filling.num_reads, amount, chain)
    return Round(amount // filling.smallest * filling.smallest, filling.num_sweeps, chain)


class FinishedRun(Protocol):
    """The part of `_core.AnnealRun` that a pool is made from."""

    def states(self) -> NDArray[np.int8]: ...
    def energies(self) -> NDArray[np.float64]: ...
    def sweeps_done(self) -> NDArray[np.int64]: ...
    def best(self) -> tuple[NDArray[np.int8], float]: ...
    def best_states(self) -> tuple[NDArray[np.int8], NDArray[np.float64]]: ...
    def trajectory(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]: ...


@dataclass(frozen=True, eq=False)
class Pool:
    """Reads of one round or of several, as spins."""

    states: NDArray[np.int8]
    energies: NDArray[np.float64]
    sweeps_done: NDArray[np.int64]
    chains: NDArray[np.int64]
    best: Best
    best_states: NDArray[np.int8]
    best_energies: NDArray[np.float64]
    trajectory: Trajectory | None = None

    def content(self) -> dict[str, Any]:
        """Return the pool as plain values and arrays, for a checkpoint."""
        return {**vars(self), "best": tuple(self.best)}

    @classmethod
    def from_content(cls, content: dict[str, Any]) -> "Pool":
        """Undo `content`."""
        return cls(**{**content, "best": Best(*content["best"])})

    @classmethod
    def of(cls, run: FinishedRun, first_chain: int, num_best: int, trajectory: int) -> "Pool":
        """Copy what a run has found so far; `num_best` of one is the best itself."""
        states, energies, best = run.states(), run.energies(), Best(*run.best())
        lowest = int(energies.argmin())
        if energies[lowest] < best.energy:  # the start of a read that has not begun
            best = Best(states[lowest], float(energies[lowest]))
        best_states, best_energies = best.state[None], np.array([best.energy])
        if num_best > 1:
            others, their_energies = run.best_states()
            best_states, best_energies = lowest_distinct(
                np.concatenate([best_states, others]),
                np.concatenate([best_energies, their_energies]),
                num_best,
            )
        return cls(
            states=states,
            energies=energies,
            sweeps_done=run.sweeps_done(),
            chains=np.arange(first_chain, first_chain + energies.size, dtype=np.int64),
            best=best,
            best_states=best_states[:num_best],
            best_energies=best_energies[:num_best],
            trajectory=Trajectory(*run.trajectory()) if trajectory else None,
        )


def merge(pools: Iterable[Pool], num_reads: int, num_best: int) -> Pool:
    """Keep the `num_reads` lowest reads of several pools and their `num_best` distinct states.

    Reads come by ascending energy; among equals the earlier pool and read come first.
    """
    pools = list(pools)
    energies = np.concatenate([pool.energies for pool in pools])
    order = np.argsort(energies, kind="stable")[:num_reads]
    best_states, best_energies = lowest_distinct(
        np.concatenate([pool.best_states for pool in pools]),
        np.concatenate([pool.best_energies for pool in pools]),
        num_best,
    )
    return Pool(
        states=np.concatenate([pool.states for pool in pools])[order],
        energies=energies[order],
        sweeps_done=np.concatenate([pool.sweeps_done for pool in pools])[order],
        chains=np.concatenate([pool.chains for pool in pools])[order],
        best=min((pool.best for pool in pools), key=lambda best: best.energy),
        best_states=best_states,
        best_energies=best_energies,
    )


def lowest_distinct(
    states: NDArray[np.int8], energies: NDArray[np.float64], count: int
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Return the `count` lowest states, no state twice, by ascending energy."""
    first: dict[bytes, int] = {}
    for index in np.argsort(energies, kind="stable"):
        first.setdefault(states[index].tobytes(), int(index))
    chosen = list(first.values())[:count]
    return states[chosen], energies[chosen]
