"""States and means of all layers of a stack, on the way up and on the way down."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from magnetite.models.rbm import RBM
from magnetite.options import SeedLike, check_seed
from magnetite.training.data import Takes
from magnetite.units.base import Array

__all__ = ["checked_rows", "draw_down", "draws_up", "means_up", "spawned"]


def checked_rows(machine: Takes, name: str, value: ArrayLike, *, missing: bool = False) -> Array:
    """Return visible states of a machine, at least one row of them."""
    rows = machine.visible_states(value, name=name, missing=missing)
    if not len(rows):
        raise ValueError(f"{name} must have at least one row, got none")
    return rows


def spawned(seed: SeedLike, count: int) -> list[np.random.SeedSequence]:
    """Return independent seeds, made of one."""
    return np.random.SeedSequence(check_seed(seed).key).spawn(count)


def means_up(machines: Sequence[RBM], v: Array) -> Array:
    """Return the means of the last hidden layer, each layer given the means of the one below."""
    for machine in machines:
        v = machine.hidden_means(v)
    return v


def draws_up(machines: Sequence[RBM], v: Array, seed: SeedLike) -> Iterator[Array]:
    """Yield a draw of every hidden layer given that of the layer below."""
    for machine, its in zip(machines, spawned(seed, len(machines)), strict=True):
        v = machine.sample_hidden(v, seed=its)
        yield v


def draw_down(machines: Sequence[RBM], h: Array, seed: SeedLike, *, means: bool) -> Array:
    """Return visible states (or their means) given hidden states on top of the machines."""
    seeds = spawned(seed, len(machines))
    for number in reversed(range(len(machines))):
        machine = machines[number]
        if means and number == 0:
            return machine.visible_means(h)
        h = machine.sample_visible(h, seed=seeds[number])
    return h
