"""Draws of a machine's own distribution, where reverse annealing starts, and whether they are."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from magnetite.diagnostics.equilibration import Verdict, equilibration
from magnetite.ladders import barrier, enough_rungs, equalised
from magnetite.layers import Draws
from magnetite.likelihood.annealed import Annealer, base_draws
from magnetite.likelihood.enumerate import Enumeration, exact_draws
from magnetite.likelihood.watch import Watch
from magnetite.tempered_chains import TemperedChains
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["Population", "exact_population", "tempered_population"]

FloatArray = NDArray[np.float64]

NUM_LADDERS = 8
FIRST_ROUNDS = 1024
"""A run begins with so many rounds, and is doubled until it passes its test of equilibrium."""

LEAST_ESS = 25.0
"""Every ladder must be worth so many independent draws, and as many as are taken from it. That is
less than `equilibration` asks where means are to be measured: here draws are to be typical."""

FIRST_RUNGS = 24
TUNING_ROUNDS = (64, 128, 256, 512)
"""After each of these short runs the rungs are placed anew, at equal rates of rejection."""


@dataclass(frozen=True, eq=False)
class Population:
    """Visible states at beta = 1.

    Attributes
    ----------
    v : ndarray, shape (k, n_visible)
        The states.
    families : ndarray of int, shape (k,)
        States of one family may depend on each other; those of different ones do not.
    verdict : Verdict
        Whether they are draws of the machine's distribution.
    facts : dict
        Of the run: "method", and for "tempered" "rounds", "betas", "acceptance", "round_trips".
    """

    v: Array
    families: NDArray[np.int64]
    verdict: Verdict
    facts: dict[str, object]


def exact_population(
    rbm: "RBM", count: int, seed: np.random.SeedSequence, num_threads: int | None, watch: Watch
) -> Population:
    """Return independent draws by enumeration of the smaller layer."""
    v = exact_draws(Enumeration.of(rbm, num_threads), count, seed, watch).astype(rbm.dtype)
    return Population(v, np.arange(count), Verdict(True, ()), {"method": "exact"})


def tempered_population(
    annealer: Annealer, count: int, seed: np.random.SeedSequence, max_rounds: int, watch: Watch
) -> Population:
    """Return draws by replica exchange from the base to the machine, with a verdict on them.

    Ladders are independent of each other. Once the rungs are placed, a run is doubled until all
    tests of `equilibration` are passed, or `max_rounds` are made; draws come from its last half.
    """
    chains = _tuned(annealer, seed, max_rounds, watch)
    draws_each = -(-count // NUM_LADDERS)
    energies = np.empty((NUM_LADDERS, len(chains.betas), 0))
    goal = min(max(FIRST_ROUNDS, 2 * draws_each), max_rounds)
    while True:
        more, kept = _advance(chains, goal, draws_each, max_rounds, watch)
        energies = np.concatenate([energies, more], axis=2)
        verdict = equilibration(
            energies,
            chains.betas,
            round_trips=chains.ladder_trips,
            min_ess=max(LEAST_ESS, draws_each),
        ).verdict
        if verdict or goal >= max_rounds:
            break
        goal = min(2 * goal, max_rounds)
    facts = {
        "method": "tempered",
        "rounds": chains.step,
        "betas": chains.betas,
        "acceptance": chains.acceptance,
        "round_trips": chains.ladder_trips.copy(),
    }
    states = np.concatenate(kept)[:count]
    families = np.tile(np.arange(NUM_LADDERS), len(kept))[:count]
    return Population(states, families, verdict, facts)


def _tuned(
    annealer: Annealer, seed: np.random.SeedSequence, max_rounds: int, watch: Watch
) -> TemperedChains:
    """Return chains on a ladder whose neighbours exchange about every second time."""
    keys = [int(word) for word in seed.generate_state(len(TUNING_ROUNDS) + 2, np.uint64)]
    betas = np.linspace(0.0, 1.0, FIRST_RUNGS)
    v = base_draws(annealer, NUM_LADDERS * FIRST_RUNGS, keys[0])
    chains = _chains(annealer, betas, v, keys[1])
    for rounds, key in zip(TUNING_ROUNDS, keys[2:], strict=True):
        chains.advance(min(rounds, max_rounds))
        watch.look(0.0)
        rejections = 1 - chains.acceptance
        num_rungs = enough_rungs(float(barrier(rejections)[-1]))
        betas = equalised(chains.betas, rejections, num_rungs)
        # Each new rung goes on from the state at the old rung next to it.
        near = np.abs(betas[:, None] - chains.betas).argmin(axis=1)
        v = np.stack([chains.at(int(rung))[0] for rung in near], axis=1)
        chains = _chains(annealer, betas, v.reshape(-1, v.shape[-1]), key)
    return chains


def _chains(annealer: Annealer, betas: FloatArray, v: Array, seed: int) -> TemperedChains:
    """Return ladders that start from visible states, a row a chain, ladder by ladder."""
    rows = np.tile(betas, NUM_LADDERS)
    h = annealer.layers.hidden(v, annealer.pair, rows, Draws(seed, 0, 2**62))[1]
    return TemperedChains(annealer.layers, annealer.pair, betas, v.copy(), h, seed)


def _advance(
    chains: TemperedChains, goal: int, draws_each: int, max_rounds: int, watch: Watch
) -> tuple[FloatArray, list[Array]]:
    """Go on to round `goal`; return energies, and visible states of the last half at beta = 1."""
    energies, kept = [], []
    begin = max(goal // 2, chains.step)
    keep = set(np.linspace(begin, goal, draws_each + 1)[1:].round().astype(int).tolist())
    while chains.step < goal:
        chains.advance(1)
        energies.append(chains.rung_energies)
        if chains.step in keep:
            kept.append(chains.at(-1)[0])
        watch.look(chains.step / max_rounds)
    return np.stack(energies, axis=2), kept
