"""Annealed importance sampling of restricted Boltzmann machines: log weights of chains."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from magnetite.layers import Draws, Layers, Pair
from magnetite.likelihood.watch import Watch
from magnetite.units.base import Array

__all__ = ["Annealer", "adaptive_betas", "base_draws"]

FloatArray = NDArray[np.float64]

PILOT_CHAINS = 64
PILOT_BETAS = 200

EVEN_SHARE = 0.2
"""This share of the betas is spread evenly, the rest by what the pilot saw."""


@dataclass(frozen=True, eq=False)
class Annealer:
    """Machines between a base and the one to be measured, and chains that go through them.

    The machine at beta leaves ``f_beta(v) = sum_h p_base(v, h)**(1 - beta) p(v, h)**beta``, whose
    logarithm is the negative free energy; all weights are made of that, in float64.
    """

    layers: Layers
    pair: Pair

    def log_weights(
        self,
        v: Array,
        betas: FloatArray,
        seed: int,
        watch: Watch,
        held: NDArray[np.bool_] | None = None,
        first_chain: int = 0,
    ) -> FloatArray:
        """Take chains from the first beta to the last, either way, and return their log weights.

        ``sum_k ln f_{k+1}(v_k) - ln f_k(v_k)``: Neal, "Annealed importance sampling", Statistics
        and Computing 11 (2001) 125, equation 5, with the hidden units summed out. v_0 is `v`,
        which has to be drawn at the first beta; v_k is drawn by a step of block Gibbs sampling
        at beta_k, which leaves f_k as it is. Entries that are `held` keep their value. Row r takes
        the random numbers of the chain `first_chain` + r.
        """
        logs = np.zeros(len(v))
        v = v.copy()
        for k in range(len(betas) - 1):
            logs += self.step(v, betas[k], betas[k + 1], Draws(seed, first_chain, k + 1), held)
            watch.look((k + 1) / (len(betas) - 1))
        return logs

    def step(
        self,
        v: Array,
        start: float,
        end: float,
        draws: Draws,
        held: NDArray[np.bool_] | None = None,
    ) -> FloatArray:
        """Return ``ln f_end(v) - ln f_start(v)``; then draw h given v and v given h, in place."""
        low, high = np.full(len(v), start), np.full(len(v), end)
        own = (end - start) * self.visible_energies(v)
        return self.layers.anneal(v, self.pair, low, high, draws, held) - own

    def visible_energies(self, v: Array) -> FloatArray:
        """Return what beta scales of the visible units' own energy."""
        side, states = self.pair.visible, np.asarray(v, np.float64)
        # By einsum, not by BLAS, whose last bits may hang on its threads: schedules hang on these.
        energies: FloatArray = -np.einsum("ri,i->r", states, side.bias.astype(np.float64))
        if side.precision.any():
            halves = (side.precision / 2).astype(np.float64)
            energies += np.einsum("ri,i->r", states * states, halves)
        return energies


def base_draws(annealer: Annealer, count: int, seed: int, first_chain: int = 0) -> Array:
    """Return independent visible states at beta = 0, shape (count, n_visible)."""
    pair, draws = annealer.pair, Draws(seed, first_chain, 0)
    nothing = np.zeros((count, len(pair.hidden.bias)), pair.weights.dtype)
    drawn: Array = annealer.layers.visible(nothing, pair, np.zeros(count), draws)[1]
    return drawn


def adaptive_betas(annealer: Annealer, count: int, seed: int, watch: Watch) -> FloatArray:
    """Return `count` betas from 0 to 1, dense where the weights spread fastest.

    Steps are inversely proportional to the standard deviation of ``d ln f / d beta``, which a
    small run tells, so that every step adds the same variance; a fifth of them is spread evenly.
    """
    grid = np.linspace(0.0, 1.0, PILOT_BETAS + 1)
    v = base_draws(annealer, PILOT_CHAINS, seed)
    spread = np.empty(PILOT_BETAS)
    for k in range(PILOT_BETAS):
        ratio = annealer.step(v, grid[k], grid[k + 1], Draws(seed, 0, k + 1))
        spread[k] = ratio.std() * PILOT_BETAS
        watch.look((k + 1) / PILOT_BETAS)
    lengths = np.concatenate([[0.0], np.cumsum(spread)])
    if lengths[-1] == 0:
        return np.linspace(0.0, 1.0, count)
    places = (1 - EVEN_SHARE) * lengths / lengths[-1] + EVEN_SHARE * grid
    betas = np.interp(np.linspace(0.0, 1.0, count), places, grid)
    betas[0], betas[-1] = 0.0, 1.0
    return betas
