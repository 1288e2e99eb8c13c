"""Replica exchange between machines: chains of the machines that training went through."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from magnetite import _core
from magnetite.layers import Draws, Layers, Pair
from magnetite.units.base import Array

__all__ = ["TrajectoryChains"]


class TrajectoryChains:
    """Chains of several machines, neighbours among which exchange their visible states.

    Machine k keeps ``p_k(v) ~ exp(-F_k(v))``: states v of machine 1 and w of its neighbour 2 are
    exchanged with the chance ``min(1, exp(F_1(v) + F_2(w) - F_1(w) - F_2(v)))``, by free energies
    of both machines at both states (Bereux, Decelle, Furtlehner, Rosset and Seoane, arXiv
    2405.15376, with the hidden layers summed out). The first machine should forget at once.

    Parameters
    ----------
    layers, pairs
        The work, and the parameters of each machine; the last may be those of one that learns.
    v : ndarray, shape (num_machines, num_chains, n_visible)
        Where the chains start; advanced in place.
    seed : int
        Key of the streams.
    """

    def __init__(self, layers: Layers, pairs: Sequence[Pair], v: Array, seed: int) -> None:
        self.layers, self.pairs, self.v = layers, list(pairs), v
        self.seed, self.step = seed, 0
        num_machines, num_chains, _ = v.shape
        self.tried = np.zeros(num_machines - 1, np.int64)
        self.accepted = np.zeros(num_machines - 1, np.int64)
        # Which walker stands at machine k of column c, and which end it saw last: -1 the first
        # machine, 1 the last, 0 neither.
        self.walkers = np.tile(np.arange(num_machines)[:, None], (1, num_chains))
        self.last_end = np.zeros((num_machines, num_chains), np.int8)
        self.round_trips = 0

    @property
    def num_machines(self) -> int:
        """Rungs of the ladder."""
        return len(self.pairs)

    @property
    def acceptance(self) -> NDArray[np.float64]:
        """Share of exchanges accepted, between each two neighbours."""
        result: NDArray[np.float64] = self.accepted / np.maximum(self.tried, 1)
        return result

    def advance(self, num_rounds: int, steps_per_round: int = 1) -> None:
        """Make rounds of Gibbs steps and an exchange of neighbours each."""
        for _ in range(num_rounds):
            for extra in range(steps_per_round):
                # Steps of a round share no number with those of the next.
                self._gibbs(2 * self.step + (extra << 40))
            self._exchange()
            self.step += 1

    def _gibbs(self, step: int) -> None:
        num_chains = self.v.shape[1]
        ones = np.ones(num_chains)
        for k, pair in enumerate(self.pairs):
            draws = Draws(self.seed, k * num_chains, step)
            _, h = self.layers.hidden(self.v[k], pair, ones, draws)
            _, self.v[k] = self.layers.visible(h, pair, ones, draws)

    def _exchange(self) -> None:
        num_chains = self.v.shape[1]
        uniforms = _core.layer_uniforms(
            self.seed, "visible", 0, num_chains, 2 * self.step + 1, self.num_machines
        )
        for k in range(self.step % 2, self.num_machines - 1, 2):
            gain = exchange_gain(self.layers, self.pairs[k], self.pairs[k + 1], *self.v[k : k + 2])
            swap = np.log(uniforms[:, k]) < gain
            for array in (self.v, self.walkers):
                array[k, swap], array[k + 1, swap] = array[k + 1, swap], array[k, swap]
            self.tried[k] += num_chains
            self.accepted[k] += int(swap.sum())
        self._count_trips()

    def _count_trips(self) -> None:
        if self.num_machines == 1:
            return
        columns = np.arange(self.walkers.shape[1])
        first, last = self.walkers[0], self.walkers[-1]
        self.round_trips += int((self.last_end[first, columns] == 1).sum())
        self.last_end[first, columns] = -1
        seen = self.last_end[last, columns] != 0
        self.last_end[last[seen], columns[seen]] = 1

    def add(self, pair: Pair, v: Array) -> None:
        """Put a machine, with its chains (num_chains, n_visible), below the last one."""
        at, new = self.num_machines - 1, self.num_machines
        self.pairs.insert(at, pair)
        self.v = np.concatenate([self.v[:at], v[None], self.v[at:]])
        # What was counted between those two that are neighbours no more is forgotten.
        self.tried = np.concatenate([self.tried[: at - 1], np.zeros(2, np.int64)])
        self.accepted = np.concatenate([self.accepted[: at - 1], np.zeros(2, np.int64)])
        column = np.full((1, self.walkers.shape[1]), new)
        self.walkers = np.concatenate([self.walkers[:at], column, self.walkers[at:]])
        self.last_end = np.concatenate([self.last_end, np.zeros_like(self.last_end[:1])])

    def remove(self, k: int) -> None:
        """Take machine k out, neither the first nor the last, with the walkers that stand there."""
        gone = self.walkers[k].copy()
        self.pairs.pop(k)
        self.v = np.delete(self.v, k, axis=0)
        self.walkers = np.delete(self.walkers, k, axis=0)
        # Walkers are numbered without gaps.
        columns = np.arange(gone.size)
        last = len(self.pairs)
        self.last_end[gone, columns] = self.last_end[last, columns]
        self.walkers = np.where(self.walkers == last, gone, self.walkers)
        self.last_end = self.last_end[:last]
        for name in ("tried", "accepted"):
            counts = np.delete(getattr(self, name), k)
            counts[k - 1] = 0  # of two that were no neighbours before
            setattr(self, name, counts)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds, but for the machines."""
        names = ("v", "tried", "accepted", "walkers", "last_end", "round_trips", "step", "seed")
        return {name: getattr(self, name) for name in names}

    def restore(self, state: dict[str, Any]) -> None:
        """Undo `state`."""
        for name, value in state.items():
            setattr(self, name, value)


def exchange_gain(
    layers: Layers, first: Pair, second: Pair, v_first: Array, v_second: Array
) -> NDArray[np.float64]:
    """Return the logarithm of how much more probable the pairs of states are when exchanged."""
    num_rows = len(v_first)
    both = np.concatenate([v_first, v_second])
    gain = log_weights(layers, first, both) - log_weights(layers, second, both)
    result: NDArray[np.float64] = gain[num_rows:] - gain[:num_rows]
    return result


def log_weights(layers: Layers, pair: Pair, v: Array) -> NDArray[np.float64]:
    """Return ``-F(v)``."""
    ones = np.ones(len(v))
    return layers.hidden_log_norms(v, pair, ones) - pair.visible.energies(v, ones)
