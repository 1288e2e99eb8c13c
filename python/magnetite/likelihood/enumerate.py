"""Exact sums over the states of the smaller layer, the other layer summed in closed form."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from magnetite.layers import Draws
from magnetite.likelihood.watch import Watch
from magnetite.memory import check_memory
from magnetite.units.base import Array
from magnetite.units.layer import Layer
from magnetite.weights import log_sum

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["Enumeration", "can_enumerate", "exact_draws", "exact_log_z"]

FloatArray = NDArray[np.float64]

MOST_BITS = 25
"""A layer of up to 2**25 states is summed: about a minute on two cores for 784 units opposite."""

BLOCK = 4096

BYTES_A_STATE = 24
"""Memory of exact draws at its peak: logarithms, probabilities and their sums."""


def can_enumerate(rbm: "RBM") -> bool:
    """Tell whether the smaller layer has few enough states to be summed over."""
    return min(rbm.visible.log_states, rbm.hidden.log_states) <= MOST_BITS * math.log(2) + 1e-9


@dataclass(frozen=True, eq=False)
class Enumeration:
    """The states of the smaller layer of a machine, in float64."""

    rbm: "RBM"
    over_hidden: bool
    num_threads: int | None

    @classmethod
    def of(cls, rbm: "RBM", num_threads: int | None) -> "Enumeration":
        """Choose the layer."""
        over_hidden = rbm.hidden.log_states <= rbm.visible.log_states
        return cls(rbm.astype("float64"), over_hidden, num_threads)

    @property
    def layer(self) -> Layer:
        """The layer whose states are counted."""
        return self.rbm.hidden if self.over_hidden else self.rbm.visible

    @property
    def num_states(self) -> int:
        """Number of its states."""
        return round(self.layer.num_states)

    def blocks(self, watch: Watch) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Yield states, and the logarithm of the sum of ``exp(-E)`` over the other layer."""
        pair, layers = self.rbm.pair, self.rbm.layers(self.num_threads)
        sums = layers.visible_log_norms if self.over_hidden else layers.hidden_log_norms
        side = pair.hidden if self.over_hidden else pair.visible
        for start in range(0, self.num_states, BLOCK):
            stop = min(start + BLOCK, self.num_states)
            states = np.ascontiguousarray(self.layer.states(start, stop))
            ones = np.ones(stop - start)
            yield states, sums(states, pair, ones) - side.energies(states, ones)
            watch.look(stop / self.num_states)


def exact_log_z(enumeration: Enumeration, watch: Watch) -> float:
    """Return log Z."""
    return float(log_sum(np.array([log_sum(logs) for _, logs in enumeration.blocks(watch)])))


def exact_draws(
    enumeration: Enumeration, count: int, seed: np.random.SeedSequence, watch: Watch
) -> Array:
    """Return independent draws of the visible layer, shape (count, n_visible), float64."""
    check_memory({"the probabilities of all states": BYTES_A_STATE * enumeration.num_states})
    logs = np.concatenate([logs for _, logs in enumeration.blocks(watch)])
    cumulative = np.cumsum(np.exp(logs - logs.max()))
    first, second = (int(word) for word in seed.generate_state(2, np.uint64))
    uniforms = np.random.default_rng(first).random(count) * cumulative[-1]
    chosen = np.minimum(np.searchsorted(cumulative, uniforms, side="right"), len(logs) - 1)
    states = np.concatenate([enumeration.layer.states(int(i), int(i) + 1) for i in chosen])
    if not enumeration.over_hidden:
        return states
    rbm = enumeration.rbm
    draws = Draws(second, 0, 0)
    layers = rbm.layers(enumeration.num_threads)
    drawn: Array = layers.visible(states, rbm.pair, np.ones(count), draws)[1]
    return drawn
