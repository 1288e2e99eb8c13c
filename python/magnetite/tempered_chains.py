"""Replica exchange between block Gibbs chains of two layers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite import _core
from magnetite.layers import Draws, Layers, Pair
from magnetite.units.base import Array

__all__ = ["TemperedChains"]


class TemperedChains:
    """Ladders of block Gibbs chains, whose neighbours exchange their betas.

    What is exchanged is decided by the joint energy of visible and hidden states, so that every
    rung keeps ``p(v, h) ~ exp(-beta E(v, h))`` (with a base: times ``exp(-E_base)``) exactly.

    Parameters
    ----------
    layers, pair
        The work and the parameters; `pair` may be replaced as training changes it.
    betas : ndarray, shape (num_rungs,)
        The ladder, ascending or descending.
    v, h : ndarrays, shapes (num_ladders * num_rungs, n)
        Where the chains start, ladder by ladder; they are advanced in place.
    seed : int
        Key of the streams.
    """

    def __init__(
        self, layers: Layers, pair: Pair, betas: NDArray[np.float64], v: Array, h: Array, seed: int
    ) -> None:
        self.layers, self.pair, self.v, self.h = layers, pair, v, h
        self.betas = np.asarray(betas, np.float64)
        self.seed, self.step = seed, 0
        self.num_ladders = len(v) // len(self.betas)
        # rungs[l, c] is the place on the ladder of chain c of ladder l.
        self.rungs = np.tile(np.arange(len(self.betas)), (self.num_ladders, 1))
        self.tried = np.zeros(len(self.betas) - 1, np.int64)
        self.accepted = np.zeros(len(self.betas) - 1, np.int64)
        # Which end a chain saw last (-1: the first rung, 1: the last), and how often it came back.
        self.last_end = np.zeros(self.rungs.shape, np.int8)
        self.ladder_trips = np.zeros(self.num_ladders, np.int64)
        # Scaled energies at each rung after the last exchange.
        self.rung_energies = np.full(self.rungs.shape, np.nan)

    def advance(self, num_rounds: int, steps_per_round: int = 1) -> None:
        """Make rounds of Gibbs steps and an exchange of neighbours each."""
        for _ in range(num_rounds):
            draws = Draws(self.seed, 0, 2 * self.step)
            betas = self.betas[self.rungs].ravel()
            for extra in range(steps_per_round):
                # Steps of a round share no number with those of the next.
                key = draws._replace(step=draws.step + (extra << 40))
                self.layers.gibbs(self.v, self.h, self.pair, betas, key, 1)
            self._exchange()
            self.step += 1

    def _exchange(self) -> None:
        energies = self.scaled_energies()
        uniforms = _core.layer_uniforms(
            self.seed, "visible", 0, self.num_ladders, 2 * self.step + 1, len(self.betas)
        )
        place = np.argsort(self.rungs, axis=1)  # the chain at each rung
        lower = np.arange(self.step % 2, len(self.betas) - 1, 2)
        ladders = np.arange(self.num_ladders)[:, None]
        first, second = place[:, lower], place[:, lower + 1]
        gap = self.betas[lower + 1] - self.betas[lower]
        log_ratio = gap * (energies[ladders, second] - energies[ladders, first])
        swap = np.log(uniforms[:, lower]) < log_ratio
        self.rungs[ladders, first] += swap
        self.rungs[ladders, second] -= swap
        self.tried[lower] += self.num_ladders
        self.accepted[lower] += swap.sum(axis=0)
        self.rung_energies = np.take_along_axis(energies, np.argsort(self.rungs, axis=1), axis=1)
        self._count_trips()

    def _count_trips(self) -> None:
        top = self.rungs == len(self.betas) - 1
        bottom = self.rungs == 0
        self.ladder_trips += (bottom & (self.last_end == 1)).sum(axis=1)
        self.last_end[top & (self.last_end != 0)] = 1
        self.last_end[bottom] = -1

    def scaled_energies(self) -> NDArray[np.float64]:
        """Return what beta scales of the joint energies, shape (num_ladders, num_rungs)."""
        ones = np.ones(len(self.v))
        plain = [
            side._replace(
                base_bias=np.zeros_like(side.bias), base_precision=np.zeros_like(side.bias)
            )
            for side in self.pair.sides
        ]
        own = plain[0].energies(self.v, ones) + plain[1].energies(self.h, ones)
        energies = own - self.layers.interactions(self.v, self.h, self.pair)
        result: NDArray[np.float64] = energies.reshape(self.rungs.shape)
        return result

    def at(self, rung: int) -> tuple[Array, Array]:
        """Return the states at a rung, a row a ladder."""
        rows = np.argsort(self.rungs, axis=1)[:, rung] + np.arange(self.num_ladders) * len(
            self.betas
        )
        return self.v[rows], self.h[rows]

    @property
    def round_trips(self) -> int:
        """Round trips of all chains of all ladders."""
        return int(self.ladder_trips.sum())

    @property
    def acceptance(self) -> NDArray[np.float64]:
        """Share of exchanges accepted, between each two neighbours."""
        result: NDArray[np.float64] = self.accepted / np.maximum(self.tried, 1)
        return result

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        names = ("v", "h", "rungs", "tried", "accepted", "last_end", "ladder_trips", "step", "seed")
        return {name: getattr(self, name) for name in names}

    def restore(self, state: dict[str, Any]) -> None:
        """Undo `state`."""
        for name, value in state.items():
            setattr(self, name, value)
